import { sql } from 'kysely';
import { isDay } from '../../kit/day.ts';
import type { Keys } from '../../platform/config.ts';
import type { Db } from '../../platform/database.ts';
import { blindIndexes } from '../../platform/seal.ts';
import { plainPhone } from './name-keys.ts';

/** Where one field of a client was given two values, open ones first; values that name her are sealed. */
export function conflictsOf(db: Db, county: string, clientId: string) {
  return db
    .selectFrom('registry.conflict')
    .select(['id', 'client_id', 'field', 'value', 'value_sealed', 'made_at', 'made_by', 'status'])
    .where('county_code', '=', county)
    .where('client_id', '=', clientId)
    .where('status', 'in', ['open', 'merged'])
    .orderBy('status', 'desc')
    .orderBy('made_at', 'desc')
    .limit(100)
    .execute();
}

/** The clients of the actor's place about whom something is to be decided, oldest first. */
export function openConflicts(db: Db, county: string) {
  return db
    .selectFrom('registry.conflict as k')
    .innerJoin('registry.client as c', (join) => join.on('c.county_code', '=', county).onRef('c.id', '=', 'k.client_id'))
    .select(['k.id', 'k.client_id', 'k.field', 'k.made_at', 'c.name'])
    .where('k.county_code', '=', county)
    .where('k.status', '=', 'open')
    .orderBy('k.made_at')
    .limit(200)
    .execute();
}

export interface ClientLine {
  id: string;
  record_number: string;
  place_code: string;
  name: string;
  sex: string;
  born_on: string;
  residence: string;
}

/**
 * Clients found by what was typed: name, pinyin or initials from the first letter, day of birth, record number, or exact phone or ID
 * number (through blind indexes). In the order of what was matched, fifty at most; the list of all goes on after a name and id.
 */
export async function clientsLike(db: Db, keys: Keys, county: string, typed: string, after?: { name: string; id: string }): Promise<ClientLine[]> {
  const words = typed.trim();
  const parts = matches(keys, words, after).map(
    ({ where, order }) => sql`(select id, record_number, place_code, name, sex, born_on, residence, ${sql.raw(order)} as matched from registry.client
      where county_code = ${county} and merged_into_id is null and ${where} order by ${sql.raw(order)}, id limit 50)`,
  );
  const { rows } =
    await sql<ClientLine>`select distinct on (matched, id) * from (${sql.join(parts, sql` union all `)}) found order by matched, id limit 50`.execute(db);
  return rows;
}

/** Each way to match, with the column it is found and ordered by; byte order, so that any server's index serves it. */
function matches(keys: Keys, words: string, after?: { name: string; id: string }) {
  const exactly = (where: ReturnType<typeof sql>) => [{ where, order: 'name collate "C"' }];
  const beginning = (column: string, start: string) => {
    const order = `${column} collate "C"`;
    return { where: sql`${sql.raw(order)} >= ${start} and ${sql.raw(order)} < ${`${start}\u{10ffff}`}`, order };
  };
  if (words === '') return exactly(after ? sql`(name collate "C", id) > (${after.name}, ${after.id}::uuid)` : sql`true`);
  if (isDay(words)) return exactly(sql`born_on = ${words}::date`);
  if (/^\d{17}[\dXx]$/.test(words)) return exactly(sql`id_number_index = any(${blindIndexes(keys, 'id_number', words.toUpperCase())})`);
  if (/^\+?[\d -]{7,}$/.test(words)) return exactly(sql`phone_index = any(${blindIndexes(keys, 'phone', plainPhone(words))})`);
  if (/[\u3400-\u9fff]/.test(words)) return [beginning('name', words)];
  const sound = words.toLowerCase().replace(/[^a-z0-9]/g, '');
  if (/^[a-z ]+$/i.test(words)) return [beginning('name_pinyin', sound), beginning('name_initials', sound)];
  return [beginning('record_number', words.replaceAll('\u0000', ''))];
}

/** Clients with exactly this record number, phone or ID number; two at most, so that one knows whether it names one person. */
export async function clientsByNumber(db: Db, keys: Keys, county: string, number: string): Promise<{ id: string }[]> {
  const { rows } = await sql<{ id: string }>`
    select id from registry.client where county_code = ${county} and merged_into_id is null and not erased
       and (record_number = ${number} or phone_index = any(${blindIndexes(keys, 'phone', plainPhone(number))}) or id_number_index = any(${blindIndexes(keys, 'id_number', number.toUpperCase())})) limit 2`.execute(
    db,
  );
  return rows;
}

/** One client with what is sealed still sealed. */
export function clientById(db: Db, county: string, id: string) {
  return db.selectFrom('registry.client').selectAll().where('county_code', '=', county).where('id', '=', id).executeTakeFirst();
}

/** Pairs that look like one person, surest first, with both records side by side; merged ones too, so that a merge can be undone. */
export async function duplicatePairs(db: Db, county: string, status: string, after = 101) {
  const { rows } = await sql<{ score: number; status: string; reasons: string[]; client: ClientLine; other: ClientLine }>`
    select d.score, d.status, d.reasons,
           json_build_object('id', a.id, 'record_number', a.record_number, 'place_code', a.place_code, 'name', a.name, 'sex', a.sex, 'born_on', a.born_on, 'residence', a.residence, 'merged_into_id', a.merged_into_id) as client,
           json_build_object('id', b.id, 'record_number', b.record_number, 'place_code', b.place_code, 'name', b.name, 'sex', b.sex, 'born_on', b.born_on, 'residence', b.residence, 'merged_into_id', b.merged_into_id) as other
      from (select * from registry.duplicate where county_code = ${county} and status = ${status} and score < ${after} order by score desc, client_id, other_id limit 30) d
      join registry.client a on a.county_code = ${county} and a.id = d.client_id
      join registry.client b on b.county_code = ${county} and b.id = d.other_id
     order by d.score desc, a.name, a.id`.execute(db);
  return rows;
}

/** Places under a scope, with what they are called. */
export function placesWithin(db: Db, county: string, scope: string) {
  return db
    .selectFrom('registry.place')
    .select(['place_code', 'parent_code', 'level', 'name_zh', 'name_en', 'valid_from', 'valid_until', 'succeeded_by'])
    .where('county_code', '=', county)
    .where(({ eb, fn, val }) => eb(fn<boolean>('starts_with', ['place_code', val(scope)]), '=', true))
    .orderBy('place_code')
    .execute();
}

export function facilitiesWithin(db: Db, county: string, scope: string) {
  return db
    .selectFrom('registry.facility')
    .select(['id', 'facility_number', 'place_code', 'kind', 'name_zh', 'name_en'])
    .where('county_code', '=', county)
    .where(({ eb, fn, val }) => eb(fn<boolean>('starts_with', ['place_code', val(scope)]), '=', true))
    .orderBy('facility_number')
    .execute();
}

/** People of a place and below by sex and residence, in the newest year there is. */
export async function populationOf(db: Db, county: string, scope: string) {
  const { rows } = await sql<{ year: number; sex: string; residence: string; people: number }>`
    select year, sex, residence, sum(people)::bigint as people from registry.population
     where county_code = ${county} and starts_with(place_code, ${scope}) and year = (select max(year) from registry.population where county_code = ${county})
     group by 1, 2, 3 order by 2, 3`.execute(db);
  return rows;
}
