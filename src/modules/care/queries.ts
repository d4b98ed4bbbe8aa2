import { sql } from 'kysely';
import { addDays } from '../../kit/day.ts';
import type { Db } from '../../platform/database.ts';
import { type DueRow, soonDays } from './due-list.ts';

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

/** Follow-ups of a place that may be on its due list on a day, with what the list needs of their clients. */
export async function followUpsDue(db: Db, county: string, place: string, day: string) {
  const { rows } = await sql<DueRow & { name: string; purposes: string[] }>`
    select f.id, f.client_id, f.place_code, f.kind, f.step, f.opens_on, f.due_on, f.closes_on, f.done_on, f.status, f.consented, f.voided, c.name, c.purposes
      from registry.place p
      join care.follow_up f on f.county_code = ${county} and f.place_code = p.place_code and f.closes_on between ${addDays(day, -120)}::date and ${addDays(day, 400)}::date
       and f.opens_on <= ${addDays(day, soonDays)}::date and f.status = 'requested' and not f.voided and f.done_on is null
      join registry.client c on c.county_code = ${county} and c.id = f.client_id
     where p.county_code = ${county} and starts_with(p.place_code, ${place})`.execute(db);
  return rows;
}

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
