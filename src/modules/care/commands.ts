import { sql } from 'kysely';
import { ageOn, dayOf } from '../../kit/day.ts';
import { idWithin } from '../../kit/id.ts';
import type { Finding } from '../../kit/problem.ts';
import type { Entry } from '../../platform/journal.ts';
import { overlapping } from '../../platform/pace.ts';
import { handle, type Room, refuseEach } from '../../platform/room.ts';
import { standingUnder } from '../registry/server-family.ts';
import { setPurposes } from '../registry/server-shut.ts';
import { type Movement, moveStock } from '../supplies/commands.ts';
import { completeFollowUp, type DueFollowUp } from './follow-up.ts';
import { consentIsComplete } from './lines/contraception.ts';
import { highRisks } from './lines/preconception.ts';
import { followUpsOf } from './schedule.ts';
import { appointmentCommands, fulfilBy } from './server-appointments.ts';
import { contactCommands } from './server-messages.ts';
import { schedulesOf } from './server-schedules.ts';
import { amendVisit, checkVisit, isHonoured, recordVisit, type Visit, voidVisit } from './visit.ts';

interface KnownClient {
  id: string;
  place_code: string;
  sex: string;
  born_on: string;
  residence: string;
  purposes: string[];
  follow_up_refused_on: string | null;
  /** Has come for an appointment that is not kept yet. */
  is_here: boolean;
}

export const careCommands = [
  ...appointmentCommands,
  ...contactCommands,
  handle(recordVisit, async (room, entries) => {
    const lawful = await lawfulVisits(room, entries);
    await hearYes(room, lawful);
    await overlapping(
      () =>
        room.insertRows(
          'care.visit',
          lawful.map(({ entry, client }) => ({ ...visitRow(room, entry, client), recorded_client_id: entry.input.client_id, version: 1 })),
        ),
      () => openFollowUps(room, lawful),
      () =>
        moveStock(
          room,
          lawful.flatMap(({ entry }) => issuedBy(entry.input, entry.seq)),
        ),
      () =>
        fulfilBy(
          room,
          lawful.filter(({ client }) => client.is_here).map(({ entry, client }) => ({ ...entry, input: { ...entry.input, client_id: client.id } })),
        ),
    );
  }),

  handle(amendVisit, async (room, entries) => {
    // One at a time: the second amendment of one batch must see the first.
    for (const entry of entries) {
      const [lawful] = await lawfulVisits(room, [entry]);
      const before = await keepBefore(room, entry, entry.input.visit_id, entry.input.version);
      if (!lawful || !before) continue;
      const { version, ...input } = entry.input;
      const amended = { ...entry, input };
      const emptied = Object.fromEntries(Object.keys(before).map((column) => [column, null]));
      await room.updateRows(
        'care.visit',
        ['id'],
        [{ ...emptied, ...visitRow(room, amended, lawful.client), recorded_client_id: before.recorded_client_id, version: version + 1 }],
      );
      await sql`update care.follow_up set voided = true, seq = ${entry.seq} where county_code = ${room.county_code} and client_id = ${before.client_id} and visit_id = ${input.visit_id} and done_on is null`.execute(
        room.db,
      );
      await hearYes(room, [{ entry: amended, client: lawful.client }]);
      await openFollowUps(room, [{ entry: amended, client: lawful.client }], again);
      await moveStock(room, [...takenBack(before, entry.seq, version), ...issuedBy(input, entry.seq, version)]);
    }
  }),

  handle(voidVisit, async (room, entries) => {
    for (const entry of entries) {
      const before = await keepBefore(room, entry, entry.input.visit_id, entry.input.version);
      if (!before) continue;
      const { county_code, seq } = entry;
      await room.updateRows('care.visit', ['id'], [{ county_code, seq, id: before.id, voided: true, version: before.version + 1 }]);
      await sql`update care.follow_up set voided = true, seq = ${seq} where county_code = ${county_code} and client_id = ${before.client_id} and visit_id = ${before.id}`.execute(
        room.db,
      );
      await moveStock(room, takenBack(before, seq, before.version));
    }
  }),

  handle(completeFollowUp, async (room, entries) => {
    const { rows } = await sql<{ id: string; opens_on: string; closes_on: string; voided: boolean; done_on: string | null }>`
      select id, opens_on, closes_on, voided, done_on from care.follow_up where county_code = ${room.county_code} and id = any(${entries.map(({ input }) => input.follow_up_id)}::uuid[])`.execute(
      room.db,
    );
    const known = new Map(rows.map((row) => [row.id, row]));
    const lawful = refuseEach(entries, ({ input, recorded_at }): Finding[] => {
      const row = known.get(input.follow_up_id);
      if (!row || row.voided) return [{ field: 'follow_up_id', rule: 'not_found' }];
      if (row.done_on) return [{ field: 'follow_up_id', rule: 'done_already' }];
      known.set(row.id, { ...row, done_on: input.done_on });
      return input.done_on > dayOf(recorded_at) ? [{ field: 'done_on', rule: 'in_the_future' }] : [];
    });
    await room.updateRows(
      'care.follow_up',
      ['id'],
      lawful.map(({ county_code, seq, input }) => {
        const row = known.get(input.follow_up_id) as (typeof rows)[number];
        const optedOut = input.outcome === 'person_opted_out';
        return {
          county_code,
          seq,
          id: row.id,
          done_on: input.done_on,
          outcome: input.outcome,
          status: optedOut ? 'cancelled' : 'completed',
          consented: !optedOut,
          in_window: input.done_on >= row.opens_on && input.done_on <= row.closes_on,
        };
      }),
    );
  }),
];

/** One truth about being followed up: who says yes at a visit agrees to it, unless she took it back on that day or later [R4]. */
async function hearYes(room: Room, lawful: readonly { entry: Entry<Visit>; client: KnownClient }[]): Promise<void> {
  for (const { entry, client } of lawful) {
    if (!entry.input.follow_up_consented || client.purposes.includes('follow_up')) continue;
    if (client.follow_up_refused_on && client.follow_up_refused_on >= entry.input.visited_on) continue;
    client.purposes = [...client.purposes, 'follow_up'];
    await setPurposes(room, { ...client, restricted: false }, client.purposes, entry.seq);
  }
}

async function lawfulVisits(room: Room, entries: readonly Entry<Visit>[]): Promise<{ entry: Entry<Visit>; client: KnownClient }[]> {
  const [clients, facilities] = await Promise.all([
    clientsById(
      room,
      entries.map(({ input }) => input.client_id),
    ),
    facilitiesThere(
      room,
      entries.map(({ input }) => input.facility_id),
    ),
  ]);
  const lawful = refuseEach(entries, ({ input, recorded_at }) => {
    const client = clients.get(input.client_id);
    if (!client) return [{ field: 'client_id', rule: 'not_found' }];
    if (!facilities.has(input.facility_id)) return [{ field: 'facility_id', rule: 'not_found' }];
    const product = input.product_code && !room.packs.products.has(input.product_code);
    const findings = checkVisit(input, client, dayOf(recorded_at));
    return product ? [...findings, { field: 'product_code', rule: 'unknown_product', values: { value: input.product_code as string } }] : findings;
  });
  return lawful.map((entry) => ({ entry, client: clients.get(entry.input.client_id) as KnownClient }));
}

/** The clients by the identifier they were known under: of a record that was merged meanwhile, the one it stands under now. */
async function clientsById(room: Room, ids: readonly string[]): Promise<Map<string, KnownClient>> {
  const { rows } = await sql<KnownClient & { merged_into_id: string | null }>`
    select id, place_code, sex, born_on, residence, purposes, follow_up_refused_on, merged_into_id,
           exists (select 1 from care.appointment a where a.county_code = ${room.county_code} and a.client_id = c.id and a.status = 'arrived') as is_here
      from registry.client c where county_code = ${room.county_code} and id = any(${[...new Set(ids)]}::uuid[])`.execute(room.db);
  const found = new Map(rows.filter((row) => !row.merged_into_id).map((row) => [row.id, row as KnownClient]));
  const merged = rows.filter((row) => row.merged_into_id).map((row) => row.id);
  if (merged.length === 0) return found;
  const under = await standingUnder(room, merged);
  const missing = [...under.values()].filter((id) => !found.has(id));
  const kept = missing.length > 0 ? await clientsById(room, missing) : new Map<string, KnownClient>();
  for (const [asked, id] of under) {
    const client = found.get(id) ?? kept.get(id);
    if (client) found.set(asked, client);
  }
  return found;
}

async function facilitiesThere(room: Room, ids: readonly string[]): Promise<Set<string>> {
  const { rows } = await sql<{
    id: string;
  }>`select id from registry.facility where county_code = ${room.county_code} and id = any(${[...new Set(ids)]}::uuid[])`.execute(room.db);
  return new Set(rows.map((row) => row.id));
}

/** The visit as its table keeps it: the answers, and what follows from them and from the client as she was that day. */
function visitRow(room: Room, { county_code, seq, recorded_at, input, sealed }: Entry<Visit>, client: KnownClient) {
  const { visit_id, client_id: _, ...answers } = input;
  const isContraception = input.service === 'contraception';
  const product = input.product_code ? room.packs.products.get(input.product_code) : undefined;
  const procedure = input.procedure ? room.packs.procedures.get(input.procedure) : undefined;
  const freeService = input.service !== 'contraception' && input.decision === 'accepted' && input.served_on !== undefined;
  return {
    county_code,
    seq,
    id: visit_id,
    client_id: client.id,
    ...answers,
    honoured: isHonoured(input),
    client_sex: client.sex,
    client_age: ageOn(client.born_on, input.visited_on),
    residence: client.residence,
    on_free_list: freeService || product?.free === true || procedure?.free === true,
    voided: false,
    restricted: false,
    recorded_at,
    ...(sealed['note'] ? { note_sealed: sealed['note'] } : {}),
    ...(isContraception ? { consent_complete: input.procedure ? consentIsComplete(input) : undefined } : {}),
    ...(input.risk ? { high_risk: highRisks.includes(input.risk) } : {}),
  };
}

/** A visit put right may make the same follow-ups due on other days. */
const again =
  'on conflict (county_code, id) do update set facility_id = excluded.facility_id, opens_on = excluded.opens_on, due_on = excluded.due_on, closes_on = excluded.closes_on, voided = false, seq = excluded.seq';

async function openFollowUps(room: Room, lawful: readonly { entry: Entry<Visit>; client: KnownClient }[], onConflict = ''): Promise<void> {
  const schedules = schedulesOf(room.packs);
  const rows = lawful.flatMap(({ entry: { seq, input, recorded_at }, client }) =>
    followUpsOf(input, schedules, dayOf(recorded_at), client.purposes).map((due) =>
      followUpRow(room, seq, { ...input, client_id: client.id }, due, input.client_id),
    ),
  );
  await room.insertRows('care.follow_up', rows, onConflict);
}

/** A follow-up as its table keeps it, due after a visit. */
export function followUpRow({ county_code }: Room, seq: number, visit: Visit, due: DueFollowUp, recorded_client_id: string) {
  const { visit_id, client_id, place_code, facility_id } = visit;
  return { county_code, seq, ...due, visit_id, client_id, recorded_client_id, place_code, facility_id, consented: true, voided: false, status: 'requested' };
}

function issuedBy(visit: Visit, seq: number, version = 0): Movement[] {
  if (!visit.product_code || !visit.quantity) return [];
  const { visit_id, facility_id, place_code, product_code } = visit;
  return [
    {
      id: idWithin(visit_id, 10_000 + version * 2),
      facility_id,
      place_code,
      product_code,
      kind: 'issue',
      moved_on: visit.visited_on,
      quantity: -visit.quantity,
      visit_id,
      seq,
    },
  ];
}

function takenBack(
  row: { id: string; product_code: string | null; quantity: number | null; facility_id: string; place_code: string; visited_on: string },
  seq: number,
  version: number,
): Movement[] {
  if (!row.product_code || !row.quantity) return [];
  const { id, facility_id, place_code, product_code } = row;
  return [
    {
      id: idWithin(id, 10_001 + version * 2),
      facility_id,
      place_code,
      product_code,
      kind: 'return',
      moved_on: row.visited_on,
      quantity: row.quantity,
      visit_id: id,
      seq,
    },
  ];
}

/** Keeps the row as it stands before it is changed and gives it; refuses an entry that saw another version. */
async function keepBefore(room: Room, entry: Entry<unknown>, visitId: string, version: number) {
  if (entry.findings.length > 0) return undefined;
  const row = await room.db.selectFrom('care.visit').selectAll().where('county_code', '=', room.county_code).where('id', '=', visitId).executeTakeFirst();
  if (!row || row.voided) entry.findings = [{ field: 'visit_id', rule: 'not_found' }];
  else if (row.version !== version) entry.findings = [{ field: 'version', rule: 'changed_meanwhile', values: { value: row.version } }];
  if (!row || entry.findings.length > 0) return undefined;
  const { note, note_sealed, client_age, ...kept } = row; // what an erased person could be known by
  await room.insertRows('care.visit_before', [
    {
      county_code: row.county_code,
      seq: entry.seq,
      id: row.id,
      version: row.version,
      place_code: row.place_code,
      visited_on: row.visited_on,
      client_id: row.client_id,
      row: kept,
    },
  ]);
  return row;
}
