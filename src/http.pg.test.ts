import type { FastifyInstance } from 'fastify';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { corridors, roles, routes } from './app.ts';
import { newId } from './kit/id.ts';
import { serve } from './platform/http.ts';
import type { House } from './platform/room.ts';
import { route } from './platform/route.ts';
import { aClient, aGround, aHouse, aVisit, counties, program, send } from './testing/house.ts';

let house: House;
let app: FastifyInstance;
const cookies: Record<string, string> = {};
const client = aClient({ name: '网上甲', phone: '13800000009' });

beforeAll(async () => {
  house = await aHouse();
  await aGround(house);
  const actor = program(counties[0]);
  for (const [role, place_code] of [
    ['county_clinician', '110118'],
    ['village_worker', '110118102001'],
    ['planner', '110118'],
    ['administrator', '110118'],
  ] as const) {
    await send(house, actor, 'access.open_account', { account_id: newId(), login: role, display_name: role, role, place_code, password: `secret ${role}` });
  }
  await send(house, actor, 'registry.register', client);
  app = await serve({ house, roles, routes, corridors });
  for (const role of ['county_clinician', 'village_worker', 'planner', 'administrator']) {
    const reply = await app.inject({ method: 'POST', url: '/api/session', payload: { login: role, password: `secret ${role}` } });
    cookies[role] = String(reply.headers['set-cookie']).split(';')[0] as string;
  }
});
afterAll(() => app.close());

const ask = (who: string | undefined, url: string) => app.inject({ method: 'GET', url, headers: who ? { cookie: cookies[who] as string } : {} });
const tell = (who: string | undefined, items: unknown) =>
  app.inject({ method: 'POST', url: '/api/commands', headers: who ? { cookie: cookies[who] as string } : {}, payload: { items } as object });

describe('sign-in', () => {
  it('a wrong password and an unknown login are one answer', async () => {
    const [wrong, unknown] = [
      await app.inject({ method: 'POST', url: '/api/session', payload: { login: 'planner', password: 'x' } }),
      await app.inject({ method: 'POST', url: '/api/session', payload: { login: 'nobody', password: 'x' } }),
    ];
    expect([wrong.statusCode, wrong.json().findings]).toEqual([401, unknown.json().findings]);
    expect(wrong.headers['content-type']).toContain('application/problem+json');
  });
  it('the cookie is not for scripts; the token is kept only as a hash; signing out ends it', async () => {
    const reply = await app.inject({ method: 'POST', url: '/api/session', payload: { login: 'planner', password: 'secret planner' } });
    const header = String(reply.headers['set-cookie']);
    expect(header).toMatch(/HttpOnly.*SameSite=Lax/);
    const token = /=([^;]+);/.exec(header)?.[1] as string;
    const { rows } = await sql<{ n: number }>`select count(*)::int as n from access.session where token_hash = ${token}`.execute(house.database.owner);
    expect(rows).toEqual([{ n: 0 }]);
    const cookie = header.split(';')[0] as string;
    await app.inject({ method: 'DELETE', url: '/api/session', headers: { cookie } });
    expect((await app.inject({ method: 'GET', url: '/api/session', headers: { cookie } })).statusCode).toBe(401);
  });
  it('passwords are hashed with argon2id and stand nowhere in the journal', async () => {
    const { rows } = await sql<{ text: string }>`select password_hash as text from access.account union all select input::text from journal.entry`.execute(
      house.database.owner,
    );
    expect(rows[0]?.text).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    expect(rows.some((row) => row.text.includes('secret planner'))).toBe(false);
  });
});

describe('every question, as nobody and as a stranger', () => {
  it('is refused to those who are not signed in', async () => {
    for (const route of routes) expect((await ask(undefined, route.path.replace(/:\w+/g, client.client_id))).statusCode, route.path).toBe(401);
    expect((await ask(undefined, '/api/pull')).statusCode).toBe(401);
    expect((await tell(undefined, [{ id: newId(), name: 'care.record', input: {} }])).statusCode).toBe(401);
  });
  it('is refused to duties that do not hold it', async () => {
    for (const route of routes) {
      const isHeld = roles.get('administrator')?.reads.includes(route.read);
      expect((await ask('administrator', route.path.replace(/:\w+/g, client.client_id))).statusCode, route.path).toBe(isHeld ? 200 : 403);
    }
    expect((await ask('planner', `/api/clients/${client.client_id}`)).statusCode).toBe(403);
  });
  it('a village worker finds nobody of another village, by list, by id, by pull', async () => {
    expect((await ask('village_worker', '/api/clients')).json().clients).toEqual([]);
    expect((await ask('village_worker', `/api/clients/${client.client_id}`)).statusCode).toBe(404);
    expect((await ask('village_worker', `/api/clients/${client.client_id}/visits`)).statusCode).toBe(404);
    expect((await ask('village_worker', '/api/pull')).json().changes).toEqual([]);
    expect((await ask('village_worker', '/api/board?place=110118')).statusCode).toBe(403);
  });
});

describe('the door', () => {
  it('records a visit, and the board and the pull show it', async () => {
    const visit = aVisit(client.client_id);
    const reply = await tell('county_clinician', [{ id: newId(), name: 'care.record', input: visit }]);
    expect(reply.json().outcomes).toMatchObject([{ status: 'done' }]);
    const { changes } = (await ask('county_clinician', '/api/pull')).json() as { changes: { table: string; row: { id: string } }[] };
    expect(changes.filter((change) => change.table === 'care.visit').map((change) => change.row.id)).toEqual([visit.visit_id]);
    expect(
      (await ask('county_clinician', '/api/board?period=2025')).json().figures.find((figure: { indicator: string }) => figure.indicator === 'Q1'),
    ).toMatchObject({ numerator: 1, denominator: 1, verdict: 'too_few' });
    expect((await ask('county_clinician', `/api/clients/${client.client_id}`)).json()).toMatchObject({ name: '网上甲', phone: '13800000009' });
  });
  it('a pull in small pages gives every change once, in order', async () => {
    const all = (await ask('county_clinician', '/api/pull')).json().changes as { seq: number }[];
    const paged: { seq: number }[] = [];
    for (let after = 0, more = true; more; ) {
      const page = (await ask('county_clinician', `/api/pull?after=${after}&limit=2`)).json();
      paged.push(...page.changes);
      after = page.checkpoint;
      more = page.more;
    }
    expect(paged).toEqual(all);
  });
  it('gives an OpenAPI 3.1 document with every route and every command’s form', async () => {
    const document = (await ask(undefined, '/api/openapi.json')).json();
    expect(document.openapi).toBe('3.1.0');
    for (const route of routes) expect(Object.keys(document.paths), route.path).toContain(route.path.replace(/:(\w+)/g, '{$1}'));
    for (const name of house.handlers.keys()) expect(document.components.schemas[name].type, name).toBe('object');
  });
  it('nothing personal stands in a log, whatever goes wrong', async () => {
    const lines: string[] = [];
    const broken = await aHouse();
    await aGround(broken);
    const named = { name: '皇甫日志', phone: '13812345678', id_number: '11010519491231002X', born_on: '1949-12-31' };
    const woman = { ...aClient(named), ...named };
    await send(broken, program(counties[0]), 'registry.register', woman);
    await send(broken, program(counties[0]), 'access.open_account', {
      account_id: newId(),
      login: 'logged',
      display_name: '记',
      role: 'county_clinician',
      place_code: '110118',
      password: 'a long password',
    });
    const ourMistake = route({
      read: 'session',
      path: '/api/our-mistake',
      summary: 'A mistake of ours that has somebody in its message',
      query: z.object({}),
      reply: z.object({}),
      answer: () => Promise.reject(new Error(`cannot read ${woman.name} "${woman.phone}" ${woman.born_on} ${woman.id_number}`)),
    });
    const site = await serve({ house: broken, roles, routes: [...routes, ourMistake], corridors, log: { write: (line) => lines.push(line) } });
    const signed = await site.inject({ method: 'POST', url: '/api/session', payload: { login: 'logged', password: 'a long password' } });
    const headers = { cookie: String(signed.headers['set-cookie']).split(';')[0] as string };
    const every = async () => {
      expect((await site.inject({ method: 'GET', url: `/api/our-mistake?find=${encodeURIComponent(woman.name)}`, headers })).statusCode).toBe(500);
      await site.inject({ method: 'GET', url: `/api/clients?find=${encodeURIComponent('皇甫日志')}`, headers });
      await site.inject({ method: 'GET', url: '/api/clients?find=13812345678', headers });
      await site.inject({ method: 'GET', url: `/api/clients/${woman.client_id}`, headers });
      const items = [{ id: newId(), name: 'registry.register', input: { ...woman, client_id: newId() } }];
      await site.inject({ method: 'POST', url: '/api/commands', headers, payload: { items } });
      await site.inject({ method: 'POST', url: '/api/session', payload: { login: 'logged', password: '13812345678' } });
    };
    await every();
    // Every kind of mistake of ours: a column gone, a check that fails with the row in its message, no table at all.
    for (const breakage of [
      'alter table registry.client add column extra integer not null default 1; alter table registry.client alter column extra drop default',
      'alter table registry.client drop column extra',
      'alter table registry.client rename column name to other',
      "alter table registry.client rename column other to name; alter table registry.client add constraint never check (name = '') not valid",
      'drop table registry.client cascade',
    ]) {
      await sql.raw(breakage).execute(broken.database.owner);
      await every();
    }
    await site.close();
    expect(lines.length).toBeGreaterThan(3);
    expect(lines.join('')).not.toMatch(/皇甫|13812345678|11010519491231002|1949-12-31|a long password|zhiyuan_session=/);
  });
  it('a page carries a content policy and no script of others', async () => {
    const { headers } = await ask(undefined, '/api/openapi.json');
    expect(headers['content-security-policy']).toContain("script-src 'self'");
    expect(headers['x-content-type-options']).toBe('nosniff');
  });
});
