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
