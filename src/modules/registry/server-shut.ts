import { sql } from 'kysely';
import type { Room } from '../../platform/room.ts';
import { family } from './server-family.ts';

/** A client as the work of rights sees her: shut records too. */
export interface ProtectedClient {
  id: string;
  place_code: string;
  born_on: string;
  purposes: string[];
  restricted: boolean;
  erased: boolean;
}

/** The clients by identifier, shut records included; call it with the eyes of the whole county. */
export async function protectedClients(room: Room, ids: readonly string[]): Promise<Map<string, ProtectedClient>> {
  const { rows } = await sql<ProtectedClient>`
    select id, place_code, born_on, purposes, restricted, erased from registry.client
     where county_code = ${room.county_code} and id = any(${[...new Set(ids)]}::uuid[]) and merged_into_id is null`.execute(room.db);
  return new Map(rows.map((row) => [row.id, row]));
}

/** A client who leaves a place's lists: phones there take her off at the next pull. */
export interface Departure {
  seq: number;
  client_id: string;
  place_code: string;
  reason: 'moved' | 'merged' | 'withdrawn' | 'erased';
}

export async function leave(room: Room, departures: readonly Departure[]): Promise<void> {
  await room.insertRows(
    'registry.departure',
    departures.map((one) => ({ county_code: room.county_code, ...one })),
    'on conflict (county_code, seq, client_id) do nothing',
  );
}

/** Keeps what a client has agreed to, and the day she last took back being followed up. Without `care` her record is shut: no list, search, phone or export shows it [R4]. */
export async function setPurposes(
  room: Room,
  client: Pick<ProtectedClient, 'id' | 'place_code' | 'restricted'>,
  purposes: readonly string[],
  seq: number,
  refusedOn?: string,
): Promise<void> {
  const restricted = !purposes.includes('care');
  await sql`update registry.client set purposes = ${[...purposes].sort()}, follow_up_consented = ${purposes.includes('follow_up')}, restricted = ${restricted}, seq = ${seq},
         follow_up_refused_on = coalesce(${refusedOn ?? null}::date, follow_up_refused_on)
     where county_code = ${room.county_code} and id in ${family(room.county_code, client.id)}`.execute(room.db);
  // Open again, what is to be decided about her comes to the phones with the rest.
  if (!restricted && client.restricted)
    await sql`update registry.conflict set seq = ${seq} where county_code = ${room.county_code} and client_id = ${client.id}`.execute(room.db);
  if (restricted && !client.restricted) await leave(room, [{ seq, client_id: client.id, place_code: client.place_code, reason: 'withdrawn' }]);
}

/** Takes from the record, and from those merged into it, all that says who she is; of her birth day the year is left. Gives their ids. */
export async function eraseClient(room: Room, client: ProtectedClient, seq: number): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    update registry.client set name = '', name_pinyin = '', name_initials = '', name_sealed = null, born_on_sealed = null, record_number_sealed = null,
           phone_sealed = null, phone_index = null, id_number_sealed = null, id_number_index = null, record_number = upper(right(id::text, 12)),
           born_on = date_trunc('year', born_on::timestamp)::date, purposes = '{}', follow_up_consented = false, restricted = true, erased = true, seq = ${seq}
     where county_code = ${room.county_code} and id in ${family(room.county_code, client.id)} returning id`.execute(room.db);
  const ids = rows.map((row) => row.id);
  await sql`delete from registry.duplicate where county_code = ${room.county_code} and (client_id = any(${ids}::uuid[]) or other_id = any(${ids}::uuid[]))`.execute(
    room.db,
  );
  await sql`delete from registry.conflict where county_code = ${room.county_code} and client_id = any(${ids}::uuid[])`.execute(room.db);
  // What an amendment changed cannot be told from a journal that no longer says it.
  await sql`update registry.client_before set changed = '{}' where county_code = ${room.county_code} and id = any(${ids}::uuid[])`.execute(room.db);
  await leave(room, [{ seq, client_id: client.id, place_code: client.place_code, reason: 'erased' }]);
  return ids;
}
