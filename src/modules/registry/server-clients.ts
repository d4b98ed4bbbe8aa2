import { sql } from 'kysely';
import { today } from '../../kit/day.ts';
import type { Answers } from '../../kit/form.ts';
import type { Entry } from '../../platform/journal.ts';
import { handle, type Room, refuseEach } from '../../platform/room.ts';
import { amendClient, checkClient, decideConflict, keepApart, mergeClients, registerClient, unmergeClients } from './client.ts';
import { findDuplicates } from './duplicates.ts';
import { amendAll, clientsById, decideAll, identity } from './server-merge.ts';
import { checkKnown, placesThere } from './server-places.ts';
import { leave } from './server-shut.ts';

/** What can happen to the people who came: registered, put right, two records made one and taken apart. */
export const clientCommands = [
  handle(registerClient, async (room, entries) => {
    const places = await placesThere(room);
    const taken = await takenNumbers(
      room,
      entries.flatMap(({ input }) => input.record_number ?? []),
    );
    const lawful = refuseEach(entries, ({ input, recorded_at }) => {
      const number = input.record_number;
      if (number && taken.has(number)) return [{ field: 'record_number', rule: 'record_number_is_free', values: { value: number } }];
      if (number) taken.add(number);
      const late = input.contacted_on > today('Asia/Shanghai', new Date(recorded_at)) ? [{ field: 'contacted_on', rule: 'in_the_future' }] : [];
      return [...checkKnown(places, input.place_code), ...checkClient(input), ...late];
    });
    await room.insertRows(
      'registry.client',
      lawful.map((entry) => ({
        county_code: entry.county_code,
        seq: entry.seq,
        id: entry.input.client_id,
        record_number: entry.input.record_number ?? entry.input.client_id.slice(-12).toUpperCase(),
        sex: entry.input.sex,
        born_on: entry.input.born_on,
        residence: entry.input.residence,
        place_code: entry.input.place_code,
        contact_reason: entry.input.contact_reason,
        contacted_on: entry.input.contacted_on,
        follow_up_consented: entry.input.follow_up_consented,
        version: 1,
        recorded_at: entry.recorded_at,
        purposes: entry.input.follow_up_consented ? ['care', 'follow_up'] : ['care'],
        name: '',
        name_pinyin: '',
        name_initials: '',
        ...identity(room, entry),
      })),
    );
    await findDuplicates(
      room,
      lawful.map(({ input }) => input.client_id),
    );
  }),
  handle(amendClient, async (room, entries) => {
    await amendAll(room, entries);
    await findDuplicates(
      room,
      entries.filter(({ findings }) => findings.length === 0).map(({ input }) => input.client_id),
    );
  }),
  handle(decideConflict, decideAll),
  handle(mergeClients, async (room, entries) => {
    const clients = await clientsById(
      room,
      entries.flatMap(({ input }) => [input.kept_id, input.other_id]),
    );
    const lawful = refuseEach(entries, ({ input }) => {
      const [kept, other] = [clients.get(input.kept_id), clients.get(input.other_id)];
      if (!kept || !other || input.kept_id === input.other_id) return [{ field: 'other_id', rule: 'not_found' }];
      return kept.merged_into_id || other.merged_into_id ? [{ field: 'other_id', rule: 'merged_already' }] : [];
    });
    await room.updateRows(
      'registry.client',
      ['id'],
      lawful.map(({ county_code, seq, input }) => ({ county_code, seq, id: input.other_id, merged_into_id: input.kept_id })),
    );
    // What phones carry under the other record comes down again under the kept one.
    await leave(
      room,
      lawful.map(({ seq, input }) => ({
        seq,
        client_id: input.other_id,
        place_code: (clients.get(input.other_id) as { place_code: string }).place_code,
        reason: 'merged' as const,
      })),
    );
    await markPair(room, lawful, 'merged');
  }),
  handle(unmergeClients, async (room, entries) => {
    const clients = await clientsById(
      room,
      entries.flatMap(({ input }) => [input.other_id, input.kept_id]),
    );
    const lawful = refuseEach(entries, ({ input }) =>
      clients.get(input.other_id)?.merged_into_id === input.kept_id && clients.has(input.kept_id) ? [] : [{ field: 'other_id', rule: 'not_merged' }],
    );
    await room.updateRows(
      'registry.client',
      ['id'],
      lawful.map(({ county_code, seq, input }) => ({ county_code, seq, id: input.other_id, merged_into_id: null })),
    );
    // Phones that carry the kept record let go of all of it and take anew what is still hers.
    for (const { county_code, seq, input } of lawful) {
      const { id, place_code } = clients.get(input.kept_id) as { id: string; place_code: string };
      await leave(room, [{ seq, client_id: id, place_code, reason: 'merged' }]);
      await sql`update registry.client set seq = ${seq} where county_code = ${county_code} and id = ${id}`.execute(room.db);
      await sql`update registry.conflict set seq = ${seq} where county_code = ${county_code} and client_id = any(${[id, input.other_id]}::uuid[])`.execute(
        room.db,
      );
    }
    await markPair(room, lawful, 'open');
  }),
  handle(keepApart, async (room, entries) => {
    const clients = await clientsById(
      room,
      entries.flatMap(({ input }) => [input.kept_id, input.other_id]),
    );
    const lawful = refuseEach(entries, ({ input }) =>
      clients.has(input.kept_id) && clients.has(input.other_id) ? [] : [{ field: 'other_id', rule: 'not_found' }],
    );
    await markPair(room, lawful, 'apart');
  }),
];

async function takenNumbers(room: Room, numbers: string[]): Promise<Set<string>> {
  if (numbers.length === 0) return new Set();
  return room.wholeCounty(async () => {
    const rows = await sql<{
      record_number: string;
    }>`select record_number from registry.client where county_code = ${room.county_code} and record_number = any(${numbers})`.execute(room.db);
    return new Set(rows.rows.map((row) => row.record_number));
  });
}

async function markPair(room: Room, entries: readonly Entry<Answers<typeof keepApart.form>>[], status: string): Promise<void> {
  await room.wholeCounty(async () => {
    for (const { county_code, seq, input } of entries) {
      const [client_id, other_id] = [input.kept_id, input.other_id].sort() as [string, string];
      await room.insertRows(
        'registry.duplicate',
        [{ county_code, seq, client_id, other_id, place_code: county_code, score: 0, reasons: ['said_by_a_person'], status }],
        'on conflict (county_code, client_id, other_id) do update set status = excluded.status, seq = excluded.seq',
      );
    }
  });
}
