import type { Finding } from '../../kit/problem.ts';
import { handle, type Room, refuseEach } from '../../platform/room.ts';
import { closePlace, countBirths, countPopulation, enrolWorker, estimate, openFacility, openPlace } from './place.ts';

/** The last of several entries about the same thing: what is written when one batch says it twice. */
function lastOf<E>(entries: readonly E[], key: (entry: E) => string): E[] {
  return [...new Map(entries.map((entry) => [key(entry), entry])).values()];
}

/** The codes of the county's places. */
export async function placesThere(room: Room): Promise<Set<string>> {
  const rows = await room.db.selectFrom('registry.place').select('place_code').where('county_code', '=', room.county_code).execute();
  return new Set(rows.map((row) => row.place_code));
}

/** A finding when no place has this code. */
export const checkKnown = (places: Set<string>, code: string): Finding[] =>
  places.has(code) ? [] : [{ field: 'place_code', rule: 'unknown_place', values: { value: code } }];

/** What can happen to the ground: places, people in numbers, facilities, health workers. */
export const placeCommands = [
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
