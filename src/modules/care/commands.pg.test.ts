import { sql } from 'kysely';
import { beforeAll, describe, expect, it } from 'vitest';
import { addDays, today } from '../../kit/day.ts';
import { newId } from '../../kit/id.ts';
import type { House } from '../../platform/room.ts';
import { run } from '../../platform/run.ts';
import { aClient, aGround, aHouse, aPerson, aProcedure, aVisit, counties, program, send } from '../../testing/house.ts';
import { dueList } from './due-list.ts';
import { followUpsDue } from './queries.ts';
import { schedulesOf } from './server-schedules.ts';

let house: House;
const actor = program(counties[0]);
const woman = aClient({ name: '护理甲' });
const man = aClient({ name: '护理乙', sex: 'male', follow_up_consented: false });
beforeAll(async () => {
  house = await aHouse();
  await aGround(house);
  for (const client of [woman, man]) await send(house, actor, 'registry.register', client);
});
const one = async <T>(text: ReturnType<typeof sql<T>>) => (await text.execute(house.database.owner)).rows[0];
const rulesOf = async (visit: object) =>
  (await send(house, actor, 'care.record', visit as Record<string, unknown>)).problem?.findings.map((finding) => finding.rule) ?? [];

describe('care.record', () => {
  it('works: the visit stands, stock is issued in the same transaction, a follow-up is due', async () => {
    const visit = aVisit(woman.client_id);
    expect((await send(house, actor, 'care.record', visit)).status).toBe('done');
    expect(await one(sql`select honoured, client_age, client_sex, on_free_list, seq > 0 as stamped from care.visit where id = ${visit.visit_id}`)).toEqual({
      honoured: true,
      client_age: 34,
      client_sex: 'female',
      on_free_list: true,
      stamped: true,
    });
    expect(await one(sql`select quantity, product_code from supplies.stock_movement where visit_id = ${visit.visit_id}`)).toEqual({
      quantity: -10,
      product_code: 'condom',
    });
    expect(await one(sql`select kind, due_on, status from care.follow_up where visit_id = ${visit.visit_id}`)).toEqual({
      kind: 'contraceptive',
      due_on: '2025-06-10',
      status: 'requested',
    });
  });
  it('[R2] a refusal is a complete record: honoured, no follow-up, nothing handed out', async () => {
    const { product_code, quantity, served_on, method_received, ...rest } = aVisit(woman.client_id, { decision: 'declined', method_chosen: 'none' });
    expect((await send(house, actor, 'care.record', rest)).status).toBe('done');
    expect(
      await one(
        sql`select v.honoured, (select count(*)::int from care.follow_up f where f.visit_id = v.id) as due from care.visit v where v.id = ${rest.visit_id}`,
      ),
    ).toEqual({ honoured: true, due: 0 });
  });
  it('[R2] who did not agree to follow-up is on no list', async () => {
    const visit = aVisit(woman.client_id, { follow_up_consented: false });
    await send(house, actor, 'care.record', visit);
    expect(await one(sql`select 1 as there from care.follow_up where visit_id = ${visit.visit_id}`)).toBeUndefined();
  });
  it('[R4] a visit’s yes to being followed up is the client’s yes; taken back by an amendment, nothing is due; an older yes changes nothing', async () => {
    const client = aClient({ name: '随访丙', follow_up_consented: false });
    await send(house, actor, 'registry.register', client);
    const hers = async () => ({
      client: await one(sql`select follow_up_consented, purposes from registry.client where id = ${client.client_id}`),
      due: (await sql`select status, consented from care.follow_up where client_id = ${client.client_id}`.execute(house.database.owner)).rows,
    });
    const served = addDays(today(), -100);
    const recent = { visited_on: served, served_on: served };
    const listed = async () => {
      const { kinds } = schedulesOf(house.packs);
      return house.database.read(actor, async (db) => {
        const { rows, total } = await followUpsDue(db, counties[0], counties[0], kinds, today(), 1000);
        const tasks = dueList(rows, new Map(rows.map((row) => [row.client_id, row])), kinds, today());
        expect(tasks.length).toBe(total);
        return tasks.filter((task) => task.client_id === client.client_id).length;
      });
    };
    await send(house, actor, 'care.record', aVisit(client.client_id, recent));
    expect(await hers()).toEqual({ client: { follow_up_consented: true, purposes: ['care', 'follow_up'] }, due: [{ status: 'requested', consented: true }] });
    expect(await listed()).toBe(1);
    await send(house, actor, 'registry.amend', { client_id: client.client_id, version: 1, follow_up_consented: false });
    expect(await hers()).toEqual({ client: { follow_up_consented: false, purposes: ['care'] }, due: [{ status: 'cancelled', consented: false }] });
    await send(house, actor, 'care.record', aVisit(client.client_id, recent));
    expect((await hers()).due).toEqual([{ status: 'cancelled', consented: false }]);
    expect(await listed()).toBe(0);
    await send(house, actor, 'registry.amend', { client_id: client.client_id, version: 2, follow_up_consented: true });
    expect((await hers()).due).toEqual([{ status: 'requested', consented: true }]);
  });
  it('[R4] what only reminds is due for whoever agreed to reminders, and from the visits before it', async () => {
    const client = aClient({ name: '提醒丁' });
    await send(house, actor, 'registry.register', client);
    await send(house, actor, 'care.record', aProcedure(client.client_id));
    const reminders = async () =>
      (await sql`select kind, due_on, status from care.follow_up where client_id = ${client.client_id} and kind = 'method_ends'`.execute(house.database.owner))
        .rows;
    expect(await reminders()).toEqual([]);
    const consent = { consent_id: newId(), client_id: client.client_id, purpose: 'reminders', text_version: '2026-1', language: 'zh' };
    const said = { given_on: today(), given_by: 'client', given_alone: true, how: 'verbal', witness: '她选的人' };
    expect((await send(house, actor, 'rights.give_consent', { ...consent, ...said })).status).toBe('done');
    expect(await reminders()).toEqual([{ kind: 'method_ends', due_on: '2035-03-10', status: 'requested' }]);
    await send(house, actor, 'rights.withdraw_consent', { client_id: client.client_id, purpose: 'reminders', withdrawn_on: today() });
    expect(await reminders()).toEqual([{ kind: 'method_ends', due_on: '2035-03-10', status: 'cancelled' }]);
  });
  it('[R5] a procedure needs the person’s own complete consent: each part of it, one at a time', async () => {
    expect(await rulesOf(aProcedure(woman.client_id))).toEqual([]);
    for (const lacking of [
      { consent_by: undefined },
      { choice_by: 'other' as const },
      { none_explained: false },
      { methods_explained: ['iud' as const, 'implant' as const] },
      { informed_points: ['p4_our_ability' as const] },
      { consent_signed_on: '2025-03-11' },
      { consent_version: undefined },
    ]) {
      expect(await rulesOf(aProcedure(woman.client_id, lacking as never)), JSON.stringify(lacking)).toContain('R5_own_complete_consent');
    }
  });
  it('[R5] consent by anybody else cannot be expressed', async () => {
    expect(await rulesOf({ ...aProcedure(woman.client_id), consent_by: 'spouse' })).toContain('not_an_option');
    expect(await rulesOf({ ...aProcedure(woman.client_id), spouse_consent: true })).toContain('unknown_field');
  });
  it('[R5] the table itself refuses a procedure without it', async () => {
    await send(house, actor, 'care.record', aVisit(woman.client_id));
    await expect(sql`update care.visit set procedure = 'iud_insertion'`.execute(house.database.owner)).rejects.toThrow('procedure_has_own_complete_consent');
  });
  it('is refused with a finding: the future, before birth, a man’s screening, an answer that was not asked', async () => {
    expect(await rulesOf(aVisit(woman.client_id, { visited_on: addDays(today(), 2), served_on: addDays(today(), 2) }))).toContain('in_the_future');
    expect(await rulesOf(aVisit(woman.client_id, { visited_on: '1980-01-01', served_on: '1980-01-01' }))).toContain('before_birth');
    expect(await rulesOf({ ...aVisit(man.client_id), risk: 'advice' })).toContain('not_asked_here');
    const { client_is, informed_points, methods_explained, none_explained, choice_by, method_chosen, method_received, product_code, quantity, ...base } =
      aVisit(man.client_id);
    expect(await rulesOf({ ...base, service: 'screening', common_disease_offered: true })).toEqual(['not_for_this_sex']);
    expect(await rulesOf(aVisit(newId()))).toEqual(['not_found']);
    expect(await rulesOf(aVisit(woman.client_id, { product_code: 'moonstone' }))).toContain('unknown_product');
  });
  it('is forbidden to a stranger, and a client of another place is not even there', async () => {
    expect((await send(house, aPerson('planner', counties[0]), 'care.record', aVisit(woman.client_id))).problem?.code).toBe('forbidden');
    const stranger = aPerson('village_worker', '110118102001');
    expect((await send(house, stranger, 'care.record', aVisit(woman.client_id, { place_code: '110118102001' }))).problem?.code).toBe('missing');
  });
  it('one bad item is refused by itself; the rest of the batch goes on; sent again nothing is doubled', async () => {
    const visits = [aVisit(woman.client_id), aVisit(woman.client_id, { visited_on: '1980-01-01', served_on: '1980-01-01' }), aVisit(man.client_id)];
    const items = visits.map((input) => ({ id: newId(), name: 'care.record', input }));
    expect((await run(house, actor, items)).map((outcome) => outcome.status)).toEqual(['done', 'refused', 'done']);
    expect((await run(house, actor, items)).map((outcome) => outcome.status)).toEqual(['repeated', 'refused', 'repeated']);
    const ids = visits.map((visit) => visit.visit_id);
    expect(await one(sql`select count(*)::int as n from care.visit where id = any(${ids}::uuid[])`)).toEqual({ n: 2 });
  });
  it('a row that the database refuses does not take its neighbours along', async () => {
    const first = aVisit(woman.client_id);
    await send(house, actor, 'care.record', first);
    const items = [aVisit(woman.client_id), { ...first, charge_fen: 5 }, aVisit(woman.client_id)].map((input) => ({ id: newId(), name: 'care.record', input }));
    const outcomes = await run(house, actor, items);
    expect(outcomes.map((outcome) => outcome.status)).toEqual(['done', 'refused', 'done']);
    expect(outcomes[1]?.problem?.findings[0]?.rule).toBe('visit_pkey');
  });
});

describe('care.amend and care.void', () => {
  it('keep the row as it was, move stock back and forth, and ask for the version that was seen', async () => {
    const visit = aVisit(woman.client_id, { quantity: 30 });
    await send(house, actor, 'care.record', visit);
    expect((await send(house, actor, 'care.amend', { ...visit, version: 1, quantity: 20 })).status).toBe('done');
    const stock = () => one<{ sum: number }>(sql`select sum(quantity)::int as sum from supplies.stock_movement where visit_id = ${visit.visit_id}`);
    expect(await stock()).toEqual({ sum: -20 });
    expect((await send(house, actor, 'care.amend', { ...visit, version: 1 })).problem?.code).toBe('conflict');
    expect((await send(house, actor, 'care.void', { visit_id: visit.visit_id, version: 2, reason: '误记' })).status).toBe('done');
    expect(await stock()).toEqual({ sum: 0 });
    expect(await one(sql`select count(*)::int as n from care.visit_before where id = ${visit.visit_id}`)).toEqual({ n: 2 });
    expect(await one(sql`select voided from care.visit where id = ${visit.visit_id}`)).toEqual({ voided: true });
  });
});

describe('care.follow_up', () => {
  it('is done once, knows its window, and lets the person opt out', async () => {
    const visit = aVisit(woman.client_id);
    await send(house, actor, 'care.record', visit);
    const due = await one<{ id: string }>(sql`select id from care.follow_up where visit_id = ${visit.visit_id}`);
    const done = { follow_up_id: due?.id, done_on: '2025-06-20', outcome: 'well' };
    expect((await send(house, actor, 'care.follow_up', done)).status).toBe('done');
    expect((await send(house, actor, 'care.follow_up', done)).problem?.findings[0]?.rule).toBe('done_already');
    expect(await one(sql`select in_window, status, consented from care.follow_up where id = ${due?.id}`)).toEqual({
      in_window: true,
      status: 'completed',
      consented: true,
    });
    const other = aVisit(woman.client_id);
    await send(house, actor, 'care.record', other);
    const next = await one<{ id: string }>(sql`select id from care.follow_up where visit_id = ${other.visit_id}`);
    await send(house, actor, 'care.follow_up', { follow_up_id: next?.id, done_on: '2025-06-20', outcome: 'person_opted_out' });
    expect(await one(sql`select status, consented from care.follow_up where id = ${next?.id}`)).toEqual({ status: 'cancelled', consented: false });
  });
});
