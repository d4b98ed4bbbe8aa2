import { sql } from 'kysely';
import type { Db } from '../../platform/database.ts';

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
