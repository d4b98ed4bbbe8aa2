import { sql } from 'kysely';
import { firstDay, monthOf, today } from '../../kit/day.ts';
import { daysOf, type Period } from '../../kit/period.ts';
import { type Database, type Db, enter } from '../../platform/database.ts';
import type { CountedBook, Measure } from './book.ts';
import { conditionSql, firstMonthFor, periodSql } from './compile.ts';
import { disclosed, type Outside } from './disclosed.ts';
import { byFacility, type Figure, figuresOf, withoutCounts } from './figure.ts';
import { type By, sources } from './sources.ts';

export interface CountedPlace {
  place_code: string;
  parent_code: string | null;
  level: string;
  name_zh: string;
  name_en: string | null;
}

/** The figures of the given places in the given periods: kept cells where there are some, else (always when `cold`) counted from the rows. */
export async function figures(
  db: Db,
  database: Database,
  county: string,
  book: CountedBook,
  places: readonly CountedPlace[],
  periods: readonly Period[],
  { cold = false, now = new Date(), outside = undefined as Outside | undefined } = {},
): Promise<Figure[]> {
  const codes = [...places, ...(outside?.tree ?? [])].map((place) => place.place_code);
  const counts = await cellCounts(db, county, codes, periods);
  const monthNow = monthOf(today('Asia/Shanghai', now));
  const by = places[0]?.level === facilityLevel ? 'facility_id' : 'place_code';
  const shown = by === 'facility_id' ? byFacility(book) : book;
  const found: Figure[] = [];
  const officials = new Map<number, Awaited<ReturnType<typeof officialCounts>>>();
  for (const period of periods) {
    const ofPeriod = (cold ? undefined : counts.get(period.code)) ?? (await coldCounts(database, county, book, period, by));
    const official = officials.get(period.year) ?? (await officialCounts(db, county, codes, period.year));
    officials.set(period.year, official);
    const exact = (code: string) => (key: string) => official.get(key)?.get(code) ?? ofPeriod.get(code)?.[book.at.get(key) ?? -1] ?? 0;
    const told = outside && disclosed(shown, outside, period.code, exact);
    for (const { place_code, level } of places) {
      const made = figuresOf(shown, place_code, level, period, told?.counts(place_code) ?? exact(place_code), monthNow);
      found.push(...(told ? made.map((figure) => (told.isHidden(place_code, figure.indicator) ? withoutCounts(figure) : figure)) : made));
    }
  }
  return found;
}

type Counts = Map<string, readonly number[]>;

/** Cells by period; a period the memory does not keep is missing, one it keeps is there even when nothing was counted in it. */
async function cellCounts(db: Db, county: string, places: readonly string[], periods: readonly Period[]): Promise<Map<string, Counts>> {
  const codes = periods.map((period) => period.code);
  const { rows } = await sql<{ period: string; place_code: string; counts: number[] }>`
    select period, place_code, counts from evaluation.cell where county_code = ${county} and period = any(${codes}) and place_code = any(${places})`.execute(
    db,
  );
  const kept = await sql<{
    period: string;
  }>`select distinct period from evaluation.cell where county_code = ${county} and period = any(${codes}) and place_code = ${county}`.execute(db);
  const memory = await db.selectFrom('evaluation.memory').select(['oldest_month', 'as_of_month']).where('county_code', '=', county).executeTakeFirst();
  const found = new Map<string, Counts>(kept.rows.map((row) => [row.period, new Map()]));
  for (const period of periods) if (memory && (period.from > memory.as_of_month || period.until <= memory.oldest_month)) found.set(period.code, new Map());
  for (const row of rows) found.get(row.period)?.set(row.place_code, row.counts);
  return found;
}

/** All measures of a book at all places (or facilities) in one period, counted from the rows: one pass per table. Shapes as the cells'. */
export async function coldCounts(database: Database, county: string, book: CountedBook, period: Period, by: By = 'place_code'): Promise<Counts> {
  return database.count
    .transaction()
    .setAccessMode('read only')
    .execute(async (db) => {
      await enter(db, { county_code: county, place_code: county });
      await sql`set local work_mem = '256MB'`.execute(db);
      const counts = new Map<string, number[]>();
      for (const [source, measures] of Map.groupBy(book.measures, (measure) => measure.source)) {
        if (by === 'facility_id' && !sources[source]?.hasFacility) continue;
        const text = periodSql(source, measures, period, by).split('$1');
        const { rows } = await sql<Record<string, unknown>>`${sql.join(
          text.map((part) => sql.raw(part)),
          sql`${county}`,
        )}`.execute(db);
        for (const row of rows) {
          const place = row['place_code'] as string;
          const own = counts.get(place) ?? new Array<number>(book.measures.length).fill(0);
          for (const [index, measure] of measures.entries()) own[book.at.get(measure.key) as number] = Number(row[`c${index}`]);
          counts.set(place, own);
        }
      }
      return counts;
    });
}

/** The official denominators of the year, or of the last year before it that is there: measure key → place → people. */
async function officialCounts(db: Db, county: string, places: readonly string[], year: number): Promise<Map<string, Map<string, number>>> {
  const { rows } = await sql<{ key: string; place_code: string; people: number }>`
    select o.key, o.place_code, o.people from evaluation.official o
      join (select key, max(year) as year from evaluation.official where county_code = ${county} and year <= ${year} and place_code = ${county} group by 1) latest on latest.key = o.key and latest.year = o.year
     where o.county_code = ${county} and o.place_code = any(${places})`.execute(db);
  const found = new Map<string, Map<string, number>>();
  for (const { key, place_code, people } of rows) found.set(key, (found.get(key) ?? new Map()).set(place_code, people));
  return found;
}

/** A place with those directly below it. */
export async function placeWithChildren(db: Db, county: string, code: string): Promise<CountedPlace[]> {
  return db
    .selectFrom('registry.place')
    .select(['place_code', 'parent_code', 'level', 'name_zh', 'name_en'])
    .where('county_code', '=', county)
    .where((eb) => eb.or([eb('place_code', '=', code), eb('parent_code', '=', code)]))
    .orderBy('place_code')
    .execute();
}

/** All places of a county, or those of one level. */
export async function placesOf(db: Db, county: string, inside: string, level?: string): Promise<CountedPlace[]> {
  let found = db.selectFrom('registry.place').select(['place_code', 'parent_code', 'level', 'name_zh', 'name_en']).where('county_code', '=', county);
  if (level) found = found.where('level', '=', level);
  const rows = await found.orderBy('place_code').execute();
  return rows.filter((row) => row.place_code.startsWith(inside));
}

/** The level of what stands beside the tree of places. */
export const facilityLevel = 'facility';

/** The facilities within a place, as places of their own that stand alone: `place_code` is the facility's identifier. */
export async function facilitiesOf(db: Db, county: string, inside: string): Promise<(CountedPlace & { facility_number: string })[]> {
  const rows = await db
    .selectFrom('registry.facility')
    .select(['id', 'place_code', 'facility_number', 'name_zh', 'name_en'])
    .where('county_code', '=', county)
    .orderBy('facility_number')
    .execute();
  return rows
    .filter((row) => row.place_code.startsWith(inside))
    .map(({ id, place_code, ...names }) => ({ ...names, place_code: id, parent_code: place_code, level: facilityLevel }));
}

export interface BehindRow {
  id: string;
  client_id: string | null;
  place_code: string;
  on: string;
  met: boolean;
}

/** The rows behind an indicator's figure, those that do not meet it first, newest first, fifty at most. */
export async function rowsBehind(db: Db, county: string, place: string, measures: readonly Measure[], period: Period): Promise<BehindRow[]> {
  const [numerator, denominator] = [measures.find((one) => one.key.endsWith('.numerator')), measures.find((one) => one.key.endsWith('.denominator'))];
  const counted = denominator ?? numerator;
  if (!numerator || !counted || counted.counts === 'sum') return [];
  const { on, person, always } = sources[counted.source] as { on: string; person?: string; always: string };
  const from = firstDay(firstMonthFor(counted, period));
  const columns = sql`id, ${sql.raw(person ?? 'null')} as client_id, place_code, ${sql.raw(on)} as on, coalesce(${sql.raw(conditionSql(numerator.source, numerator.condition))}, false) as met`;
  const inside = sql`${sql.raw(on)} >= ${from}::date and ${sql.raw(on)} < ${daysOf(period).until}::date and ${sql.raw(always)} and ${sql.raw(conditionSql(counted.source, counted.condition))}`;
  const newest = sql`order by ${sql.raw(on)} desc limit 50`;
  // Rare rows have an index by day; common ones are found place by place, fifty of each.
  const isRare =
    counted.source === 'care.visit' && ('procedure' in counted.condition || ['screening', 'preconception'].includes(String(counted.condition['service'])));
  const { rows } = isRare
    ? await sql<BehindRow>`select ${columns} from ${sql.raw(counted.source)} where county_code = ${county} and starts_with(place_code, ${place}) and ${inside} ${newest}`.execute(
        db,
      )
    : await sql<BehindRow>`select r.* from registry.place p cross join lateral (
        select ${columns} from ${sql.raw(counted.source)} where county_code = ${county} and place_code = p.place_code and ${inside} ${newest}) r
       where p.county_code = ${county} and starts_with(p.place_code, ${place}) order by r.on desc, r.id limit 50`.execute(db);
  return rows.sort((a, b) => Number(a.met) - Number(b.met));
}

/** The month of the oldest row that is counted, if anything is. */
export async function oldestMonth(db: Db, county: string): Promise<number> {
  return (await db.selectFrom('evaluation.memory').select('oldest_month').where('county_code', '=', county).executeTakeFirst())?.oldest_month ?? 0;
}

/** The year of the newest month that is counted: what a board shows first. */
export async function newestPeriod(db: Db, county: string): Promise<string> {
  const memory = await db.selectFrom('evaluation.memory').select('as_of_month').where('county_code', '=', county).executeTakeFirst();
  return String(Math.floor((memory?.as_of_month ?? monthOf(today())) / 12));
}
