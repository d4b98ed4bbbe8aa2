import { afterAll, inject } from 'vitest';
import { handlers, listeners, roles } from '../app.ts';
import { newId } from '../kit/id.ts';
import type { Visit } from '../modules/care/visit.ts';
import { type Actor, scopeOf, theProgram } from '../platform/access.ts';
import { configFrom, keysOf } from '../platform/config.ts';
import { Database, withDatabase } from '../platform/database.ts';
import { rolePassword } from '../platform/migrate.ts';
import { loadPacks } from '../platform/packs.ts';
import type { House, Item, Outcome } from '../platform/room.ts';
import { run } from '../platform/run.ts';

/** Two counties with equal codes inside, so that a forgotten county condition shows on a single PostgreSQL too (citus.md §9.5). */
export const counties = ['110118', '371521'] as const;

/** A house on a database of one's own, cloned from the migrated template; closed after the file's tests, or when `ends` says so (`onTestFinished`). */
export async function aHouse(ends: (close: () => Promise<void>) => void = afterAll): Promise<House> {
  const { url, dataFolder } = inject('postgres');
  const keys = keysOf({ ...configFrom({}), dataFolder });
  const name = `t_${newId().replaceAll('-', '')}`;
  const owner = new Database(url, rolePassword(keys), 1);
  await owner.ownerPool.query(`create database ${name} template template_of_tests`);
  await owner.close();
  const database = new Database(withDatabase(url, name), rolePassword(keys), 6);
  ends(() => database.close());
  return { database, keys, packs: loadPacks(['cn']), handlers, listeners };
}

export const program = (county: string): Actor => theProgram(county, [...handlers.keys()]);

/** A person with a duty at a place. */
export function aPerson(role: string, place_code: string, county_code = place_code.slice(0, 6)): Actor {
  const duty = roles.get(role);
  if (!duty) throw new Error(`no duty ${role}`);
  return { account_id: newId(), display_name: role, county_code, place_code, role: duty, ...scopeOf(duty) };
}

/** Sends one command and gives what became of it. */
export async function send(house: House, actor: Actor, name: string, input: Record<string, unknown>, id = newId()): Promise<Outcome> {
  const [outcome] = await run(house, actor, [{ id, name, input }]);
  return outcome as Outcome;
}

/** Sends commands that must all be done. */
export async function sendAll(house: House, actor: Actor, items: readonly Omit<Item, 'id'>[]): Promise<void> {
  const outcomes = await run(
    house,
    actor,
    items.map((item) => ({ ...item, id: newId() })),
  );
  const refused = outcomes.find((outcome) => outcome.status !== 'done');
  if (refused) throw new Error(JSON.stringify(refused.problem));
}

export const facilityId = '01900000-0000-7000-8000-00000000000f';

/** The ground of a small county: two townships, two villages each, a station. */
export async function aGround(house: House, county: string = counties[0]): Promise<void> {
  const place = (place_code: string, parent_code: string | undefined, level: string) => ({
    name: 'registry.open_place',
    input: { place_code, ...(parent_code ? { parent_code } : {}), level, name_zh: place_code, valid_from: '2020-01-01' },
  });
  await sendAll(house, program(county), [
    place(county, undefined, 'county'),
    ...['101', '102'].flatMap((township) => [
      place(county + township, county, 'township'),
      ...['001', '002'].map((village) => place(county + township + village, county + township, 'village')),
    ]),
    {
      name: 'registry.open_facility',
      input: { facility_id: facilityId, facility_number: 'F-1', place_code: county, kind: 'county_station', name_zh: '县站', valid_from: '2020-01-01' },
    },
  ]);
}

/** Answers that register a client; a woman of 1990 in the first village unless said otherwise. */
export function aClient(change: Record<string, unknown> = {}) {
  return {
    client_id: newId(),
    place_code: '110118101001',
    name: '王芳',
    sex: 'female',
    born_on: '1990-05-01',
    residence: 'resident',
    contact_reason: 'came',
    contacted_on: '2024-01-01',
    follow_up_consented: true,
    ...change,
  };
}

/** What a test changes of a visit; undefined takes an answer away. */
export type Changed = { [K in keyof Visit]?: Visit[K] | undefined };

/** Answers that record a contraception visit which was done as it should be. */
export function aVisit(client_id: string, change: Changed = {}): Visit {
  return {
    visit_id: newId(),
    client_id,
    facility_id: facilityId,
    place_code: '110118101001',
    visited_on: '2025-03-10',
    service: 'contraception',
    decision: 'accepted',
    served_on: '2025-03-10',
    follow_up_consented: true,
    charge_fen: 0,
    client_is: 'new',
    informed_points: ['p4_our_ability', 'p5_rights', 'p6_methods', 'p7_needs', 'p8_where_to_get'],
    methods_explained: ['iud', 'implant', 'condom'],
    none_explained: true,
    choice_by: 'client',
    method_chosen: 'condom',
    method_received: true,
    product_code: 'condom',
    quantity: 10,
    ...change,
  } as Visit;
}

/** A procedure with the person's own complete consent. */
export function aProcedure(client_id: string, change: Changed = {}): Visit {
  return aVisit(client_id, {
    method_chosen: 'iud',
    product_code: 'iud',
    quantity: 1,
    procedure: 'iud_insertion',
    operator_number: 'W-1',
    consent_by: 'client',
    consent_signed_on: '2025-03-10',
    consent_version: '1',
    complication: false,
    ...change,
  });
}
