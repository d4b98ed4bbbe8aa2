import { sql } from 'kysely';
import { ageOn, dayOf } from '../../kit/day.ts';
import type { Answers } from '../../kit/form.ts';
import { idWithin } from '../../kit/id.ts';
import type { Finding } from '../../kit/problem.ts';
import type { Entry } from '../../platform/journal.ts';
import { handle, type Listener, overlapping, type Room, refuseEach } from '../../platform/run.ts';
import { mergeClients, unmergeClients } from '../registry/client.ts';
import { protectedClients } from '../registry/server-shut.ts';
import { giveConsent, withdrawConsent } from '../rights/consent.ts';
import { decideRequest } from '../rights/request.ts';
import { type Movement, moveStock } from '../supplies/commands.ts';
import { completeFollowUp, followUpsOf } from './follow-up.ts';
import { consentIsComplete } from './lines/contraception.ts';
import { highRisks } from './lines/preconception.ts';
import { amendVisit, checkVisit, isHonoured, recordVisit, type Visit, voidVisit } from './visit.ts';

interface KnownClient {
  id: string;
  sex: string;
  born_on: string;
  residence: string;
}

export const careCommands = [
  handle(recordVisit, async (room, entries) => {
    const lawful = await lawfulVisits(room, entries);
    await overlapping(
      () =>
        room.insertRows(
          'care.visit',
          lawful.map(({ entry, client }) => ({ ...visitRow(room, entry, client), recorded_client_id: client.id, version: 1 })),
        ),
      () =>
        openFollowUps(
          room,
          lawful.map(({ entry }) => entry),
        ),
      () =>
        moveStock(
          room,
          lawful.flatMap(({ entry }) => issuedBy(entry.input, entry.seq)),
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
      await openFollowUps(room, [amended], again);
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

/** When two records turn out to be one person, her visits come together; when that was a mistake, each goes back where it was recorded. */
export const careListeners: Listener[] = [
  { hears: mergeClients.name, work: (room, entries) => moveVisits(room, entries as never, 'merge') },
  { hears: giveConsent.name, work: (room, entries) => followPurposes(room, entries as never) },
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
    for (const { seq, input } of entries) {
      const client = clients.get(input.client_id);
      if (!client) continue;
      const { restricted, erased, purposes, id } = client;
      const mine = sql`client_id = ${id}`;
      await sql`update care.visit set restricted = ${restricted}, seq = ${seq} where ${mine} and county_code = ${room.county_code} and restricted is distinct from ${restricted}`.execute(
        room.db,
      );
      await sql`update care.follow_up set restricted = ${restricted}, seq = ${seq} where ${mine} and county_code = ${room.county_code} and restricted is distinct from ${restricted}`.execute(
        room.db,
      );
      if (!purposes.includes('follow_up'))
        await sql`update care.follow_up set consented = false, status = 'cancelled', seq = ${seq} where ${mine} and county_code = ${room.county_code} and done_on is null and consented`.execute(
          room.db,
        );
      if (erased)
        await sql`update care.visit set note = null, note_sealed = null, client_age = extract(year from age(visited_on, ${client.born_on}::date)), seq = ${seq} where ${mine} and county_code = ${room.county_code}`.execute(
          room.db,
        );
    }
  });
}

async function moveVisits(room: Room, entries: readonly Entry<Answers<typeof mergeClients.form>>[], direction: 'merge' | 'unmerge'): Promise<void> {
  for (const { seq, input } of entries) {
    const to = direction === 'merge' ? input.kept_id : input.other_id;
    const match = direction === 'merge' ? sql`client_id = ${input.other_id}` : sql`recorded_client_id = ${input.other_id}`;
    for (const table of ['care.visit', 'care.follow_up']) {
      await sql`update ${sql.raw(table)} set client_id = ${to}, seq = ${seq} where county_code = ${room.county_code} and ${match}`.execute(room.db);
    }
  }
}

async function lawfulVisits(room: Room, entries: readonly Entry<Visit>[]): Promise<{ entry: Entry<Visit>; client: KnownClient }[]> {
  const clients = await clientsById(
    room,
    entries.map(({ input }) => input.client_id),
  );
  const facilities = await facilitiesThere(
    room,
    entries.map(({ input }) => input.facility_id),
  );
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

async function clientsById(room: Room, ids: readonly string[]): Promise<Map<string, KnownClient>> {
  const { rows } = await sql<KnownClient>`
    select id, sex, born_on, residence from registry.client where county_code = ${room.county_code} and id = any(${[...new Set(ids)]}::uuid[]) and merged_into_id is null`.execute(
    room.db,
  );
  return new Map(rows.map((row) => [row.id, row]));
}

async function facilitiesThere(room: Room, ids: readonly string[]): Promise<Set<string>> {
  const { rows } = await sql<{
    id: string;
  }>`select id from registry.facility where county_code = ${room.county_code} and id = any(${[...new Set(ids)]}::uuid[])`.execute(room.db);
  return new Set(rows.map((row) => row.id));
}

/** The visit as its table keeps it: the answers, and what follows from them and from the client as she was that day. */
function visitRow(room: Room, { county_code, seq, recorded_at, input, sealed }: Entry<Visit>, client: KnownClient) {
  const { visit_id, client_id, ...answers } = input;
  const isContraception = input.service === 'contraception';
  const product = input.product_code ? room.packs.products.get(input.product_code) : undefined;
  const procedure = input.procedure ? room.packs.procedures.get(input.procedure) : undefined;
  const freeService = input.service !== 'contraception' && input.decision === 'accepted' && input.served_on !== undefined;
  return {
    county_code,
    seq,
    id: visit_id,
    client_id,
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
  'on conflict (county_code, id) do update set opens_on = excluded.opens_on, due_on = excluded.due_on, closes_on = excluded.closes_on, voided = false, seq = excluded.seq';

async function openFollowUps(room: Room, entries: readonly Entry<Visit>[], onConflict = ''): Promise<void> {
  const rows = entries.flatMap(({ county_code, seq, input }) =>
    followUpsOf(input, room.packs.procedures.get(input.procedure ?? '')?.follow_up_months ?? []).map((due) => ({
      county_code,
      seq,
      ...due,
      visit_id: input.visit_id,
      client_id: input.client_id,
      recorded_client_id: input.client_id,
      place_code: input.place_code,
      consented: true,
      voided: false,
      status: 'requested',
    })),
  );
  await room.insertRows('care.follow_up', rows, onConflict);
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
