import { sql } from 'kysely';
import { dayOf } from '../../kit/day.ts';
import type { Finding } from '../../kit/problem.ts';
import { isWithin } from '../../kit/scope.ts';
import type { Entry } from '../../platform/journal.ts';
import { handle, type Room, refuseEach } from '../../platform/room.ts';
import { standingUnder } from '../registry/server-family.ts';
import { book, cancelAppointment, checkIn, checkSession, closeSession, completeAppointment, openSession, rebook, slotsOf } from './appointment.ts';

interface Session {
  id: string;
  facility_id: string;
  place_code: string;
  held_on: string;
  opens_at: string;
  closes_at: string;
  slot_minutes: number;
  places_per_slot: number;
  status: string;
}
interface Appointment {
  id: string;
  client_id: string;
  session_id: string;
  held_on: string;
  status: string;
}

export const appointmentCommands = [
  handle(openSession, async (room, entries) => {
    const { rows } = await sql<{ id: string; place_code: string }>`
      select id, place_code from registry.facility where county_code = ${room.county_code} and id = any(${entries.map(({ input }) => input.facility_id)}::uuid[])`.execute(
      room.db,
    );
    const facilities = new Map(rows.map((row) => [row.id, row.place_code]));
    const lawful = refuseEach(entries, ({ input, recorded_at }) =>
      facilities.get(input.facility_id) === input.place_code ? checkSession(input, dayOf(recorded_at)) : [{ field: 'facility_id', rule: 'not_found' }],
    );
    await room.insertRows(
      'care.session',
      lawful.map(({ county_code, seq, input: { session_id, ...session } }) => ({
        county_code,
        seq,
        id: session_id,
        ...session,
        status: 'open',
      })),
    );
  }),

  handle(closeSession, async (room, entries) => {
    await room.wholeCounty(async () => {
      for (const entry of entries) {
        const { county_code, seq, input } = entry;
        const session = (await sessionsById(room, [input.session_id])).get(input.session_id);
        entry.findings =
          session?.place_code !== input.place_code
            ? [{ field: 'session_id', rule: 'not_found' }]
            : session?.status === 'open'
              ? []
              : [{ field: 'session_id', rule: 'closed_already' }];
        if (entry.findings.length > 0) continue;
        await room.updateRows('care.session', ['id'], [{ county_code, seq, id: input.session_id, status: 'closed' }]);
        await sql`update care.appointment set status = 'cancelled', seq = ${seq} where county_code = ${county_code} and session_id = ${input.session_id} and status = 'booked'`.execute(
          room.db,
        );
      }
    });
  }),

  handle(book, async (room, entries) => {
    for (const entry of entries) {
      const { county_code, seq, input } = entry;
      const client = await clientHere(room, input.client_id);
      entry.findings = client ? await whyNotThen(room, entry, client) : notFound('client_id');
      if (!client || entry.findings.length > 0) continue;
      const { session_id, slot_at, service } = input;
      const session = (await sessionsById(room, [session_id])).get(session_id) as Session;
      const { facility_id, held_on } = session;
      await room.insertRows('care.appointment', [
        {
          ...{ county_code, seq, id: input.appointment_id, client_id: client.id, recorded_client_id: input.client_id, place_code: client.place_code },
          ...{ session_id, facility_id, held_on, slot_at, service, status: 'booked', restricted: false },
        },
      ]);
      if (input.walks_in) await arrive(room, seq, { id: input.appointment_id, session_id });
    }
  }),

  handle(rebook, (room, entries) =>
    eachOf(room, entries, ['booked', 'cancelled'], async (entry) => {
      const client = await clientHere(room, entry.input.client_id);
      entry.findings = client ? await whyNotThen(room, entry, client) : notFound('client_id');
      if (entry.findings.length > 0) return;
      const { appointment_id, session_id, slot_at } = entry.input;
      const { facility_id, held_on } = (await sessionsById(room, [session_id])).get(session_id) as Session;
      const { county_code, seq } = entry;
      await room.updateRows(
        'care.appointment',
        ['id'],
        [{ county_code, seq, id: appointment_id, session_id, facility_id, held_on, slot_at, status: 'booked' }],
      );
    }),
  ),

  handle(cancelAppointment, (room, entries) =>
    eachOf(room, entries, ['booked'], async ({ county_code, seq, input }) => {
      await room.updateRows('care.appointment', ['id'], [{ county_code, seq, id: input.appointment_id, status: 'cancelled' }]);
    }),
  ),

  handle(checkIn, (room, entries) =>
    eachOf(room, entries, ['booked'], async (entry, appointment) => {
      if (entry.input.came_on !== appointment.held_on) entry.findings = [{ field: 'came_on', rule: 'another_day', values: { value: appointment.held_on } }];
      else await arrive(room, entry.seq, appointment);
    }),
  ),

  handle(completeAppointment, (room, entries) =>
    eachOf(room, entries, ['arrived'], async ({ county_code, seq, input }) => {
      await room.updateRows('care.appointment', ['id'], [{ county_code, seq, id: input.appointment_id, status: 'fulfilled' }]);
    }),
  ),
];

/** Whoever is served on the day of her appointment has kept it. */
export async function fulfilBy(room: Room, visits: readonly Entry<{ client_id: string; visited_on: string; facility_id: string }>[]): Promise<void> {
  if (visits.length === 0) return;
  const { rows } = await sql<{ id: string; client_id: string; held_on: string; facility_id: string }>`
    select id, client_id, held_on, facility_id from care.appointment where county_code = ${room.county_code}
       and client_id = any(${visits.map(({ input }) => input.client_id)}::uuid[]) and status = 'arrived'`.execute(room.db);
  if (rows.length === 0) return;
  const served = visits.flatMap(({ seq, input }) =>
    rows
      .filter((row) => row.client_id === input.client_id && row.held_on === input.visited_on && row.facility_id === input.facility_id)
      .map((row) => ({ county_code: room.county_code, seq, id: row.id, status: 'fulfilled' })),
  );
  await room.updateRows('care.appointment', ['id'], [...new Map(served.map((row) => [row.id, row])).values()]);
}

const notFound = (field: string): Finding[] => [{ field, rule: 'not_found' }];

/** The client in the actor's place: of a record that was merged meanwhile, the one it stands under now. */
async function clientHere(room: Room, id: string): Promise<{ id: string; place_code: string } | undefined> {
  const client = await room.db
    .selectFrom('registry.client')
    .select(['id', 'place_code', 'merged_into_id'])
    .where('county_code', '=', room.county_code)
    .where('id', '=', id)
    .executeTakeFirst();
  if (!client?.merged_into_id) return client;
  const kept = (await standingUnder(room, [id])).get(id);
  return kept ? clientHere(room, kept) : undefined;
}

async function sessionsById(room: Room, ids: readonly string[]): Promise<Map<string, Session>> {
  const { rows } = await sql<Session>`
    select id, facility_id, place_code, held_on, opens_at, closes_at, slot_minutes, places_per_slot, status from care.session
     where county_code = ${room.county_code} and id = any(${ids}::uuid[])`.execute(room.db);
  return new Map(rows.map((row) => [row.id, row]));
}

/** Why a slot cannot be had: counted with the eyes of the whole county, since others' appointments are nobody's to see. */
async function whyNotThen(
  room: Room,
  { input, recorded_at }: Entry<{ appointment_id: string; client_id: string; session_id: string; slot_at: string; walks_in?: boolean }>,
  client: { id: string; place_code: string },
): Promise<Finding[]> {
  const session = (await sessionsById(room, [input.session_id])).get(input.session_id);
  if (!session) return notFound('session_id');
  if (session.status !== 'open') return [{ field: 'session_id', rule: 'session_closed' }];
  if (session.held_on < dayOf(recorded_at)) return [{ field: 'session_id', rule: 'in_the_past' }];
  if (!isWithin(client.place_code, session.place_code)) return [{ field: 'session_id', rule: 'not_her_station' }];
  if (!slotsOf(session).includes(input.slot_at)) return [{ field: 'slot_at', rule: 'no_such_slot' }];
  return room.wholeCounty(async () => {
    const { rows } = await sql<{ client_id: string; slot_at: string; id: string }>`
      select id, client_id, slot_at from care.appointment where county_code = ${room.county_code} and session_id = ${input.session_id} and status <> 'cancelled'`.execute(
      room.db,
    );
    const others = rows.filter((row) => row.id !== input.appointment_id);
    if (others.some((row) => row.client_id === client.id)) return [{ field: 'session_id', rule: 'booked_already' }];
    const taken = others.filter((row) => row.slot_at === input.slot_at).length;
    return taken >= session.places_per_slot && !input.walks_in ? [{ field: 'slot_at', rule: 'slot_full' }] : [];
  });
}

/** The session's next number on the day. */
async function arrive(room: Room, seq: number, { id, session_id }: { id: string; session_id: string }): Promise<void> {
  const { county_code } = room;
  await room.wholeCounty(async () => {
    const { rows } = await sql<{ last: number }>`
      select coalesce(max(queue_number), 0)::int as last from care.appointment where county_code = ${county_code} and session_id = ${session_id}`.execute(
      room.db,
    );
    await room.updateRows('care.appointment', ['id'], [{ county_code, seq, id, status: 'arrived', queue_number: (rows[0]?.last ?? 0) + 1 }]);
  });
}

/** One after the other, each with its appointment; refused when it is not there, not hers, or not in one of these states. */
async function eachOf<I extends { appointment_id: string; client_id: string }>(
  room: Room,
  entries: readonly Entry<I>[],
  states: readonly string[],
  work: (entry: Entry<I>, appointment: Appointment) => Promise<void>,
): Promise<void> {
  for (const entry of entries) {
    const { appointment_id, client_id } = entry.input;
    // Replayed later, a day that is past must be seen as it was; whose she is was checked by her client's row.
    const client = await clientHere(room, client_id);
    const [appointment] = client
      ? await room.wholeCounty(async () => {
          const { rows } = await sql<Appointment>`
            select id, client_id, session_id, held_on, status from care.appointment where county_code = ${room.county_code} and id = ${appointment_id} and client_id = ${client.id}`.execute(
            room.db,
          );
          return rows;
        })
      : [];
    entry.findings = !appointment
      ? notFound('appointment_id')
      : states.includes(appointment.status)
        ? []
        : [{ field: 'appointment_id', rule: 'appointment_is_over' }];
    if (appointment && entry.findings.length === 0) await room.wholeCounty(() => work(entry, appointment));
  }
}
