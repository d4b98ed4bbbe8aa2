import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { corridors, handlers, isOpened, roles, routes } from './app.ts';
import { today } from './kit/day.ts';
import { newId } from './kit/id.ts';
import type { Actor } from './platform/access.ts';
import { root } from './platform/config.ts';
import { serve } from './platform/http.ts';
import type { Handler, House, Outcome } from './platform/room.ts';
import { rehearse } from './platform/run.ts';
import { openSession } from './platform/session.ts';
import { aClient, aGround, aHouse, aPerson, aVisit, program, send } from './testing/house.ts';
import { type Around, sampleInputs } from './testing/samples.ts';

/** The readable table: the first row of each part names the duties, a dot says that the duty holds it. */
const table = readFileSync(join(root, 'docs/generated/permissions.md'), 'utf8').split('\n');
const cells = (line: string) =>
  line
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim());
const duties = cells(table.find((line) => line.includes('| village_worker |')) ?? '').slice(1);
const written = new Map(
  table
    .filter((line) => line.includes('●'))
    .map(cells)
    .map(([name, ...dots]) => [name as string, new Set(duties.filter((_, index) => dots[index] === '●'))]),
);
const doors = new Map(
  table
    .filter((line) => /^\| (GET|POST|DELETE) /.test(line))
    .map(cells)
    .map(([door, needs]) => [door as string, needs as string]),
);
const held = duties.filter((duty) => !['client', 'public', 'self'].includes(duty));

const inside = '110118101';
let house: House;
let app: FastifyInstance;
let there: Around;
let elsewhere: Around;
const registered: { method: string; url: string; needs: string }[] = [];
const cookies = new Map<string, string>();

async function around(place_code: string): Promise<Around> {
  const actor = program('110118');
  const [client, other] = [aClient({ place_code }), aClient({ place_code })];
  for (const one of [client, other]) await send(house, actor, 'registry.register', one);
  const visit = aVisit(client.client_id, { place_code });
  await send(house, actor, 'care.record', visit);
  for (const name of ['林甲', '林乙']) await send(house, actor, 'registry.amend', { client_id: client.client_id, version: 1, name });
  const [facility_id, session_id, appointment_id] = [newId(), newId(), newId()];
  const facility = { facility_id, facility_number: `F-${facility_id.slice(-6)}`, place_code, kind: 'village_room', name_zh: '室', valid_from: '2020-01-01' };
  await send(house, actor, 'registry.open_facility', facility);
  const hours = { opens_at: '08:00', closes_at: '11:00', slot_minutes: 30, places_per_slot: 2 };
  await send(house, actor, 'care.open_session', { session_id, facility_id, place_code, held_on: today(), ...hours });
  const appointment = { appointment_id, client_id: client.client_id, session_id, slot_at: '08:00', service: 'contraception' };
  await send(house, actor, 'care.book', appointment);
  const conflict = await sql<{ id: string }>`select id from registry.conflict where client_id = ${client.client_id}`.execute(house.database.owner);
  const follow = await sql<{ id: string }>`select id from care.follow_up where visit_id = ${visit.visit_id}`.execute(house.database.owner);
  const [account_id, request_id, glass_id, complaint_id] = [newId(), newId(), newId(), newId()];
  const opened = { account_id, place_code, login: `p${account_id.slice(-10)}`, display_name: '丙', role: 'planner', password: 'a long password' };
  await send(house, actor, 'access.open_account', opened);
  await send(house, actor, 'rights.request', { request_id, client_id: client.client_id, request_kind: 'explain' });
  await send(house, actor, 'rights.break_glass', { glass_id, client_id: client.client_id, reason: '急' });
  const said = { complaint_kind: 'attitude', place_code, words: '话', is_anonymous: true };
  await send(house, actor, 'rights.complain', { complaint_id, tracking_hash: 'hash', ...said });
  return {
    place_code,
    client_id: client.client_id,
    other_client_id: other.client_id,
    visit_id: visit.visit_id,
    follow_up_id: follow.rows[0]?.id as string,
    account_id,
    duty_id: account_id,
    request_id,
    glass_id,
    complaint_id,
    facility_id,
    session_id,
    appointment_id,
    conflict_id: conflict.rows[0]?.id as string,
  };
}

beforeAll(async () => {
  house = await aHouse();
  await aGround(house);
  [there, elsewhere] = [await around('110118101001'), await around('110118102001')];
  const actor = program('110118');
  app = await serve({ house, roles, routes, corridors, isOpened, onRoute: (route) => registered.push(route) });
  for (const duty of held) {
    const account_id = newId();
    const term = duty === 'assessor' ? { until_on: '2027-01-01' } : {};
    await send(house, actor, 'access.open_account', {
      account_id,
      place_code: inside,
      login: duty,
      display_name: duty,
      role: duty,
      password: 'a long password',
      ...term,
    });
    cookies.set(duty, `zhiyuan_session=${await openSession(house.database, { county_code: '110118', account_id, kind: 'site' })}`);
  }
  const consent = sampleInputs(there)['rights.give_consent'] as Record<string, unknown>;
  await send(house, actor, 'rights.give_consent', consent);
  cookies.set('client', `zhiyuan_session=${await openSession(house.database, { county_code: '110118', client_id: there.client_id, kind: 'portal' })}`);
});
afterAll(() => app.close());

/** Tries one command and undoes it. */
async function tried(actor: Actor, name: string, input: Record<string, unknown>): Promise<Outcome> {
  return rehearse(house, actor, async (prepare) => (await (await prepare([{ id: newId(), name, input }]))())[0] as Outcome);
}
const rulesOf = (outcome: Outcome) => outcome.problem?.findings.map((finding) => finding.rule) ?? [];

describe('every command as every duty', () => {
  it('the table names every duty and every command there is', () => {
    expect(duties.sort()).toEqual([...roles.keys()].sort());
    for (const name of handlers.keys()) expect(written.has(name), name).toBe(true);
    expect(Object.keys(sampleInputs(there)).sort()).toEqual([...handlers.keys()].sort());
  });
  it('inside the place: passes where the table has a dot, is refused as not the duty everywhere else', async () => {
    for (const duty of duties) {
      const actor = { ...aPerson(duty, inside, '110118'), ...(duty === 'client' ? { account_id: there.client_id, client_id: there.client_id } : {}) };
      if (duty === 'self') actor.account_id = there.account_id;
      for (const name of handlers.keys()) {
        const outcome = await tried(actor, name, sampleInputs(there)[name] as Record<string, unknown>);
        const isRefused = rulesOf(outcome).includes('not_your_duty');
        expect(isRefused, `${duty} ${name}`).toBe(!written.get(name)?.has(duty));
        if (!isRefused) expect(rulesOf(outcome), `${duty} ${name}`).not.toContain('not_your_place');
      }
    }
  }, 120_000);
  it('outside the place: refused, or finds nobody; an emergency is the one way in, and is told', async () => {
    const anywhere = ['rights.break_glass', 'rights.review_break_glass', 'rights.acknowledge', 'rights.extend', 'rights.decide', 'rights.decide_review'];
    for (const duty of held) {
      const actor = aPerson(duty, inside, '110118');
      for (const name of actor.role.commands.filter((each) => !anywhere.includes(each))) {
        const outcome = await tried(actor, name, sampleInputs(elsewhere)[name] as Record<string, unknown>);
        expect(outcome.status, `${duty} ${name}`).toBe('refused');
        expect(['not_your_place', 'not_found', 'not_merged', 'client_is_known'], `${duty} ${name} ${rulesOf(outcome)}`).toContain(rulesOf(outcome)[0]);
      }
    }
  }, 120_000);
  it.each([...handlers.keys()])('%s works, sent twice happens once, and with nothing said is refused by its fields', async (name) => {
    const before: Record<string, string[]> = {
      'registry.unmerge': ['registry.merge'],
      'rights.hand_over': ['rights.give_consent'],
      'care.complete_appointment': ['care.check_in'],
      'rights.ask_review': ['rights.decide'],
      'rights.decide_review': ['rights.decide', 'rights.ask_review'],
      'access.remove_passkey': ['access.add_passkey'],
    };
    const actor = { ...program('110118'), account_id: there.account_id };
    const inputs = sampleInputs(there);
    const item = (each: string) => ({ id: newId(), name: each, input: inputs[each] });
    const twice = item(name);
    const needsNothing = Object.values((handlers.get(name) as Handler).command.form.asks).every((ask) => !ask.required);
    const outcomes = await rehearse(house, actor, async (prepare) => {
      for (const each of before[name] ?? []) await (await prepare([item(each)]))();
      return [...(await (await prepare([{ ...item(name), input: {} }]))()), ...(await (await prepare([twice]))()), ...(await (await prepare([twice]))())];
    });
    if (!needsNothing) expect(rulesOf(outcomes[0] as Outcome)).toContain('required');
    expect(outcomes.slice(1).map((outcome) => [outcome.status, rulesOf(outcome)])).toEqual([
      ['done', []],
      ['repeated', []],
    ]);
  });
  it('a client does what concerns herself and nobody else', async () => {
    const actor = { ...aPerson('client', inside, '110118'), account_id: there.client_id, client_id: there.client_id };
    for (const name of actor.role.commands) {
      const other = { ...(sampleInputs(there)[name] as Record<string, unknown>), client_id: there.other_client_id };
      expect(rulesOf(await tried(actor, name, other)), name).toEqual(['not_your_own']);
    }
  });
});

describe('every question and door as every duty', () => {
  const address = (url: string) =>
    url
      .replace(':client_id', there.client_id)
      .replace(':complaint_id', there.complaint_id)
      .replace(':place', inside)
      .replace(':code', 'Q1')
      .replace(/:\w+/g, newId());
  const ask = (method: string, url: string, who?: string) =>
    app.inject({ method: method as 'GET', url: address(url), headers: who ? { cookie: cookies.get(who) as string } : {} });

  it('every door of the server says what it needs, and the table has it', () => {
    expect(registered.length).toBeGreaterThan(40);
    for (const { method, url, needs } of registered) expect(needs, `${method} ${url}`).not.toBe('');
    for (const door of doors.keys()) {
      const [method, path] = door.split(' ');
      const found = registered.find((one) => one.method === method && one.url === path) ?? (/oidc/.test(door) ? { needs: 'anyone' } : undefined);
      expect(found?.needs, door).toBe(doors.get(door));
    }
  });
  it('nobody passes where a session is needed', async () => {
    for (const { method, url, needs } of registered) {
      const reply = await ask(method, url);
      if (needs === 'anyone') expect([200, 201, 204, 302, 400, 401, 403, 404, 422], url).toContain(reply.statusCode);
      else expect(reply.statusCode, `${method} ${url}`).toBe(401);
    }
  });
  it('each duty passes exactly the doors the table gives it', async () => {
    const closing = /session|account|passkey|commands|openapi/;
    for (const duty of [...held, 'client']) {
      for (const { method, url, needs } of registered.filter((one) => !closing.test(one.url) || one.url === '/api/accounts')) {
        if (needs === 'anyone' || needs === 'signed_in') continue;
        const reply = await ask(method, url, duty);
        const isRefused = reply.statusCode === 403 && JSON.stringify(reply.json()).includes('not_your_duty');
        const isHeld = written.get(needs)?.has(duty) ?? false;
        // A question with a body is asked without one: whoever holds the duty gets past the door and is asked for it.
        if (handlers.has(needs)) {
          if (isHeld) expect(reply.statusCode, `${duty} ${method} ${url}`).toBe(400);
          continue;
        }
        expect(isRefused, `${duty} ${method} ${url} ${reply.body.slice(0, 200)}`).toBe(!isHeld);
        expect(reply.statusCode, `${duty} ${method} ${url} ${reply.body.slice(0, 200)}`).toBeLessThan(500);
      }
    }
  }, 120_000);
  it('a record outside the place is found by nobody', async () => {
    for (const duty of held) {
      for (const { url, needs } of registered.filter((one) => one.url.includes('/clients/'))) {
        if (!written.get(needs)?.has(duty)) continue;
        const reply = await app.inject({
          method: 'GET',
          url: url.replace(':client_id', elsewhere.client_id),
          headers: { cookie: cookies.get(duty) as string },
        });
        expect(reply.statusCode, `${duty} ${url}`).toBe(404);
      }
    }
  });
  it('[HOUSE 11] the second wall: a statement without any condition shows a client to the care team of her place, to herself, and to nobody else', async () => {
    const tables = ['registry.client', 'care.visit', 'care.follow_up', 'registry.client_before', 'care.visit_before', 'care.appointment', 'rights.consent'];
    for (const duty of duties) {
      const actor = aPerson(duty, inside, '110118');
      for (const table of tables) {
        const { rows } = await house.database.read(actor, (db) => sql<{ place_code: string }>`select place_code from ${sql.raw(table)}`.execute(db));
        if (actor.role.people)
          expect(
            rows.every((row) => row.place_code.startsWith(inside)),
            `${duty} ${table}`,
          ).toBe(true);
        else expect(rows, `${duty} ${table}`).toEqual([]);
      }
      // A county's ledgers say who came for care: no question sees the journal, only the privacy officer's desk the looks and emergencies.
      for (const table of ['journal.entry', 'access.look', 'rights.break_glass']) {
        const { rows } = await house.database.read(actor, (db) => sql`select 1 from ${sql.raw(table)}`.execute(db));
        expect(rows.length > 0, `${duty} ${table}`).toBe(duty === 'privacy_officer' && table !== 'journal.entry');
      }
      const complaints = await house.database.read(actor, (db) => sql`select 1 from rights.complaint`.execute(db));
      expect(complaints.rows.length > 0, duty).toBe(duty === 'ombudsperson');
    }
  });
});
