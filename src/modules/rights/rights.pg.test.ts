import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { beforeAll, describe, expect, it } from 'vitest';
import { pulled } from '../../app.ts';
import { backupHouse, restoreHouse } from '../../keeping.ts';
import { addDays, today } from '../../kit/day.ts';
import { newId } from '../../kit/id.ts';
import type { Actor } from '../../platform/access.ts';
import { pull } from '../../platform/pull.ts';
import { replay } from '../../platform/replay.ts';
import type { House, Outcome } from '../../platform/room.ts';
import { run } from '../../platform/run.ts';
import { aClient, aGround, aHouse, aPerson, aVisit, program, send } from '../../testing/house.ts';
import { clientsLike } from '../registry/queries.ts';
import { outcomesTold } from './routes.ts';

let house: House;
const worker = aPerson('village_worker', '110118101001');
const clinician = aPerson('township_clinician', '110118101');
const privacy = aPerson('privacy_officer', '110118');
const ombudsperson = aPerson('ombudsperson', '110118');
const now = today();

beforeAll(async () => {
  house = await aHouse();
  await aGround(house);
});

const rules = (outcome: Outcome) => outcome.problem?.findings.map((finding) => finding.rule);
const rows = async <T>(query: ReturnType<typeof sql<T>>) => (await query.execute(house.database.owner)).rows;
const herself = (client_id: string): Actor => ({ ...aPerson('client', '110118101001', '110118'), account_id: client_id, client_id });

async function aRegistered(change: Record<string, unknown> = {}) {
  const client = aClient(change);
  expect((await send(house, program('110118'), 'registry.register', client)).status).toBe('done');
  return client;
}

const aConsent = (client_id: string, change: Record<string, unknown> = {}) => ({
  consent_id: newId(),
  client_id,
  purpose: 'reminders',
  text_version: '2026-1',
  language: 'zh',
  given_on: now,
  given_by: 'client',
  given_alone: true,
  how: 'signature',
  signature: 'M1,1L20,20',
  ...change,
});

describe('consent [R4]', () => {
  it('works: given on screen or with a witness, kept with its text’s version, its signature sealed', async () => {
    const client = await aRegistered();
    expect((await send(house, worker, 'rights.give_consent', aConsent(client.client_id))).status).toBe('done');
    expect(
      (
        await send(
          house,
          worker,
          'rights.give_consent',
          aConsent(client.client_id, { purpose: 'portal', how: 'verbal', signature: undefined, witness: '王姨' }),
        )
      ).status,
    ).toBe('done');
    const kept = await rows(sql<{ purposes: string[] }>`select purposes from registry.client where id = ${client.client_id}`);
    expect(kept[0]?.purposes).toEqual(['care', 'follow_up', 'portal', 'reminders']);
    const journal = await rows(
      sql<{ input: object }>`select input from journal.entry where command = 'rights.give_consent' and input->>'client_id' = ${client.client_id}`,
    );
    expect(JSON.stringify(journal)).not.toMatch(/王姨|M1,1L20/);
  });
  it.each([
    ['an unknown text', { text_version: '1999' }, 'unknown_consent_text'],
    ['not alone', { given_alone: false }, 'R4_given_alone'],
    ['no signature', { signature: undefined }, 'required'],
    ['somebody else for a grown woman [R5]', { given_by: 'guardian', guardian: '夫' }, 'R5_nobody_else_consents'],
    ['tomorrow', { given_on: addDays(now, 1) }, 'in_the_future'],
  ])('is refused: %s', async (_, change, rule) => {
    const client = await aRegistered();
    expect(rules(await send(house, worker, 'rights.give_consent', aConsent(client.client_id, change)))).toEqual([rule]);
  });
  it('under fourteen a guardian consents, and only a guardian (PIPL 31)', async () => {
    const child = await aRegistered({ born_on: addDays(now, -13 * 365), contacted_on: now });
    expect(rules(await send(house, worker, 'rights.give_consent', aConsent(child.client_id)))).toEqual(['under_14_guardian', 'required']);
    expect((await send(house, worker, 'rights.give_consent', aConsent(child.client_id, { given_by: 'guardian', guardian: '母' }))).status).toBe('done');
  });
  it('is forbidden to a stranger, and sent twice happens once', async () => {
    const client = await aRegistered();
    const stranger = aPerson('village_worker', '110118102001');
    expect(rules(await send(house, stranger, 'rights.give_consent', aConsent(client.client_id)))).toEqual(['not_found']);
    const item = { id: newId(), name: 'rights.give_consent', input: aConsent(client.client_id) };
    expect((await run(house, worker, [item, item])).map((outcome) => outcome.status)).toEqual(['done', 'repeated']);
  });
});

describe('withdrawal [R4]', () => {
  const pulledBy = (actor: Actor, after: number) => pull(house.database, actor, pulled, after, 1000);
  const seqNow = async () => (await rows(sql<{ seq: number }>`select seq from journal.pen where county_code = '110118'`))[0]?.seq as number;

  it('reaches the phone: at the next pull the record is taken off, and it is in no search, list, count or queue', async () => {
    const client = await aRegistered({ name: '欧阳撤回' });
    await send(house, worker, 'care.record', aVisit(client.client_id));
    const first = await pulledBy(worker, 0);
    expect(first.changes.some(({ table, row }) => table === 'registry.client' && row['id'] === client.client_id)).toBe(true);
    const before = await seqNow();
    expect(
      (await send(house, herself(client.client_id), 'rights.withdraw_consent', { client_id: client.client_id, purpose: 'care', withdrawn_on: now })).status,
    ).toBe('done');
    const next = await pulledBy(worker, before);
    expect(next.changes).toEqual([{ table: 'departure', seq: before + 1, row: { client_id: client.client_id, reason: 'withdrawn' } }]);
    expect((await pulledBy(worker, 0)).changes.filter(({ row }) => [row['id'], row['client_id']].includes(client.client_id)).map(({ table }) => table)).toEqual(
      ['departure'],
    );
    expect(await house.database.read(worker, (db) => clientsLike(db, house.keys, '110118', '欧阳撤回'))).toEqual([]);
    for (const table of ['care.visit', 'care.follow_up'])
      expect((await house.database.read(worker, (db) => sql`select 1 from ${sql.raw(table)} where client_id = ${client.client_id}`.execute(db))).rows).toEqual(
        [],
      );
    expect(rules(await send(house, worker, 'care.record', aVisit(client.client_id)))).toEqual(['not_found']);
    const due = await rows(sql<{ status: string; restricted: boolean }>`select status, restricted from care.follow_up where client_id = ${client.client_id}`);
    expect(due.every((one) => one.restricted)).toBe(true);
    // She sees her own record all the same, and agreeing again brings it back.
    expect((await house.database.read(herself(client.client_id), (db) => sql`select 1 from care.visit`.execute(db))).rows.length).toBe(1);
    const again = await seqNow();
    await send(house, worker, 'rights.give_consent', aConsent(client.client_id, { purpose: 'care' }));
    expect((await pulledBy(worker, again)).changes.map(({ table }) => table).sort()).toEqual(['care.follow_up', 'care.visit', 'registry.client']);
  });
  it('of follow-up cancels what is due and nothing else', async () => {
    const client = await aRegistered();
    await send(house, worker, 'care.record', aVisit(client.client_id));
    await send(house, worker, 'rights.withdraw_consent', { client_id: client.client_id, purpose: 'follow_up', withdrawn_on: now });
    expect(await rows(sql`select status, consented from care.follow_up where client_id = ${client.client_id}`)).toEqual([
      { status: 'cancelled', consented: false },
    ]);
    expect(rules(await send(house, worker, 'rights.withdraw_consent', { client_id: client.client_id, purpose: 'follow_up', withdrawn_on: now }))).toEqual([
      'not_consented',
    ]);
  });
  it('a move takes her off the phones of the place she left', async () => {
    const client = await aRegistered();
    const before = await seqNow();
    await send(house, clinician, 'registry.amend', { client_id: client.client_id, version: 1, place_code: '110118101002' });
    expect((await pulledBy(worker, before)).changes).toEqual([{ table: 'departure', seq: before + 1, row: { client_id: client.client_id, reason: 'moved' } }]);
  });
});

describe('requests about one’s own data', () => {
  const ask = (client_id: string, request_kind: string) => ({ request_id: newId(), client_id, request_kind, words: '我要求' });

  it('have a clock of fifteen days, and are decided once by the privacy officer', async () => {
    const client = await aRegistered();
    const request = ask(client.client_id, 'correct');
    expect((await send(house, herself(client.client_id), 'rights.request', request)).status).toBe('done');
    expect(await rows(sql`select due_on, status from rights.data_request where id = ${request.request_id}`)).toEqual([
      { due_on: addDays(now, 15), status: 'open' },
    ]);
    const decision = { request_id: request.request_id, client_id: client.client_id, ruling: 'upheld', reason: '已更正' };
    expect((await send(house, privacy, 'rights.decide_request', decision)).status).toBe('done');
    expect(rules(await send(house, privacy, 'rights.decide_request', decision))).toEqual(['decided_already']);
    expect(rules(await send(house, worker, 'rights.decide_request', decision))).toEqual(['not_your_duty']);
  });
  it('a restriction shuts the record, and she still sees it', async () => {
    const client = await aRegistered();
    const request = ask(client.client_id, 'restrict');
    await send(house, herself(client.client_id), 'rights.request', request);
    await send(house, privacy, 'rights.decide_request', { request_id: request.request_id, client_id: client.client_id, ruling: 'upheld', reason: '同意' });
    expect(await rows(sql`select restricted from registry.client where id = ${client.client_id}`)).toEqual([{ restricted: true }]);
  });
  it('a deletion is real: nothing says who she is, not a backup made after nor one made before, and the journal still replays, row for row', async () => {
    const client = await aRegistered({
      name: '司徒删除',
      phone: '13911112222',
      id_number: '11010519491231002X',
      born_on: '1949-12-31',
      record_number: 'R-DEL',
    });
    await send(house, worker, 'care.record', aVisit(client.client_id, { note: '很私密的话' }));
    await send(house, worker, 'registry.amend', { client_id: client.client_id, version: 1, phone: '13911113333' });
    await send(house, worker, 'rights.give_consent', aConsent(client.client_id));
    const base = mkdtempSync(join(tmpdir(), 'zhiyuan-erased-'));
    const [old, young, subjects] = [join(base, 'old'), join(base, 'young'), join(base, 'subjects.sealed')];
    await backupHouse(house, old, subjects);
    const request = ask(client.client_id, 'delete');
    await send(house, herself(client.client_id), 'rights.request', request);
    const decision = { request_id: request.request_id, client_id: client.client_id, ruling: 'upheld', reason: '依法删除' };
    expect((await send(house, privacy, 'rights.decide_request', decision)).status).toBe('done');
    await backupHouse(house, young, subjects);

    const secrets = /司徒|situ|13911112222|13911113333|1949-12-31|11010519491231002|R-DEL|很私密/;
    const tables = await rows(
      sql<{
        name: string;
      }>`select table_schema || '.' || table_name as name from information_schema.tables where table_schema in ('journal','access','registry','rights','care','supplies','evaluation')`,
    );
    for (const { name } of tables) {
      const all = await rows(sql<{ text: string }>`select t::text as text from ${sql.raw(name)} t`);
      for (const { text } of all) expect(text, name).not.toMatch(secrets);
    }
    expect(await rows(sql`select count(*)::int as visits from care.visit where client_id = ${client.client_id}`)).toEqual([{ visits: 1 }]);

    // The old backup, restored beside the keys as they are now, opens everybody but her.
    for (const folder of [old, young]) {
      const copy = await aHouse();
      await restoreHouse(copy, folder, subjects);
      const found = await sql<{ text: string }>`select t::text as text from registry.client t`.execute(copy.database.owner);
      expect(found.rows.length).toBeGreaterThan(5);
      for (const { text } of found.rows) expect(text).not.toMatch(secrets);
      expect(found.rows.some(({ text }) => text.includes('欧阳撤回'))).toBe(true);
    }

    const copy = await aHouse();
    await replay(house, copy, '110118');
    for (const table of [
      'registry.client',
      'registry.client_before',
      'registry.duplicate',
      'registry.departure',
      'care.visit',
      'care.visit_before',
      'care.follow_up',
      'rights.consent',
      'rights.data_request',
      'journal.entry',
    ]) {
      const both = await Promise.all(
        [house, copy].map((one) => sql<{ text: string }>`select t::text as text from ${sql.raw(table)} t order by 1`.execute(one.database.owner)),
      );
      expect(both[1]?.rows, table).toEqual(both[0]?.rows);
    }
  });
});

describe('an emergency (break-glass)', () => {
  it('opens one record for an hour, and is reviewed by somebody else', async () => {
    const client = await aRegistered({ place_code: '110118102001' });
    const glass = { glass_id: newId(), client_id: client.client_id, reason: '产后大出血，昏迷' };
    expect((await send(house, clinician, 'rights.break_glass', glass)).status).toBe('done');
    expect(rules(await send(house, worker, 'rights.break_glass', { ...glass, glass_id: newId() }))).toEqual(['not_your_duty']);
    const review = { glass_id: glass.glass_id, verdict: 'justified', review: '情况属实' };
    expect(rules(await send(house, { ...privacy, account_id: clinician.account_id }, 'rights.review_break_glass', review))).toEqual(['not_own_review']);
    expect((await send(house, privacy, 'rights.review_break_glass', review)).status).toBe('done');
    expect(rules(await send(house, privacy, 'rights.review_break_glass', review))).toEqual(['decided_already']);
  });
});

describe('complaints [R10]', () => {
  const everybody: Actor = aPerson('public', '110118');
  const aComplaint = (change: Record<string, unknown> = {}) => ({
    complaint_id: newId(),
    tracking_hash: newId(),
    complaint_kind: 'forced_service',
    place_code: '110118101',
    words: '他们逼我上环',
    is_anonymous: false,
    name: '鲁提辖',
    contact: '13700000000',
    ...change,
  });

  it('have the clocks of the law: 15 days for the receipt, 60 (+30, once) for the decision, 30 to ask for a review, 30 to decide it', async () => {
    const complaint = aComplaint();
    await send(house, everybody, 'rights.complain', complaint);
    const { complaint_id } = complaint;
    const clock = async () => (await rows(sql<Record<string, string>>`select * from rights.complaint where id = ${complaint_id}`))[0];
    expect(await clock()).toMatchObject({ acknowledge_by: addDays(now, 15), decide_by: addDays(now, 60), status: 'received' });
    await send(house, ombudsperson, 'rights.acknowledge', { complaint_id });
    await send(house, ombudsperson, 'rights.extend', { complaint_id, reason: '要调取账目' });
    expect(await clock()).toMatchObject({ decide_by: addDays(now, 90), status: 'accepted' });
    expect(rules(await send(house, ombudsperson, 'rights.extend', { complaint_id, reason: '再要' }))).toEqual(['extended_already']);
    const decision = { complaint_id, complaint_outcome: 'substantiated', answer: '属实，道歉', remedy: '取出并赔偿', blinded_summary: '一起违背意愿的手术' };
    expect((await send(house, ombudsperson, 'rights.decide', decision)).status).toBe('done');
    expect(await clock()).toMatchObject({ review_by: addDays(now, 30), status: 'decided' });
    expect(rules(await send(house, everybody, 'rights.ask_review', { complaint_id, tracking_hash: 'wrong' }))).toEqual(['not_found']);
    expect((await send(house, everybody, 'rights.ask_review', { complaint_id, tracking_hash: complaint.tracking_hash })).status).toBe('done');
    expect(await clock()).toMatchObject({ review_decide_by: addDays(now, 30), status: 'review' });
    await send(house, ombudsperson, 'rights.decide_review', { complaint_id, complaint_outcome: 'substantiated', answer: '维持' });
    expect(await clock()).toMatchObject({ status: 'closed' });
  });
  it('are blind: nobody but the ombudsperson sees one, and what the unit gets says nothing of who complained', async () => {
    await send(house, everybody, 'rights.complain', aComplaint({ words: '花和尚看见了' }));
    for (const actor of [worker, clinician, privacy, aPerson('administrator', '110118'), aPerson('county_clinician', '110118'), aPerson('planner', '110118')])
      expect((await house.database.read(actor, (db) => sql`select 1 from rights.complaint`.execute(db))).rows, actor.role.name).toEqual([]);
    const kept = JSON.stringify([
      await rows(sql`select * from rights.complaint`),
      await rows(sql`select * from rights.complaint_outcome`),
      await rows(sql`select input from journal.entry where command like 'rights.%'`),
    ]);
    expect(kept).not.toMatch(/鲁提辖|13700000000|花和尚|逼我/);
  });
  it('[R6] what everybody may know of them hides small numbers, and with them what would give them away', () => {
    const some = (place_code: string, count: number) =>
      Array.from({ length: count }, () => ({ year: 2026, kind: 'privacy', outcome: 'substantiated', place_code }));
    const told = outcomesTold([...some('110118101', 3), ...some('110118102001', 9), ...some('110118103', 30)], '110118', () => 0);
    const by = Object.fromEntries(told.map((one) => [one.place_code, one.count]));
    expect(by).toEqual({ '110118': 40, '110118101': null, '110118102': null, '110118103': 30 });
  });
  it('are not judged by the unit accused, and an ombudsperson holds no duty in any', async () => {
    const facility_id = newId();
    const complaint = aComplaint({ facility_id });
    await send(house, everybody, 'rights.complain', complaint);
    await sql`insert into access.duty (county_code, id, account_id, duty, place_code, facility_id, seq) values ('110118', ${newId()}, ${ombudsperson.account_id}, 'supply_officer', '110118', ${facility_id}, 1)`.execute(
      house.database.owner,
    );
    const decision = { complaint_id: complaint.complaint_id, complaint_outcome: 'not_substantiated', answer: '无', remedy: '无', blinded_summary: '无' };
    expect(rules(await send(house, ombudsperson, 'rights.decide', decision))).toEqual(['of_the_accused_unit']);
  });
});
