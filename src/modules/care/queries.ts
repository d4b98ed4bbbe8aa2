import { sql } from 'kysely';
import { addDays } from '../../kit/day.ts';
import { type Database, type Db, enter } from '../../platform/database.ts';
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
      select count(*) over () as total, f.* from (
        select f.id, f.client_id, f.place_code, f.kind, f.step, f.opens_on, f.due_on, f.closes_on, f.done_on, f.status, f.consented, f.voided, null as slot_at
          from care.follow_up f where ${open} and ${here}
        union all
        select f.id, f.client_id, f.place_code, 'appointment', 0, f.held_on, f.held_on, f.held_on, null, 'requested', true, false, f.slot_at
          from care.appointment f where f.county_code = ${county} and f.status = 'booked' and f.held_on between ${day}::date and ${addDays(day, soonDays)}::date and not f.restricted and ${here}) f
       order by case when ${day}::date > f.closes_on then 0 when ${day}::date >= f.opens_on then 1 else 2 end, ${of((kind) => kind.priority)}, f.due_on, f.id
       limit ${limit}) d
      join registry.client c on c.county_code = ${county} and c.id = d.client_id`.execute(db);
  return { rows, total: rows[0]?.total ?? 0 };
}

/** Codes that begin with a place's: as a range, so that an index is walked. */
const starts = (place: string) => sql`f.place_code >= ${place} and f.place_code < ${`${place}\u{10ffff}`}`;

/** The journal's numbers that a client's rows carry, newest first. */
export async function numbersOn(db: Db, county: string, clientId: string): Promise<number[]> {
  const { rows } = await sql<{ seq: number }>`
      select seq from registry.client where county_code = ${county} and id = ${clientId}
      union select seq from registry.client_before where county_code = ${county} and id = ${clientId}
      union select seq from care.visit where county_code = ${county} and client_id = ${clientId}
      union select seq from care.visit_before where county_code = ${county} and client_id = ${clientId}
      union select seq from care.follow_up where county_code = ${county} and client_id = ${clientId}
      union select seq from care.appointment where county_code = ${county} and client_id = ${clientId}
      union select seq from care.contact_choice where county_code = ${county} and client_id = ${clientId}
      union select seq from registry.conflict where county_code = ${county} and client_id = ${clientId}
      union select seq from rights.consent where county_code = ${county} and client_id = ${clientId}
      union select seq from rights.data_request where county_code = ${county} and client_id = ${clientId}
      order by seq desc limit 200`.execute(db);
  return rows.map(({ seq }) => seq);
}

/** Who wrote these entries of the journal, newest first; `by_client` where it was she herself. */
export function writersOf(database: Database, county: string, seqs: readonly number[], clientId: string) {
  return database.read({ county_code: county, place_code: county, ledger: true }, async (ledger) => {
    const { rows } = await sql<{ seq: number; at: string; command: string; display_name: string; by_client: boolean }>`
      select e.seq, e.recorded_at as at, e.command, coalesce(a.display_name, '') as display_name, e.actor_id = ${clientId} as by_client
        from journal.entry e left join access.account a on a.county_code = ${county} and a.id = e.actor_id
       where e.county_code = ${county} and e.seq = any(${seqs}::bigint[]) order by e.seq desc`.execute(ledger);
    return rows;
  });
}

/**
 * The sessions that can be booked from a day on at the stations above and within a place, and how many places of each slot are taken: by
 * the user who sees numbers of the whole county and nobody's row to show.
 */
export async function sessionsFrom({ count }: Pick<Database, 'count'>, county: string, place: string, day: string) {
  return count.transaction().execute(async (db) => {
    await enter(db, { county_code: county, place_code: county });
    const { rows: sessions } = await sql<{
      id: string;
      facility_id: string;
      place_code: string;
      held_on: string;
      opens_at: string;
      closes_at: string;
      slot_minutes: number;
      places_per_slot: number;
      name_zh: string;
      name_en: string | null;
    }>`
      select s.id, s.facility_id, s.place_code, s.held_on, s.opens_at, s.closes_at, s.slot_minutes, s.places_per_slot, f.name_zh, f.name_en
        from care.session s join registry.facility f on f.county_code = ${county} and f.id = s.facility_id
       where s.county_code = ${county} and s.held_on >= ${day}::date and s.status = 'open' and (starts_with(${place}, s.place_code) or starts_with(s.place_code, ${place}))
       order by s.held_on, s.opens_at, s.id limit 200`.execute(db);
    const taken = new Map<string, Record<string, number>>();
    if (sessions.length === 0) return { sessions, taken };
    const { rows } = await sql<{ session_id: string; slot_at: string; taken: number }>`
      select session_id, slot_at, count(*)::int as taken from care.appointment
       where county_code = ${county} and session_id = any(${sessions.map((session) => session.id)}::uuid[]) and status <> 'cancelled'
       group by session_id, slot_at`.execute(db);
    for (const row of rows) taken.set(row.session_id, { ...taken.get(row.session_id), [row.slot_at]: row.taken });
    return { sessions, taken };
  });
}

/** Who is expected and who has come to a session: on its day and before. Afterwards only who came: those who did not are in no list [R2]. */
export async function queueOf(db: Db, county: string, session: string) {
  const { rows } = await sql<{
    id: string;
    client_id: string;
    name: string;
    slot_at: string;
    service: string;
    status: string;
    queue_number: number | null;
    held_on: string;
  }>`
    select a.id, a.client_id, c.name, a.slot_at, a.service, a.status, a.queue_number, a.held_on from care.appointment a
      join registry.client c on c.county_code = ${county} and c.id = a.client_id
     where a.county_code = ${county} and a.session_id = ${session} and a.status <> 'cancelled'
     order by (a.status = 'fulfilled'), a.queue_number nulls last, a.slot_at, a.id`.execute(db);
  return rows;
}

/** A client's appointments from a day on and those she kept, and how she wants to be told. */
export async function appointmentsOf(db: Db, county: string, clientId: string, day: string) {
  const { rows: appointments } = await sql<{
    id: string;
    session_id: string;
    held_on: string;
    slot_at: string;
    service: string;
    status: string;
    queue_number: number | null;
    name_zh: string;
    name_en: string | null;
  }>`
    select a.id, a.session_id, a.held_on, a.slot_at, a.service, a.status, a.queue_number, f.name_zh, f.name_en from care.appointment a
      join registry.facility f on f.county_code = ${county} and f.id = a.facility_id
     where a.county_code = ${county} and a.client_id = ${clientId} and (a.held_on >= ${day}::date or a.status = 'fulfilled')
     order by a.held_on desc, a.slot_at limit 100`.execute(db);
  const contact = await db
    .selectFrom('care.contact_choice')
    .select(['channel', 'from_hour', 'to_hour', 'language'])
    .where('county_code', '=', county)
    .where('client_id', '=', clientId)
    .executeTakeFirst();
  const { rows: messages } = await sql<{ id: string; kind: string; channel: string | null; status: string; last_at: string | null; next_at: string }>`
    select id, kind, channel, status, last_at, next_at from care.message where county_code = ${county} and client_id = ${clientId} order by next_at desc limit 50`.execute(
    db,
  );
  return { appointments, contact: contact ?? null, messages };
}
