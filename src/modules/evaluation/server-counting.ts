import { sql, type Transaction } from 'kysely';
import type { Tables } from '../../platform/tables.generated.ts';
import type { CountedBook, Measure } from './book.ts';
import { Cells, keptPeriods, placesAbove } from './cells.ts';
import { type By, sources } from './sources.ts';

/** A transaction of the user who sees the whole county and counts. */
export type Counting = Transaction<Tables>;

/** The measures of one table by one roll-up: those that count rows and those that count people apart. `key` names it in what is kept. */
export interface Sheet {
  key: string;
  source: string;
  by: By;
  rows: Measure[];
  people: Measure[];
}

/** Rows counted at one place (or facility) in one month. */
export interface Tally {
  place_code: string;
  month: number;
  counts: number[];
}

/** Rows keep their masks as text until they are bits: 63 are more than a number holds. */
export interface Stored {
  client_id: string;
  place_code: string;
  masks: string[];
}
export interface Masked {
  place_code: string;
  masks: bigint[];
}

export const toBits = (row: Stored): Masked => ({ place_code: row.place_code, masks: row.masks.map(BigInt) });

/** The sheets of a book: each table by place, and by facility where its rows know one. */
export function sheetsOf(book: CountedBook): Sheet[] {
  const names = [...new Set(book.measures.map((measure) => measure.source))];
  return names.flatMap((source) => {
    const own = book.measures.filter((measure) => measure.source === source);
    const parts = { source, rows: own.filter(({ counts }) => counts !== 'people'), people: own.filter(({ counts }) => counts === 'people') };
    const byPlace: Sheet = { key: source, by: 'place_code', ...parts };
    return sources[source]?.hasFacility ? [byPlace, { key: `${source} by facility`, by: 'facility_id', ...parts }] : [byPlace];
  });
}

export interface Span {
  first_month: number;
  oldest_month: number;
  as_of_month: number;
}

/** Where counts go: the cells of every period, and the way from a row's place to all places it counts at. */
export class Ledger {
  readonly book: CountedBook;
  readonly cells: Cells;
  readonly #above: (place: string) => readonly string[];

  constructor(book: CountedBook, cells: Cells, above: (place: string) => readonly string[]) {
    this.book = book;
    this.cells = cells;
    this.#above = above;
  }

  /** A facility has nothing above it: what rolls up goes by place. */
  #counted(sheet: Sheet, place: string): readonly string[] {
    return sheet.by === 'facility_id' ? [place] : this.#above(place);
  }

  addTally(sheet: Sheet, row: Tally, delta: number): void {
    for (const [position, measure] of sheet.rows.entries()) {
      const count = row.counts[position] ?? 0;
      if (count === 0) continue;
      const index = this.book.at.get(measure.key) as number;
      for (const place of this.#counted(sheet, row.place_code)) this.cells.addRows(place, index, measure.window, row.month, count * delta);
    }
  }

  /** A person is counted once at each place above any of hers: the months of all her places there are joined. */
  addPerson(sheet: Sheet, byPlace: readonly Masked[], delta: number): void {
    for (const [position, measure] of sheet.people.entries()) {
      const index = this.book.at.get(measure.key) as number;
      const joined = new Map<string, bigint>();
      for (const { place_code, masks } of byPlace) {
        const mask = masks[position] ?? 0n;
        if (mask === 0n) continue;
        for (const place of this.#counted(sheet, place_code)) joined.set(place, (joined.get(place) ?? 0n) | mask);
      }
      for (const [place, mask] of joined) this.cells.addPerson(place, index, measure.window, mask, delta);
    }
  }
}

/** An empty ledger for the periods that a memory keeps; `since`: only for those that a row of that month or later can change. */
export async function emptyLedger(
  db: Counting,
  county: string,
  book: CountedBook,
  { first_month, oldest_month, as_of_month }: Span,
  since = Number.NEGATIVE_INFINITY,
): Promise<Ledger> {
  const places = await db.selectFrom('registry.place').select('place_code').where('county_code', '=', county).execute();
  const longest = Math.max(...book.measures.map((measure) => measure.window ?? 0));
  const periods = keptPeriods(first_month, as_of_month + 1, oldest_month, longest).filter((period) => period.until > since);
  return new Ledger(book, new Cells(book.measures, periods, as_of_month + 1, first_month), placesAbove(places.map((row) => row.place_code)));
}

/** Writes a ledger's cells; `add`: on top of what is kept. */
export async function writeCells(db: Counting, county: string, { cells }: Ledger, how: 'replace' | 'add'): Promise<void> {
  for (const [period, rows] of cells.entries()) {
    if (rows.length === 0) continue;
    const before = new Map<string, number[]>();
    if (how === 'add') {
      const codes = rows.map(([place]) => place);
      const found = await db
        .selectFrom('evaluation.cell')
        .select(['place_code', 'counts'])
        .where('county_code', '=', county)
        .where('period', '=', period)
        .where('place_code', 'in', codes)
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
export async function upsert<T extends 'evaluation.tally' | 'evaluation.person_mask' | 'evaluation.cell'>(
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
export function withCounty(text: string, county: string, first?: number, given = sql`true`) {
  const parts = text.split(/(\$1|\$2|\$where|\$rows)/);
  return sql.join(
    parts.map((part) => (part === '$1' ? sql`${county}` : part === '$2' ? sql`${first}` : part === '$where' || part === '$rows' ? given : sql.raw(part))),
    sql``,
  );
}
