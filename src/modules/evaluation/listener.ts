import { sql, type Transaction } from 'kysely';
import { monthOf, today } from '../../kit/day.ts';
import { type Database, enter, txOf } from '../../platform/database.ts';
import { digest } from '../../platform/seal.ts';
import type { Tables } from '../../platform/tables.generated.ts';
import { bookText, type CountedBook, type Measure } from './book.ts';
import { Cells, keptPeriods, placesAbove } from './cells.ts';
import { maskSql, tallySql } from './compile.ts';
import { sources } from './sources.ts';

/** Months a mask can hold: the bits of a bigint without its sign. */
const maskMonths = 63;
/** Above this many touched clients it is quicker to count everything again. */
const tooManyToFollow = 50_000;
const chunk = 20_000;

type Counting = Transaction<Tables>;

interface Sheet {
  source: string;
  rows: Measure[];
  people: Measure[];
}

interface Memory {
  seq: number;
  book_digest: string;
  first_month: number;
  oldest_month: number;
  as_of_month: number;
}

/**
 * Brings the figures of a county up to the journal's last number: only the cells that what happened since has touched, or everything
 * when the book, the month or too much has changed. Gives what it did. `now` decides which months have come.
 */
export async function refresh(database: Database, county: string, book: CountedBook, now = new Date()): Promise<'nothing' | 'touched' | 'everything'> {
  return database.count.transaction().execute(async (db) => {
    await enter(db, { county_code: county, place_code: county });
    await sql`set local work_mem = '256MB'`.execute(db);
    const head = (await db.selectFrom('journal.pen').select('seq').where('county_code', '=', county).executeTakeFirst())?.seq ?? 0;
    const memory = await db.selectFrom('evaluation.memory').selectAll().where('county_code', '=', county).forUpdate().executeTakeFirst();
    const month = monthOf(today('Asia/Shanghai', now));
    const book_digest = digest(bookText(book));
    const isKnown = memory?.book_digest === book_digest && memory.as_of_month === month;
    if (isKnown && memory.seq === head) return 'nothing';
    const next: Memory = { seq: head, book_digest, first_month: memory?.first_month ?? 0, oldest_month: memory?.oldest_month ?? 0, as_of_month: month };
    const done = isKnown && (await countTouched(db, county, book, memory, head)) ? 'touched' : 'everything';
    if (done === 'everything') Object.assign(next, await countEverything(db, county, book, month));
    else if (isKnown) next.oldest_month = memory.oldest_month;
    if (done === 'everything' || (await officialsChanged(db, county, memory?.seq ?? 0, head))) await countOfficials(db, county, book);
    await txOf(db).insertRows(
      'evaluation.memory',
      [{ county_code: county, ...next, counted_at: now.toISOString() }],
      'on conflict (county_code) do update set seq = excluded.seq, book_digest = excluded.book_digest, first_month = excluded.first_month, oldest_month = excluded.oldest_month, as_of_month = excluded.as_of_month, counted_at = excluded.counted_at',
    );
    return done;
  });
}

/** The measures of each table, those that count rows and those that count people apart. */
function sheetsOf(book: CountedBook): Sheet[] {
  return [...new Set(book.measures.map((measure) => measure.source))].map((source) => ({
    source,
    rows: book.measures.filter((measure) => measure.source === source && measure.counts !== 'people'),
    people: book.measures.filter((measure) => measure.source === source && measure.counts === 'people'),
  }));
}

async function countEverything(db: Counting, county: string, book: CountedBook, month: number): Promise<Pick<Memory, 'first_month' | 'oldest_month'>> {
  for (const table of ['person_mask', 'tally', 'cell']) await sql`delete from ${sql.raw(`evaluation.${table}`)} where county_code = ${county}`.execute(db);
  const first = month - maskMonths + 4;
  const sheets = sheetsOf(book);
  for (const { source, rows, people } of sheets) {
    if (rows.length > 0)
      await sql`insert into evaluation.tally (county_code, source, place_code, month, counts) select ${county}, ${source}, t.* from (${withCounty(tallySql(source, rows), county)}) t`.execute(
        db,
      );
    if (people.length > 0)
      await sql`insert into evaluation.person_mask (county_code, source, client_id, place_code, masks) select ${county}, ${source}, t.* from (${withCounty(maskSql(source, people), county, first)}) t`.execute(
        db,
      );
  }
  const oldest = await oldestMonth(db, county, month);
  const { above, cells } = await emptyCells(db, county, book, { first_month: first, oldest_month: oldest, as_of_month: month });
  for (const sheet of sheets) {
    const tallies = await db
      .selectFrom('evaluation.tally')
      .select(['place_code', 'month', 'counts'])
      .where('county_code', '=', county)
      .where('source', '=', sheet.source)
      .execute();
    for (const row of tallies) addTally(cells, book, sheet, above, row, 1);
    await eachPerson(db, county, sheet.source, (byPlace) => addPerson(cells, book, sheet, above, byPlace, first, 1));
  }
  await writeCells(db, county, cells, 'replace');
  return { first_month: first, oldest_month: oldest };
}

/** False when so much was touched that counting everything is quicker. */
async function countTouched(db: Counting, county: string, book: CountedBook, memory: Memory, head: number): Promise<boolean> {
  // Few rows of many: every step goes by an index.
  for (const way of ['seqscan', 'hashjoin', 'mergejoin']) await sql.raw(`set local enable_${way} = off`).execute(db);
  const all = await Promise.all(sheetsOf(book).map(async (sheet) => ({ sheet, touched: await touchedBy(db, county, sheet, memory.seq, head) })));
  memory.oldest_month = Math.min(memory.oldest_month, ...all.flatMap(({ touched }) => touched.months.map(({ month }) => monthOf(month))));
  const { above, cells } = await emptyCells(db, county, book, memory);
  for (const { sheet, touched } of all) {
    if (touched.clients.length > tooManyToFollow || touched.months.length > tooManyToFollow) return false;
    if (sheet.rows.length > 0) await recountMonths(db, county, book, sheet, touched.months, (row, delta) => addTally(cells, book, sheet, above, row, delta));
    if (sheet.people.length > 0)
      await recountPeople(db, county, sheet, touched.clients, memory.first_month, (byPlace, delta) =>
        addPerson(cells, book, sheet, above, byPlace, memory.first_month, delta),
      );
  }
  await writeCells(db, county, cells, 'add');
  return true;
}

async function emptyCells(db: Counting, county: string, book: CountedBook, { first_month, oldest_month, as_of_month }: Omit<Memory, 'seq' | 'book_digest'>) {
  const places = await db.selectFrom('registry.place').select('place_code').where('county_code', '=', county).execute();
  const longest = Math.max(...book.measures.map((measure) => measure.window ?? 0));
  const periods = keptPeriods(first_month, as_of_month + 1, oldest_month, longest);
  return { above: placesAbove(places.map((row) => row.place_code)), cells: new Cells(book.measures, periods, as_of_month + 1) };
}

/** The month of the oldest row that is counted; the present one where there is none. */
async function oldestMonth(db: Counting, county: string, otherwise: number): Promise<number> {
  const { rows } = await sql<{ on: string | null }>`
    select least((select min(visited_on) from care.visit where county_code = ${county}), (select min(closes_on) from care.follow_up where county_code = ${county}),
                 (select min(month_on) from registry.birth_count where county_code = ${county})) as on`.execute(db);
  return rows[0]?.on ? monthOf(rows[0].on) : otherwise;
}

/** What changed between two journal numbers: whose rows, and which months of which places; rows as they stood before a change too. */
async function touchedBy(db: Counting, county: string, { source }: Sheet, after: number, head: number) {
  const { on, person } = sources[source] as { on: string; person?: string };
  const hasBefore = source === 'care.visit';
  const months = await sql<{ place_code: string; month: string }>`
    select distinct place_code, to_char(${sql.raw(on)}, 'YYYY-MM-01') as month from ${sql.raw(source)} where county_code = ${county} and seq > ${after} and seq <= ${head}
    ${hasBefore ? sql`union select place_code, to_char(visited_on, 'YYYY-MM-01') from care.visit_before where county_code = ${county} and seq > ${after} and seq <= ${head}` : sql``}`.execute(
    db,
  );
  if (!person) return { months: months.rows, clients: [] };
  const clients = await sql<{ id: string }>`
    select client_id as id from ${sql.raw(source)} where county_code = ${county} and seq > ${after} and seq <= ${head}
    union select recorded_client_id from ${sql.raw(source)} where county_code = ${county} and seq > ${after} and seq <= ${head}
    ${hasBefore ? sql`union select client_id from care.visit_before where county_code = ${county} and seq > ${after} and seq <= ${head}` : sql``}
    union select (input ->> pair.field)::uuid from journal.entry, (values ('kept_id'), ('other_id')) as pair(field)
      where county_code = ${county} and seq > ${after} and seq <= ${head} and command in ('registry.merge', 'registry.unmerge')`.execute(db);
  return { months: months.rows, clients: clients.rows.map((row) => row.id) };
}

async function recountMonths(
  db: Counting,
  county: string,
  book: CountedBook,
  { source, rows }: Sheet,
  months: { place_code: string; month: string }[],
  changed: (row: Tally, delta: number) => void,
): Promise<void> {
  if (months.length === 0) return;
  const { on } = sources[source] as { on: string };
  const wanted = JSON.stringify(months.map(({ place_code, month }) => ({ place_code, month: monthOf(month), from: month })));
  const before = await sql<Tally>`select t.place_code, t.month, t.counts from evaluation.tally t
    join json_to_recordset(${wanted}::json) as w(place_code text, month int) on t.place_code = w.place_code and t.month = w.month
    where t.county_code = ${county} and t.source = ${source}`.execute(db);
  const those = sql`(select s.* from json_to_recordset(${wanted}::json) as w("place_code" text, "from" date)
    join ${sql.raw(source)} s on s.county_code = ${county} and s.place_code = w.place_code and s.${sql.raw(on)} >= w.from and s.${sql.raw(on)} < w.from + interval '1 month') r`;
  const after = await sql<Tally>`${withCounty(tallySql(source, rows, '$rows'), county, undefined, those)}`.execute(db);
  for (const row of before.rows) changed(row, -1);
  for (const row of after.rows) changed(row, 1);
  const now = new Map(after.rows.map((row) => [`${row.place_code} ${row.month}`, row]));
  const zero = book.measures.filter((measure) => rows.includes(measure)).map(() => 0);
  const kept = months.map(({ place_code, month }) => now.get(`${place_code} ${monthOf(month)}`) ?? { place_code, month: monthOf(month), counts: zero });
  await upsert(
    db,
    'evaluation.tally',
    kept.map((row) => ({ county_code: county, source, ...row })),
    '(county_code, source, place_code, month) do update set counts = excluded.counts',
  );
}

async function recountPeople(
  db: Counting,
  county: string,
  { source, people }: Sheet,
  clients: string[],
  first: number,
  changed: (byPlace: Masked[], delta: number) => void,
): Promise<void> {
  for (let at = 0; at < clients.length; at += chunk) {
    const some = clients.slice(at, at + chunk);
    const before =
      await sql<Stored>`select client_id, place_code, masks::text[] as masks from evaluation.person_mask where county_code = ${county} and source = ${source} and client_id = any(${some}::uuid[])`.execute(
        db,
      );
    const mine = sql`client_id = any(${some}::uuid[])`;
    const after =
      await sql<Stored>`select client_id, place_code, masks::text[] as masks from (${withCounty(maskSql(source, people, '$where'), county, first, mine)}) t`.execute(
        db,
      );
    for (const byPlace of Map.groupBy(before.rows, (row) => row.client_id).values()) changed(byPlace.map(toBits), -1);
    for (const byPlace of Map.groupBy(after.rows, (row) => row.client_id).values()) changed(byPlace.map(toBits), 1);
    await sql`delete from evaluation.person_mask where county_code = ${county} and source = ${source} and client_id = any(${some}::uuid[])`.execute(db);
    await upsert(
      db,
      'evaluation.person_mask',
      after.rows.map((row) => ({ county_code: county, source, client_id: row.client_id, place_code: row.place_code, masks: row.masks as unknown as number[] })),
      '(county_code, source, client_id, place_code) do nothing',
    );
  }
}

async function officialsChanged(db: Counting, county: string, after: number, head: number): Promise<boolean> {
  const commands = ['registry.count_population', 'registry.estimate', 'registry.open_place'];
  const found = await db
    .selectFrom('journal.entry')
    .select('seq')
    .where('county_code', '=', county)
    .where('seq', '>', after)
    .where('seq', '<=', head)
    .where('command', 'in', commands)
    .limit(1)
    .executeTakeFirst();
  return found !== undefined;
}

/** Adds official numbers of people up to every place, by year. */
async function countOfficials(db: Counting, county: string, book: CountedBook): Promise<void> {
  await sql`delete from evaluation.official where county_code = ${county}`.execute(db);
  for (const [key, official] of book.officials) {
    const isEstimate = 'estimate' in official;
    const what = isEstimate ? sql`name = ${official.estimate}` : peopleSql(official.population);
    await sql`insert into evaluation.official (county_code, key, year, place_code, people)
      select ${county}, ${key}, r.year, p.place_code, sum(r.people) from (
        select place_code, year, sum(people) as people from ${sql.raw(isEstimate ? 'registry.estimate' : 'registry.population')} where county_code = ${county} and ${what} group by 1, 2) r
      join registry.place p on p.county_code = ${county} and starts_with(r.place_code, p.place_code) group by r.year, p.place_code`.execute(db);
  }
}

function peopleSql({ sex, age, residence }: { sex?: string | undefined; age: readonly [number, number]; residence?: string }) {
  return sql`age_from >= ${age[0]} and age_to <= ${age[1]} ${sex ? sql`and sex = ${sex}` : sql``} ${residence ? sql`and residence = ${residence}` : sql``}`;
}

/** Rows keep their masks as text until here: 63 bits are more than a number holds. */
interface Stored {
  client_id: string;
  place_code: string;
  masks: string[];
}
interface Masked {
  place_code: string;
  masks: bigint[];
}
interface Tally {
  place_code: string;
  month: number;
  counts: number[];
}

const toBits = (row: Stored): Masked => ({ place_code: row.place_code, masks: row.masks.map(BigInt) });

async function eachPerson(db: Counting, county: string, source: string, each: (byPlace: Masked[]) => void): Promise<void> {
  for (let after = '00000000-0000-0000-0000-000000000000'; ; ) {
    const { rows } = await sql<Stored>`
      select client_id, place_code, masks::text[] as masks from evaluation.person_mask
       where county_code = ${county} and source = ${source} and client_id > ${after}
         and client_id <= coalesce((select client_id from evaluation.person_mask where county_code = ${county} and source = ${source} and client_id > ${after} order by client_id offset ${chunk} limit 1), 'ffffffff-ffff-ffff-ffff-ffffffffffff')
       order by client_id`.execute(db);
    for (const byPlace of Map.groupBy(rows, (row) => row.client_id).values()) each(byPlace.map(toBits));
    const last = rows.at(-1);
    if (!last) return;
    after = last.client_id;
  }
}

function addTally(cells: Cells, book: CountedBook, sheet: Sheet, above: (place: string) => readonly string[], row: Tally, delta: number): void {
  for (const [position, measure] of sheet.rows.entries()) {
    const count = row.counts[position] ?? 0;
    if (count === 0) continue;
    for (const place of above(row.place_code)) cells.addRows(place, book.at.get(measure.key) as number, measure.window, row.month, count * delta);
  }
}

/** A person is counted once at each place above any of hers: the months of all her places there are joined. */
function addPerson(
  cells: Cells,
  book: CountedBook,
  sheet: Sheet,
  above: (place: string) => readonly string[],
  byPlace: readonly Masked[],
  first: number,
  delta: number,
): void {
  for (const [position, measure] of sheet.people.entries()) {
    const index = book.at.get(measure.key) as number;
    const joined = new Map<string, bigint>();
    for (const { place_code, masks } of byPlace) {
      const mask = masks[position] ?? 0n;
      if (mask === 0n) continue;
      for (const place of above(place_code)) joined.set(place, (joined.get(place) ?? 0n) | mask);
    }
    for (const [place, mask] of joined) cells.addPerson(place, index, measure.window, mask, first, delta);
  }
}

async function writeCells(db: Counting, county: string, cells: Cells, how: 'replace' | 'add'): Promise<void> {
  for (const [period, places] of cells.counts) {
    const rows = [...places].filter(([, counts]) => how === 'replace' || counts.some((count) => count !== 0));
    if (rows.length === 0) continue;
    const before = new Map<string, number[]>();
    if (how === 'add') {
      const found = await db
        .selectFrom('evaluation.cell')
        .select(['place_code', 'counts'])
        .where('county_code', '=', county)
        .where('period', '=', period)
        .where(
          'place_code',
          'in',
          rows.map(([place]) => place),
        )
        .execute();
      for (const row of found) before.set(row.place_code, row.counts);
    }
    const kept = rows.map(([place_code, counts]) => ({
      county_code: county,
      period,
      place_code,
      counts: Array.from(counts, (count, index) => count + (before.get(place_code)?.[index] ?? 0)),
    }));
    await upsert(db, 'evaluation.cell', kept, '(county_code, period, place_code) do update set counts = excluded.counts');
  }
}

/** Arrays do not travel through json_to_recordset as bigint[], so these rows go as parallel arrays of text. */
async function upsert<T extends 'evaluation.tally' | 'evaluation.person_mask' | 'evaluation.cell'>(
  db: Counting,
  table: T,
  rows: readonly Record<string, unknown>[],
  onConflict: string,
): Promise<void> {
  if (rows.length === 0) return;
  const columns = Object.keys(rows[0] as object);
  const types: Record<string, string> = { client_id: 'uuid', month: 'int', masks: 'bigint[]', counts: 'bigint[]' };
  const lists = columns.map(
    (column) => sql`${rows.map((row) => (Array.isArray(row[column]) ? `{${(row[column] as unknown[]).join(',')}}` : String(row[column])))}::text[]`,
  );
  const cast = columns.map((column, index) => `u.c${index}::${types[column] ?? 'text'}`).join(', ');
  await sql`insert into ${sql.raw(table)} (${sql.raw(columns.join(', '))}) select ${sql.raw(cast)} from unnest(${sql.join(lists)}) as u(${sql.raw(columns.map((_, index) => `c${index}`).join(', '))}) on conflict ${sql.raw(onConflict)}`.execute(
    db,
  );
}

/** A compiled statement with its county, first month and narrowing filled in as bound values. */
function withCounty(text: string, county: string, first?: number, given = sql`true`) {
  const parts = text.split(/(\$1|\$2|\$where|\$rows)/);
  return sql.join(
    parts.map((part) => (part === '$1' ? sql`${county}` : part === '$2' ? sql`${first}` : part === '$where' || part === '$rows' ? given : sql.raw(part))),
    sql``,
  );
}
