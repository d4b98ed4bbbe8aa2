import { sql } from 'kysely';
import { today as dayIn, monthOf } from '../../kit/day.ts';
import { type Database, enter, txOf } from '../../platform/database.ts';
import { breathe } from '../../platform/pace.ts';
import { digest } from '../../platform/seal.ts';
import { bookText, type CountedBook } from './book.ts';
import { maskSql, tallySql } from './compile.ts';
import { type Counting, emptyLedger, type Masked, type Span, type Stored, sheetsOf, toBits, withCounty, writeCells } from './server-counting.ts';
import { countOfficials, officialsChanged } from './server-officials.ts';
import { countStock } from './server-stock.ts';
import { countTouched } from './server-touched.ts';

/** Months a mask can hold: the bits of a bigint without its sign. */
const maskMonths = 63;
const chunk = 20_000;

interface Memory extends Span {
  seq: number;
  book_digest: string;
  as_of_day: string | null;
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
    const as_of_day = dayIn('Asia/Shanghai', now);
    const month = monthOf(as_of_day);
    const book_digest = digest(bookText(book));
    const isKnown = memory?.book_digest === book_digest && memory.as_of_month === month;
    const isSameDay = isKnown && memory.as_of_day === as_of_day;
    if (isSameDay && memory.seq === head) return 'nothing';
    const next: Memory = {
      seq: head,
      book_digest,
      first_month: memory?.first_month ?? 0,
      oldest_month: memory?.oldest_month ?? 0,
      as_of_month: month,
      as_of_day,
    };
    // A day that has passed is a day with or without stock on every shelf.
    const stock = await countStock(db, county, as_of_day, isSameDay ? memory.seq : undefined, head);
    const done = isKnown && (await countTouched(db, county, book, memory, head, stock)) ? 'touched' : 'everything';
    if (done === 'everything') Object.assign(next, await countEverything(db, county, book, month));
    else if (isKnown) next.oldest_month = memory.oldest_month;
    if (done === 'everything' || (await officialsChanged(db, county, memory?.seq ?? 0, head))) await countOfficials(db, county, book);
    const columns = Object.keys(next).map((column) => `${column} = excluded.${column}`);
    await txOf(db).insertRows(
      'evaluation.memory',
      [{ county_code: county, ...next, counted_at: now.toISOString() }],
      `on conflict (county_code) do update set ${columns.join(', ')}, counted_at = excluded.counted_at`,
    );
    return done;
  });
}

async function countEverything(db: Counting, county: string, book: CountedBook, month: number): Promise<Pick<Span, 'first_month' | 'oldest_month'>> {
  for (const table of ['person_mask', 'tally', 'cell']) await sql`delete from ${sql.raw(`evaluation.${table}`)} where county_code = ${county}`.execute(db);
  const first = month - maskMonths + 4;
  const sheets = sheetsOf(book);
  for (const { key, source, by, rows, people } of sheets) {
    if (rows.length > 0)
      await sql`insert into evaluation.tally (county_code, source, place_code, month, counts) select ${county}, ${key}, t.* from (${withCounty(tallySql(source, rows, by), county)}) t`.execute(
        db,
      );
    if (people.length > 0)
      await sql`insert into evaluation.person_mask (county_code, source, client_id, place_code, masks) select ${county}, ${key}, t.* from (${withCounty(maskSql(source, people, by), county, first)}) t`.execute(
        db,
      );
  }
  const oldest = await oldestMonth(db, county, month);
  const ledger = await emptyLedger(db, county, book, { first_month: first, oldest_month: oldest, as_of_month: month });
  for (const sheet of sheets) {
    const tallies = await db
      .selectFrom('evaluation.tally')
      .select(['place_code', 'month', 'counts'])
      .where('county_code', '=', county)
      .where('source', '=', sheet.key)
      .execute();
    for (const row of tallies) ledger.addTally(sheet, row, 1);
    if (sheet.people.length > 0) await eachPerson(db, county, sheet.key, (byPlace) => ledger.addPerson(sheet, byPlace, 1));
  }
  await writeCells(db, county, ledger, 'replace');
  return { first_month: first, oldest_month: oldest };
}

/** The month of the oldest row that is counted; the present one where there is none. */
async function oldestMonth(db: Counting, county: string, otherwise: number): Promise<number> {
  const { rows } = await sql<{ on: string | null }>`
    select least((select min(visited_on) from care.visit where county_code = ${county}), (select min(closes_on) from care.follow_up where county_code = ${county}),
                 (select min(month_on) from registry.birth_count where county_code = ${county})) as on`.execute(db);
  return rows[0]?.on ? monthOf(rows[0].on) : otherwise;
}

async function eachPerson(db: Counting, county: string, key: string, each: (byPlace: Masked[]) => void): Promise<void> {
  for (let after = '00000000-0000-0000-0000-000000000000'; ; ) {
    const { rows } = await sql<Stored>`
      select client_id, place_code, masks::text[] as masks from evaluation.person_mask
       where county_code = ${county} and source = ${key} and client_id > ${after}
         and client_id <= coalesce((select client_id from evaluation.person_mask where county_code = ${county} and source = ${key} and client_id > ${after} order by client_id offset ${chunk} limit 1), 'ffffffff-ffff-ffff-ffff-ffffffffffff')
       order by client_id`.execute(db);
    let done = 0;
    for (const byPlace of Map.groupBy(rows, (row) => row.client_id).values()) {
      each(byPlace.map(toBits));
      done += 1;
      if (done % 200 === 0) await breathe(); // the site answers while a county is counted
    }
    const last = rows.at(-1);
    if (!last) return;
    after = last.client_id;
  }
}
