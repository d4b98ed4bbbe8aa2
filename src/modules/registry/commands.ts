import { sql } from 'kysely';
import { today } from '../../kit/day.ts';
import type { Answers } from '../../kit/form.ts';
import type { Finding } from '../../kit/problem.ts';
import type { Entry } from '../../platform/journal.ts';
import { handle, type Room, refuseEach } from '../../platform/run.ts';
import { blindIndex } from '../../platform/seal.ts';
import { amendClient, type ClientAnswers, checkClient, keepApart, mergeClients, registerClient, unmergeClients } from './client.ts';
import { findDuplicates } from './duplicates.ts';
import { nameKeys, plainPhone } from './name-keys.ts';
import { closePlace, countBirths, countPopulation, enrolWorker, estimate, openFacility, openPlace } from './place.ts';
import { leave } from './server-shut.ts';

/** The last of several entries about the same thing: what is written when one batch says it twice. */
function lastOf<E>(entries: readonly E[], key: (entry: E) => string): E[] {
  return [...new Map(entries.map((entry) => [key(entry), entry])).values()];
}

async function placesThere(room: Room): Promise<Set<string>> {
  const rows = await room.db.selectFrom('registry.place').select('place_code').where('county_code', '=', room.county_code).execute();
  return new Set(rows.map((row) => row.place_code));
}

const checkKnown = (places: Set<string>, code: string): Finding[] =>
  places.has(code) ? [] : [{ field: 'place_code', rule: 'unknown_place', values: { value: code } }];

const placeCommands = [
  handle(openPlace, async (room, entries) => {
    const places = await placesThere(room);
    const lawful = refuseEach(entries, ({ input, county_code }) => {
      const { place_code, parent_code } = input;
      if (places.has(place_code)) return [{ field: 'place_code', rule: 'place_is_there', values: { value: place_code } }];
      if (!parent_code && place_code !== county_code) return [{ field: 'parent_code', rule: 'required' }];
      if (parent_code && !places.has(parent_code)) return [{ field: 'parent_code', rule: 'unknown_place', values: { value: parent_code } }];
      if (parent_code && (!place_code.startsWith(parent_code) || place_code === parent_code))
        return [{ field: 'place_code', rule: 'code_begins_with_parent', values: { value: parent_code } }];
      places.add(place_code);
      return [];
    });
    await room.insertRows(
      'registry.place',
      lawful.map(({ county_code, seq, input }) => ({ county_code, seq, ...input })),
    );
  }),
  handle(closePlace, async (room, entries) => {
    const places = await placesThere(room);
    const lawful = refuseEach(entries, ({ input }) => {
      const unknown = [input.place_code, ...(input.succeeded_by?.split(' ') ?? [])].find((code) => !places.has(code));
      return unknown ? [{ field: 'place_code', rule: 'unknown_place', values: { value: unknown } }] : [];
    });
    await room.updateRows(
      'registry.place',
      ['place_code'],
      lawful.map(({ county_code, seq, input }) => ({
        county_code,
        seq,
        place_code: input.place_code,
        valid_until: input.valid_until,
        succeeded_by: input.succeeded_by?.split(' ') ?? [],
      })),
    );
  }),
  handle(countPopulation, async (room, entries) => {
    const places = await placesThere(room);
    const lawful = refuseEach(entries, ({ input }) =>
      input.age_to < input.age_from ? [{ field: 'age_to', rule: 'ends_before_it_begins' }] : checkKnown(places, input.place_code),
    );
    const rows = lastOf(lawful, ({ input }) => [input.year, input.place_code, input.sex, input.age_from, input.residence].join());
    await room.insertRows(
      'registry.population',
      rows.map(({ county_code, seq, input }) => ({ county_code, seq, ...input })),
      'on conflict (county_code, year, place_code, sex, age_from, residence) do update set age_to = excluded.age_to, people = excluded.people, source = excluded.source, seq = excluded.seq',
    );
  }),
  handle(estimate, async (room, entries) => {
    const places = await placesThere(room);
    const rows = lastOf(
      refuseEach(entries, ({ input }) => checkKnown(places, input.place_code)),
      ({ input }) => [input.year, input.place_code, input.name].join(),
    );
    await room.insertRows(
      'registry.estimate',
      rows.map(({ county_code, seq, input }) => ({ county_code, seq, ...input })),
      'on conflict (county_code, year, place_code, name) do update set people = excluded.people, method = excluded.method, source = excluded.source, seq = excluded.seq',
    );
  }),
  handle(countBirths, async (room, entries) => {
    const places = await placesThere(room);
    const lawful = refuseEach(entries, ({ input }) =>
      input.month_on.endsWith('-01') ? checkKnown(places, input.place_code) : [{ field: 'month_on', rule: 'first_of_month' }],
    );
    await room.insertRows(
      'registry.birth_count',
      lastOf(lawful, ({ input }) => [input.month_on, input.place_code, input.sex].join()).map(({ county_code, seq, input }) => ({
        county_code,
        seq,
        ...input,
      })),
      'on conflict (county_code, month_on, place_code, sex) do update set births = excluded.births, source = excluded.source, seq = excluded.seq',
    );
  }),
  handle(openFacility, async (room, entries) => {
    const places = await placesThere(room);
    const lawful = refuseEach(entries, ({ input }) => checkKnown(places, input.place_code));
    await room.insertRows(
      'registry.facility',
      lawful.map(({ county_code, seq, input: { facility_id, ...facility } }) => ({ county_code, seq, id: facility_id, ...facility })),
    );
  }),
  handle(enrolWorker, async (room, entries) => {
    const facilities = await room.db.selectFrom('registry.facility').select(['id', 'facility_number']).where('county_code', '=', room.county_code).execute();
    const ids = new Map(facilities.map((row) => [row.facility_number, row.id]));
    const lawful = refuseEach(entries, ({ input }) =>
      ids.has(input.facility_number) ? [] : [{ field: 'facility_number', rule: 'unknown_facility', values: { value: input.facility_number } }],
    );
    await room.insertRows(
      'registry.health_worker',
      lawful.map(({ county_code, seq, input: { health_worker_id, facility_number, ...worker } }) => ({
        county_code,
        seq,
        id: health_worker_id,
        facility_id: ids.get(facility_number) as string,
        ...worker,
      })),
    );
  }),
];

const clientCommands = [
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
    const before = await clientsById(
      room,
      entries.map(({ input }) => input.client_id),
    );
    const lawful = refuseEach(entries, ({ input }) => {
      const row = before.get(input.client_id);
      if (!row) return [{ field: 'client_id', rule: 'not_found' }];
      if (row.version !== input.version) return [{ field: 'version', rule: 'changed_meanwhile', values: { value: row.version } }];
      return checkClient({ born_on: row.born_on, contacted_on: row.contacted_on, sex: row.sex as 'male' | 'female', ...input });
    });
    // One at a time per client: a second amendment in the same batch saw the same version and is refused by the key of client_before.
    await room.insertRows(
      'registry.client_before',
      lawful.map(({ county_code, seq, input }) => {
        const row = before.get(input.client_id) as NonNullable<ReturnType<typeof before.get>>;
        return { county_code, seq, id: row.id, version: row.version, place_code: row.place_code, row: withoutNames(row) };
      }),
    );
    for (const entry of lawful) {
      const { client_id, version, name, phone, id_number, ...rest } = entry.input;
      const row = before.get(client_id) as NonNullable<ReturnType<typeof before.get>>;
      const changed = identity(room, entry as unknown as Entry<ClientAnswers>);
      await room.updateRows(
        'registry.client',
        ['id'],
        [
          {
            county_code: entry.county_code,
            seq: entry.seq,
            id: client_id,
            version: version + 1,
            ...rest,
            ...changed,
            ...agreed(row, rest.follow_up_consented),
          },
        ],
      );
      if (rest.place_code && rest.place_code !== row.place_code)
        await leave(room, [{ seq: entry.seq, client_id, place_code: row.place_code, reason: 'moved' }]);
    }
    await findDuplicates(
      room,
      lawful.map(({ input }) => input.client_id),
    );
  }),
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
    await markPair(room, lawful, 'merged');
  }),
  handle(unmergeClients, async (room, entries) => {
    const clients = await clientsById(
      room,
      entries.map(({ input }) => input.other_id),
    );
    const lawful = refuseEach(entries, ({ input }) =>
      clients.get(input.other_id)?.merged_into_id === input.kept_id ? [] : [{ field: 'other_id', rule: 'not_merged' }],
    );
    await room.updateRows(
      'registry.client',
      ['id'],
      lawful.map(({ county_code, seq, input }) => ({ county_code, seq, id: input.other_id, merged_into_id: null })),
    );
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

export const registryCommands = [...placeCommands, ...clientCommands];

async function takenNumbers(room: Room, numbers: string[]): Promise<Set<string>> {
  if (numbers.length === 0) return new Set();
  return room.wholeCounty(async () => {
    const rows = await sql<{
      record_number: string;
    }>`select record_number from registry.client where county_code = ${room.county_code} and record_number = any(${numbers})`.execute(room.db);
    return new Set(rows.rows.map((row) => row.record_number));
  });
}

async function clientsById(room: Room, ids: string[]) {
  const rows = await room.db.selectFrom('registry.client').selectAll().where('county_code', '=', room.county_code).where('id', 'in', ids).execute();
  return new Map(rows.map((row) => [row.id, row]));
}

/** The columns that say who she is. After a lawful deletion the journal no longer knows them, and they come out empty. */
function identity(room: Room, { input, sealed }: Entry<ClientAnswers>) {
  const { name, phone, id_number, born_on, record_number } = input;
  return {
    ...(name === undefined ? {} : { name, ...nameKeys(name), name_sealed: sealed['name'] ?? null }),
    ...(born_on === undefined ? {} : { born_on_sealed: sealed['born_on'] ?? null }),
    ...(record_number === undefined ? {} : { record_number_sealed: sealed['record_number'] ?? null }),
    ...(phone === undefined ? {} : { phone_sealed: sealed['phone'] ?? null, phone_index: blindIndex(room.keys, 'phone', plainPhone(phone)) }),
    ...(id_number === undefined
      ? {}
      : { id_number_sealed: sealed['id_number'] ?? null, id_number_index: blindIndex(room.keys, 'id_number', id_number.toUpperCase()) }),
  };
}

/** The row as it was, without what names her: an old name would outlive a deletion here. */
function withoutNames(row: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(row).filter(([column]) => !/^(name|phone|id_number|born_on|record_number)/.test(column)));
}

/** What she agreed to after an answer about being followed up. */
const agreed = ({ purposes }: { purposes: string[] }, followUp: boolean | undefined) =>
  followUp === undefined ? {} : { purposes: [...purposes.filter((one) => one !== 'follow_up'), ...(followUp ? ['follow_up'] : [])].sort() };

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
