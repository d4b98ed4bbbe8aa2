import { sql } from 'kysely';
import type { Actor } from '../../platform/access.ts';
import type { Db } from '../../platform/database.ts';
import type { House } from '../../platform/room.ts';

/** A client's consents, newest first: the complete history. */
export function consentsOf(db: Db, county: string, clientId: string) {
  return db
    .selectFrom('rights.consent')
    .select(['id', 'purpose', 'text_version', 'language', 'given_on', 'given_by', 'how', 'withdrawn_on', 'withdrawn_by'])
    .where('county_code', '=', county)
    .where('client_id', '=', clientId)
    .orderBy('given_on', 'desc')
    .orderBy('seq', 'desc')
    .execute();
}

/** Whether an emergency opens this client's record to this account now. */
export async function isGlassOpen(house: House, actor: Actor, clientId: string, now = new Date()): Promise<boolean> {
  const { county_code, account_id } = actor;
  const found = await house.database.read({ county_code, place_code: county_code, ledger: true }, (db) =>
    db
      .selectFrom('rights.break_glass')
      .select('id')
      .where('county_code', '=', county_code)
      .where('client_id', '=', clientId)
      .where('account_id', '=', account_id)
      .where('ends_at', '>', now.toISOString())
      .executeTakeFirst(),
  );
  return found !== undefined;
}

/** Emergencies that were declared, those not yet reviewed first; the record itself is not shown. */
export async function brokenGlass(db: Db, county: string) {
  const { rows } = await sql<{
    id: string;
    client_id: string;
    place_code: string;
    reason: string;
    opened_at: string;
    ends_at: string;
    verdict: string | null;
    review: string | null;
    display_name: string;
  }>`
    select g.id, g.client_id, g.place_code, g.reason, g.opened_at, g.ends_at, g.verdict, g.review, coalesce(a.display_name, '') as display_name
      from rights.break_glass g left join access.account a on a.county_code = ${county} and a.id = g.account_id
     where g.county_code = ${county} order by g.verdict is not null, g.opened_at desc limit 200`.execute(db);
  return rows;
}

/** Emergencies declared over one client's record: she sees the reason beside every look it opened. */
export function glassesOver(db: Db, county: string, clientId: string) {
  return db
    .selectFrom('rights.break_glass')
    .select(['account_id', 'reason', 'opened_at', 'ends_at'])
    .where('county_code', '=', county)
    .where('client_id', '=', clientId)
    .execute();
}

/** Requests of clients about their own data, those whose clock runs out first in front. */
export function dataRequests(db: Db, county: string, clientId?: string) {
  let found = db
    .selectFrom('rights.data_request')
    .select(['id', 'client_id', 'place_code', 'kind', 'opened_on', 'due_on', 'status', 'decision', 'reason', 'decided_on', 'words_sealed'])
    .where('county_code', '=', county);
  if (clientId) found = found.where('client_id', '=', clientId);
  return found.orderBy('status', 'desc').orderBy('due_on').limit(500).execute();
}

export interface LookLine {
  n: number;
  at: string;
  action: string;
  what: string;
  duty: string;
  account_id: string | null;
  display_name: string;
  place_code: string;
  clients: number;
  detail: string;
}

/** Who looked at a client's record and what they did with it, newest first; of all clients when none is named. */
export async function looksAt(db: Db, county: string, clientId: string | undefined, before = Number.MAX_SAFE_INTEGER): Promise<LookLine[]> {
  const whose = clientId ? sql`and l.client_ids @> array[${clientId}]::uuid[]` : sql``;
  const { rows } = await sql<LookLine>`
    select l.n, l.at, l.action, l.what, l.duty, l.account_id, l.place_code, cardinality(l.client_ids) as clients, l.detail, coalesce(a.display_name, '') as display_name
      from access.look l left join access.account a on a.county_code = ${county} and a.id = l.account_id
     where l.county_code = ${county} and l.n < ${before} ${whose} order by l.n desc limit 200`.execute(db);
  return rows;
}

/** What retention deleted, newest first. */
export function retained(db: Db, county: string) {
  return db
    .selectFrom('rights.retention')
    .select(['at', 'what', 'reason', 'deleted'])
    .where('county_code', '=', county)
    .orderBy('at', 'desc')
    .orderBy('what')
    .limit(200)
    .execute();
}

/** Complaints on the desk, those whose clock runs out first in front; what is sealed stays sealed. */
export function complaintsOnDesk(db: Db, county: string, id?: string) {
  let found = db.selectFrom('rights.complaint').selectAll().where('county_code', '=', county);
  if (id) found = found.where('id', '=', id);
  return found.orderBy('decided_on', 'desc').orderBy('decide_by').limit(500).execute();
}

/** Decided complaints by year, kind and place: what the public and the evaluation may know. */
export function complaintOutcomes(db: Db, county: string) {
  return db
    .selectFrom('rights.complaint_outcome')
    .select(['year', 'kind', 'place_code', 'facility_id', 'outcome', 'blinded_summary', 'remedy'])
    .where('county_code', '=', county)
    .execute();
}

/** The places where a complaint was found to be right, by year: no award goes there that year [R10]. */
export async function vetoes(db: Db, county: string, year: number): Promise<{ place_code: string; facility_id: string | null; kind: string }[]> {
  return db
    .selectFrom('rights.complaint_outcome')
    .select(['place_code', 'facility_id', 'kind'])
    .where('county_code', '=', county)
    .where('year', '=', year)
    .where('outcome', '=', 'substantiated')
    .execute();
}
