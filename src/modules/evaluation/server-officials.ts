import { sql } from 'kysely';
import type { CountedBook } from './book.ts';
import type { Counting } from './server-counting.ts';

/** Whether official numbers, or the places they are added up to, changed between two journal numbers. */
export async function officialsChanged(db: Counting, county: string, after: number, head: number): Promise<boolean> {
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
export async function countOfficials(db: Counting, county: string, book: CountedBook): Promise<void> {
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
