import { sql } from 'kysely';
import { addDays } from '../../kit/day.ts';
import type { Db } from '../../platform/database.ts';
import { type DueRow, soonDays } from './due-list.ts';
import type { DueKind } from './follow-up.ts';
import type { Schedules } from './schedule.ts';

/** A client's visits, newest first. */
export function visitsOf(db: Db, county: string, clientId: string) {
  return db
    .selectFrom('care.visit')
    .selectAll()
    .where('county_code', '=', county)
    .where('client_id', '=', clientId)
    .orderBy('visited_on', 'desc')
    .orderBy('id')
    .limit(200)
    .execute();
}

/** A client's follow-ups, next due first. */
export function followUpsFor(db: Db, county: string, clientId: string) {
  return db
    .selectFrom('care.follow_up')
    .selectAll()
    .where('county_code', '=', county)
    .where('client_id', '=', clientId)
    .where('voided', '=', false)
    .orderBy('due_on', 'desc')
    .limit(200)
    .execute();
}

/**
 * The open follow-ups of a place that are on its due list on a day, in the list's own order, with their clients; and how many there are
 * in all. The same rules as `dueList`, as far as the database needs them to find the first ones among many.
 */
export async function followUpsDue(db: Db, county: string, place: string, kinds: Schedules['kinds'], day: string, limit: number) {
  const of = (value: (kind: Schedules['kinds'][DueKind]) => number) =>
    sql.raw(
      `case f.kind ${Object.entries(kinds)
        .map(([kind, how]) => `when '${kind}' then ${value(how)}`)
        .join(' ')} else 0 end`,
    );
  const longestGrace = Math.max(...Object.values(kinds).map((kind) => kind.grace_days));
  const open = sql`f.county_code = ${county} and f.opens_on <= ${addDays(day, soonDays)}::date and f.status = 'requested' and f.consented
    and f.done_on is null and not f.voided and not f.restricted and f.closes_on >= ${addDays(day, -longestGrace)}::date and f.closes_on >= ${day}::date - ${of((kind) => kind.grace_days)}`;
  const here = starts(place);
  const { rows } = await sql<DueRow & { name: string; purposes: string[]; total: number }>`
    select d.*, c.name, c.purposes from (
      select count(*) over () as total, f.id, f.client_id, f.place_code, f.kind, f.step, f.opens_on, f.due_on, f.closes_on, f.done_on, f.status, f.consented, f.voided
        from care.follow_up f where ${open} and ${here}
       order by case when ${day}::date > f.closes_on then 0 when ${day}::date >= f.opens_on then 1 else 2 end, ${of((kind) => kind.priority)}, f.due_on, f.id
       limit ${limit}) d
      join registry.client c on c.county_code = ${county} and c.id = d.client_id`.execute(db);
  return { rows, total: rows[0]?.total ?? 0 };
}

/** Codes that begin with a place's: as a range, so that an index is walked. */
const starts = (place: string) => sql`f.place_code >= ${place} and f.place_code < ${`${place}\u{10ffff}`}`;

/** Who wrote in a client's record: from the journal, by the numbers her rows carry. */
export async function writesTo(db: Db, county: string, clientId: string) {
  const { rows } = await sql<{ seq: number; at: string; command: string; display_name: string; by_client: boolean }>`
    with touched as (
      select seq from registry.client where county_code = ${county} and id = ${clientId}
      union select seq from registry.client_before where county_code = ${county} and id = ${clientId}
      union select seq from care.visit where county_code = ${county} and client_id = ${clientId}
      union select seq from care.visit_before where county_code = ${county} and client_id = ${clientId}
      union select seq from rights.consent where county_code = ${county} and client_id = ${clientId}
      union select seq from rights.data_request where county_code = ${county} and client_id = ${clientId}
    )
    select e.seq, e.recorded_at as at, e.command, coalesce(a.display_name, '') as display_name, e.actor_id = ${clientId} as by_client
      from touched t join journal.entry e on e.county_code = ${county} and e.seq = t.seq
      left join access.account a on a.county_code = ${county} and a.id = e.actor_id
     where e.county_code = ${county} order by e.seq desc limit 200`.execute(db);
  return rows;
}
