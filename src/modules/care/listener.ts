import { sql } from 'kysely';
import { dayOf } from '../../kit/day.ts';
import type { Answers } from '../../kit/form.ts';
import type { Entry } from '../../platform/journal.ts';
import type { Listener, Room } from '../../platform/room.ts';
import { amendClient, decideConflict, mergeClients, unmergeClients } from '../registry/client.ts';
import { family } from '../registry/server-family.ts';
import { type ProtectedClient, protectedClients } from '../registry/server-shut.ts';
import { giveConsent, withdrawConsent } from '../rights/consent.ts';
import { decideRequest } from '../rights/request.ts';
import { followUpRow } from './commands.ts';
import { followUpsOf } from './schedule.ts';
import { heedWithdrawal } from './server-messages.ts';
import { schedulesOf } from './server-schedules.ts';
import type { Visit } from './visit.ts';

/** When two records turn out to be one person, her visits come together; when that was a mistake, each goes back where it was recorded. */
export const careListeners: Listener[] = [
  { hears: mergeClients.name, work: (room, entries) => moveVisits(room, entries as never, 'merge') },
  { hears: amendClient.name, work: (room, entries) => followClient(room, entries as never) },
  { hears: decideConflict.name, work: (room, entries) => followClient(room, entries as never) },
  { hears: giveConsent.name, work: (room, entries) => followPurposes(room, entries as never) },
  { hears: withdrawConsent.name, work: (room, entries) => heedWithdrawal(room, entries as never) },
  { hears: withdrawConsent.name, work: (room, entries) => followPurposes(room, entries as never) },
  { hears: decideRequest.name, work: (room, entries) => followPurposes(room, entries as never) },
  { hears: unmergeClients.name, work: (room, entries) => moveVisits(room, entries as never, 'unmerge') },
];

/**
 * What a client agrees to holds for her visits and follow-ups too: a shut record's leave every list, who does not agree to be followed up
 * has nothing due [R2, R4], and of an erased one the free words and the age go.
 */
async function followPurposes(room: Room, entries: readonly Entry<{ client_id: string }>[]): Promise<void> {
  await room.wholeCounty(async () => {
    const clients = await protectedClients(
      room,
      entries.map(({ input }) => input.client_id),
    );
    for (const { seq, input, recorded_at } of entries) {
      const client = clients.get(input.client_id);
      if (!client) continue;
      const { restricted, erased, id } = client;
      const mine = sql`client_id = ${id}`;
      await sql`update care.visit set restricted = ${restricted}, seq = ${seq} where ${mine} and county_code = ${room.county_code} and restricted is distinct from ${restricted}`.execute(
        room.db,
      );
      await sql`update care.follow_up set restricted = ${restricted}, seq = ${seq} where ${mine} and county_code = ${room.county_code} and restricted is distinct from ${restricted}`.execute(
        room.db,
      );
      await sql`update care.appointment set restricted = ${restricted}, seq = ${seq} where ${mine} and county_code = ${room.county_code} and restricted is distinct from ${restricted}`.execute(
        room.db,
      );
      if (erased) await sql`delete from care.contact_choice where county_code = ${room.county_code} and ${mine}`.execute(room.db);
      await followConsent(room, client, seq, dayOf(recorded_at));
      if (erased)
        await sql`update care.visit set note = null, note_sealed = null, client_age = extract(year from age(visited_on, ${client.born_on}::date)), seq = ${seq} where ${mine} and county_code = ${room.county_code}`.execute(
          room.db,
        );
    }
  });
}

/** Each kind needs its purpose: what was due and is not agreed to any more is cancelled; agreed to again, what is still to come is taken up again. */
async function followConsent(room: Room, client: ProtectedClient, seq: number, day: string): Promise<void> {
  const { kinds } = schedulesOf(room.packs);
  const agreed = Object.entries(kinds).flatMap(([kind, { consent }]) => (client.purposes.includes(consent) ? [kind] : []));
  const hers = sql`client_id = ${client.id} and done_on is null`;
  await sql`update care.follow_up set consented = false, status = 'cancelled', seq = ${seq} where county_code = ${room.county_code} and ${hers} and consented and not kind = any(${agreed})`.execute(
    room.db,
  );
  await sql`update care.follow_up set consented = true, status = 'requested', seq = ${seq}
     where county_code = ${room.county_code} and ${hers} and not consented and not voided and kind = any(${agreed}) and closes_on >= ${day}::date`.execute(
    room.db,
  );
  if (!client.purposes.includes('reminders')) return;
  // What reminders need was not kept while she had not agreed to them: it follows from her visits.
  const visits = await room.db
    .selectFrom('care.visit')
    .selectAll()
    .where('county_code', '=', room.county_code)
    .where('client_id', '=', client.id)
    .where('voided', '=', false)
    .execute();
  const rows = visits.flatMap((row) => {
    const given = Object.fromEntries(Object.entries({ ...row, visit_id: row.id }).filter(([, value]) => value !== null)) as unknown as Visit;
    return followUpsOf(given, schedulesOf(room.packs), dayOf(row.recorded_at), client.purposes)
      .filter((due) => kinds[due.kind].consent === 'reminders' && due.closes_on >= day)
      .map((due) => followUpRow(room, seq, given, due, row.recorded_client_id));
  });
  await room.insertRows('care.follow_up', rows, 'on conflict (county_code, id) do nothing');
}

/** Her particulars were put right: what she agreed to, and if she lives elsewhere now what phones there are to carry. */
async function followClient(room: Room, entries: readonly Entry<{ client_id: string; place_code?: string }>[]): Promise<void> {
  await followPurposes(room, entries);
  await room.wholeCounty(async () => {
    for (const { seq, input, command } of entries)
      if (input.place_code !== undefined || command === decideConflict.name)
        for (const table of clientTables)
          await sql`update ${sql.raw(table)} set seq = ${seq} where county_code = ${room.county_code} and client_id = ${input.client_id}`.execute(room.db);
    for (const { seq, input } of entries)
      for (const table of ['care.appointment', 'care.contact_choice'])
        await sql`update ${sql.raw(table)} t set place_code = c.place_code, seq = ${seq} from registry.client c
           where t.county_code = ${room.county_code} and c.county_code = ${room.county_code} and c.id = t.client_id and c.id = ${input.client_id} and c.place_code <> t.place_code`.execute(
          room.db,
        );
  });
}

/** The tables of this chapter that hold rows about a client. */
const clientTables = ['care.visit', 'care.follow_up', 'care.appointment'] as const;

/** Wherever they were made: a visit follows its client, and back with all that had come together under hers before. */
async function moveVisits(room: Room, entries: readonly Entry<Answers<typeof mergeClients.form>>[], direction: 'merge' | 'unmerge'): Promise<void> {
  await room.wholeCounty(async () => {
    for (const { seq, input } of entries) {
      const { kept_id, other_id } = input;
      const to = direction === 'merge' ? kept_id : other_id;
      const match =
        direction === 'merge' ? sql`client_id = ${other_id}` : sql`client_id = ${kept_id} and recorded_client_id in ${family(room.county_code, other_id)}`;
      for (const table of clientTables) {
        await sql`update ${sql.raw(table)} set client_id = ${to}, seq = ${seq} where county_code = ${room.county_code} and ${match}`.execute(room.db);
        // What stays with the kept record comes to the phones anew, with her.
        if (direction === 'unmerge')
          await sql`update ${sql.raw(table)} set seq = ${seq} where county_code = ${room.county_code} and client_id = ${kept_id}`.execute(room.db);
      }
    }
  });
}
