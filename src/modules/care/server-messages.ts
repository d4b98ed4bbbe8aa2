import { sql } from 'kysely';
import type { Entry } from '../../platform/journal.ts';
import { handle, type Room, refuseEach } from '../../platform/room.ts';
import { checkContact, chooseContact } from './message.ts';

export const contactCommands = [
  handle(chooseContact, async (room, entries) => {
    const { rows } = await sql<{ id: string; place_code: string }>`
      select id, place_code from registry.client where county_code = ${room.county_code} and id = any(${entries.map(({ input }) => input.client_id)}::uuid[])`.execute(
      room.db,
    );
    const places = new Map(rows.map((row) => [row.id, row.place_code]));
    const lawful = refuseEach(entries, ({ input, is_shut }) =>
      places.has(input.client_id) ? (is_shut ? [] : checkContact(input)) : [{ field: 'client_id', rule: 'not_found' }],
    );
    const last = [...new Map(lawful.map((entry) => [entry.input.client_id, entry])).values()];
    await room.insertRows(
      'care.contact_choice',
      last.map(({ county_code, seq, input, sealed }) => ({
        ...{ county_code, seq, client_id: input.client_id, place_code: places.get(input.client_id) as string },
        ...{ channel: input.channel, from_hour: input.from_hour, to_hour: input.to_hour, language: input.language, email_sealed: sealed['email'] ?? null },
      })),
      `on conflict (county_code, client_id) do update set channel = excluded.channel, email_sealed = excluded.email_sealed, from_hour = excluded.from_hour,
         to_hour = excluded.to_hour, language = excluded.language, place_code = excluded.place_code, seq = excluded.seq`,
    );
    await stopMessages(
      room,
      lawful.filter(({ input }) => input.channel === 'none').map(({ input }) => input.client_id),
    );
  }),
];

/** What waits to be sent to these clients is not sent. */
export async function stopMessages(room: Room, clients: readonly string[]): Promise<void> {
  if (clients.length === 0) return;
  await sql`update care.message set status = 'stopped' where county_code = ${room.county_code} and status = 'queued' and client_id = any(${clients}::uuid[])`.execute(
    room.db,
  );
}

/** Who takes back reminders, or the record itself, gets no message that was waiting [R4]. */
export async function heedWithdrawal(room: Room, entries: readonly Entry<{ client_id: string; purpose: string }>[]): Promise<void> {
  await room.wholeCounty(() =>
    stopMessages(
      room,
      entries.filter(({ input }) => ['reminders', 'care'].includes(input.purpose)).map(({ input }) => input.client_id),
    ),
  );
}
