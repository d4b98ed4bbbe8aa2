import { sql } from 'kysely';
import { firstDay, monthOf } from '../../kit/day.ts';
import type { CountedBook } from './book.ts';
import { maskSql, tallySql } from './compile.ts';
import {
  type Counting,
  emptyLedger,
  type Masked,
  type Sheet,
  type Span,
  type Stored,
  sheetsOf,
  type Tally,
  toBits,
  upsert,
  withCounty,
  writeCells,
} from './server-counting.ts';
import type { StockMonth } from './server-stock.ts';
import { type Source, sources } from './sources.ts';

/** Above this many touched clients it is quicker to count everything again. */
const tooManyToFollow = 50_000;
const chunk = 20_000;

interface Month {
  place_code: string;
  month: string;
}

/** Recounts the cells that the journal's numbers in (`memory.seq`, `head`] and changed months of stock touch; false when counting everything is quicker. */
export async function countTouched(
  db: Counting,
  county: string,
  book: CountedBook,
  memory: Span & { seq: number },
  head: number,
  stock: readonly StockMonth[],
): Promise<boolean> {
  // Few rows of many: every step goes by an index.
  for (const way of ['seqscan', 'hashjoin', 'mergejoin']) await sql.raw(`set local enable_${way} = off`).execute(db);
  const all = await Promise.all(sheetsOf(book).map(async (sheet) => ({ sheet, touched: await touchedBy(db, county, sheet, memory.seq, head, stock) })));
  memory.oldest_month = Math.min(
    memory.oldest_month,
    ...all.filter(({ sheet }) => sheet.source !== 'evaluation.stock_month').flatMap(({ touched }) => touched.months.map(({ month }) => monthOf(month))),
  );
  const first = Math.min(...all.flatMap(({ touched }) => touched.months.map(({ month }) => monthOf(month))));
  const ledger = await emptyLedger(db, county, book, memory, first);
  for (const { sheet, touched } of all) {
    if (touched.clients.length > tooManyToFollow || touched.months.length > tooManyToFollow) return false;
    if (sheet.rows.length > 0) await recountMonths(db, county, sheet, touched.months, (row, delta) => ledger.addTally(sheet, row, delta));
    if (sheet.people.length > 0)
      await recountPeople(db, county, sheet, touched.clients, memory.first_month, (byPlace, delta) => ledger.addPerson(sheet, byPlace, delta));
  }
  await writeCells(db, county, ledger, 'add');
  return true;
}

/** What changed between two journal numbers: whose rows, and which months of which places; rows as they stood before a change too. */
async function touchedBy(
  db: Counting,
  county: string,
  { source, by }: Sheet,
  after: number,
  head: number,
  stock: readonly StockMonth[],
): Promise<{ months: Month[]; clients: string[] }> {
  if (source === 'evaluation.stock_month') return { months: monthsOf(stock, by), clients: [] };
  const { on, person } = sources[source] as Source;
  const hasBefore = source === 'care.visit';
  const since = sql`seq > ${after} and seq <= ${head}`;
  const beforeBy = sql.raw(by === 'facility_id' ? `"row" ->> 'facility_id'` : 'place_code');
  const months = await sql<Month>`
    select distinct ${sql.raw(by)}::text as place_code, to_char(${sql.raw(on)}, 'YYYY-MM-01') as month from ${sql.raw(source)} where county_code = ${county} and ${since} and ${sql.raw(by)} is not null
    ${hasBefore ? sql`union select ${beforeBy}, to_char(visited_on, 'YYYY-MM-01') from care.visit_before where county_code = ${county} and ${since}` : sql``}`.execute(
    db,
  );
  if (!person) return { months: months.rows, clients: [] };
  const clients = await sql<{ id: string }>`
    select client_id as id from ${sql.raw(source)} where county_code = ${county} and ${since}
    union select recorded_client_id from ${sql.raw(source)} where county_code = ${county} and ${since}
    ${hasBefore ? sql`union select client_id from care.visit_before where county_code = ${county} and ${since}` : sql``}
    union select (input ->> pair.field)::uuid from journal.entry, (values ('kept_id'), ('other_id')) as pair(field)
      where county_code = ${county} and ${since} and command in ('registry.merge', 'registry.unmerge')`.execute(db);
  return { months: months.rows, clients: clients.rows.map((row) => row.id) };
}

function monthsOf(stock: readonly StockMonth[], by: Sheet['by']): Month[] {
  const found = stock.map((row) => ({ place_code: row[by], month: row.month_on }));
  return [...new Map(found.map((one) => [`${one.place_code} ${one.month}`, one])).values()];
}

async function recountMonths(
  db: Counting,
  county: string,
  { key, source, by, rows }: Sheet,
  months: readonly Month[],
  changed: (row: Tally, delta: number) => void,
) {
  if (months.length === 0) return;
  const { on } = sources[source] as Source;
  const wanted = JSON.stringify(
    months.map(({ place_code, month }) => ({ place_code, month: monthOf(month), from: month, until: firstDay(monthOf(month) + 1) })),
  );
  const before = await sql<Tally>`select t.place_code, t.month, t.counts from evaluation.tally t
    join json_to_recordset(${wanted}::json) as w(place_code text, month int) on t.place_code = w.place_code and t.month = w.month
    where t.county_code = ${county} and t.source = ${key}`.execute(db);
  const asKey = sql.raw(by === 'facility_id' ? 'w.place_code::uuid' : 'w.place_code');
  const those = sql`(select s.* from json_to_recordset(${wanted}::json) as w("place_code" text, "from" date, "until" date)
    join ${sql.raw(source)} s on s.county_code = ${county} and s.${sql.raw(by)} = ${asKey} and s.${sql.raw(on)} >= w.from and s.${sql.raw(on)} < w.until) r`;
  const after = await sql<Tally>`${withCounty(tallySql(source, rows, by, '$rows'), county, undefined, those)}`.execute(db);
  for (const row of before.rows) changed(row, -1);
  for (const row of after.rows) changed(row, 1);
  const now = new Map(after.rows.map((row) => [`${row.place_code} ${row.month}`, row]));
  const zero = rows.map(() => 0);
  const kept = months.map(({ place_code, month }) => now.get(`${place_code} ${monthOf(month)}`) ?? { place_code, month: monthOf(month), counts: zero });
  await upsert(
    db,
    'evaluation.tally',
    kept.map((row) => ({ county_code: county, source: key, ...row })),
    '(county_code, source, place_code, month) do update set counts = excluded.counts',
  );
}

async function recountPeople(
  db: Counting,
  county: string,
  { key, source, by, people }: Sheet,
  clients: string[],
  first: number,
  changed: (byPlace: Masked[], delta: number) => void,
): Promise<void> {
  for (let at = 0; at < clients.length; at += chunk) {
    const some = clients.slice(at, at + chunk);
    const hers = sql`source = ${key} and client_id = any(${some}::uuid[])`;
    const before =
      await sql<Stored>`select client_id, place_code, masks::text[] as masks from evaluation.person_mask where county_code = ${county} and ${hers}`.execute(db);
    const mine = sql`client_id = any(${some}::uuid[])`;
    const after =
      await sql<Stored>`select client_id, place_code, masks::text[] as masks from (${withCounty(maskSql(source, people, by, '$where'), county, first, mine)}) t`.execute(
        db,
      );
    for (const byPlace of Map.groupBy(before.rows, (row) => row.client_id).values()) changed(byPlace.map(toBits), -1);
    for (const byPlace of Map.groupBy(after.rows, (row) => row.client_id).values()) changed(byPlace.map(toBits), 1);
    await sql`delete from evaluation.person_mask where county_code = ${county} and ${hers}`.execute(db);
    const kept = after.rows.map(({ client_id, place_code, masks }) => ({ county_code: county, source: key, client_id, place_code, masks }));
    await upsert(db, 'evaluation.person_mask', kept, '(county_code, source, client_id, place_code) do nothing');
  }
}
