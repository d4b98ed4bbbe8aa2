import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import type { FastifyInstance } from 'fastify';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { corridors, isOpened, roles, routes } from './app.ts';
import { newId } from './kit/id.ts';
import { importFile } from './modules/exchange/server-import.ts';
import { sheets } from './modules/exchange/sheet.ts';
import { serve } from './platform/http.ts';
import type { House } from './platform/room.ts';
import { run } from './platform/run.ts';
import { openSession } from './platform/session.ts';
import { aClient, aGround, aHouse, aPerson, program, send } from './testing/house.ts';

/** Generated hostile inputs a door. */
const many = 10_000;

let house: House;
let app: FastifyInstance;
const cookies: string[] = [];
const doors: { method: string; url: string }[] = [];
const client = aClient();
const clinician = aPerson('county_clinician', '110118');

const scalar = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.integer(),
  fc.double(),
  fc.boolean(),
  fc.constantFrom<unknown>(
    null,
    "'; drop table care.visit; --",
    '\u0000',
    '\ud800',
    '9'.repeat(400),
    '2025-99-99',
    '110118101001',
    '../../etc/passwd',
    '%00',
    '=1+1',
    '{"$ne":1}',
  ),
);
const fields = [
  'client_id',
  'place_code',
  'name',
  'visited_on',
  'service',
  'version',
  'quantity',
  'login',
  'password',
  'code',
  'id',
  'purpose',
  'words',
  'number',
  'reason',
  '__proto__',
  'constructor',
];
const body = fc.dictionary(
  fc.constantFrom(...fields),
  fc.oneof(scalar, fc.array(scalar, { maxLength: 3 }), fc.dictionary(fc.constantFrom(...fields), scalar, { maxKeys: 2 })),
  { maxKeys: 6 },
);

/** What may not change: every row of every table that is about people, places or accounts, and the journal. */
async function everything(): Promise<string> {
  const { rows } = await sql<{ name: string }>`
    select table_schema || '.' || table_name as name from information_schema.tables
     where table_schema in ('journal', 'registry', 'rights', 'supplies', 'care', 'exchange') or table_schema || '.' || table_name in ('access.account', 'access.duty', 'access.passkey', 'access.login') order by 1`.execute(
    house.database.owner,
  );
  const sums = [];
  for (const { name } of rows.filter((row) => row.name !== 'journal.pen')) {
    const sum = await sql<{
      sum: string;
    }>`select count(*) || ' ' || coalesce(md5(string_agg(t::text, '' order by t::text)), '') as sum from ${sql.raw(name)} t`.execute(house.database.owner);
    sums.push(`${name} ${sum.rows[0]?.sum}`);
  }
  return sums.join('\n');
}

beforeAll(async () => {
  house = await aHouse();
  await aGround(house);
  await send(house, program('110118'), 'registry.register', client);
  app = await serve({ house, roles, routes, corridors, isOpened, onRoute: (door) => doors.push(door) });
  for (const role of ['county_clinician', 'statistician', 'ombudsperson', 'privacy_officer', 'administrator', 'planner']) {
    const account_id = newId();
    await send(house, program('110118'), 'access.open_account', {
      account_id,
      place_code: '110118',
      login: role,
      display_name: role,
      role,
      password: 'a long password',
    });
    cookies.push(`zhiyuan_session=${await openSession(house.database, { county_code: '110118', account_id, kind: 'site' })}`);
  }
});
afterAll(() => app.close());

it(`HTTP: ${many} hostile requests at every door get no 500 and change no row`, async () => {
  const before = await everything();
  const text = fc.string({ unit: 'binary', maxLength: 30 }).map((value) => value.replace(/[\ud800-\udfff]/g, '') || 'x');
  const address = fc.oneof(text, fc.constantFrom(client.client_id, '110118', 'Q1', newId()));
  const request = fc.record({
    door: fc.nat(),
    who: fc.nat(),
    part: address,
    key: fc.constantFrom('find', 'place', 'period', 'level', 'after', 'limit', 'status', 'before', 'client_id'),
    value: address,
    payload: fc.oneof(body, scalar, fc.array(body, { maxLength: 2 })),
    type: fc.constantFrom('application/json', 'application/json', 'text/plain', 'multipart/form-data; boundary=x', 'application/xml'),
  });
  const worst: string[] = [];
  const seen = new Map<number, number>();
  const one = async ({ door, who, part, key, value, payload, type }: typeof request extends fc.Arbitrary<infer R> ? R : never) => {
    const { method, url } = doors[door % doors.length] as (typeof doors)[number];
    const reply = await app.inject({
      method: method as 'GET',
      url: `${url.replace(/:\w+/g, encodeURIComponent(part))}?${key}=${encodeURIComponent(value)}`,
      headers: { cookie: cookies[who % (cookies.length + 1)] ?? '', ...(method === 'POST' ? { 'content-type': type } : {}) },
      ...(method === 'POST' ? { payload: typeof payload === 'object' && payload !== null ? JSON.stringify(payload) : String(payload) } : {}),
    });
    seen.set(reply.statusCode, (seen.get(reply.statusCode) ?? 0) + 1);
    if (reply.statusCode >= 500) worst.push(`${method} ${url} ${reply.body}`);
  };
  const requests = fc.sample(request, { numRuns: many, seed: 7 });
  for (let at = 0; at < requests.length; at += 8) {
    await Promise.all(requests.slice(at, at + 8).map(one));
    if (at % 400 === 0) await sql`delete from access.attempt`.execute(house.database.owner);
  }
  expect(worst.slice(0, 3)).toEqual([]);
  // They got past the doors, not only up to them.
  expect(seen.get(200), JSON.stringify([...seen])).toBeGreaterThan(many / 20);
  expect(seen.get(400)).toBeGreaterThan(many / 20);
  expect(await everything()).toBe(before);
}, 300_000);

it(`sync: ${many} hostile commands are refused one by one, none is done`, async () => {
  const before = await everything();
  const names = [...house.handlers.keys(), 'no.such', '__proto__', ''];
  const item = fc.record({ id: fc.oneof(fc.uuid(), scalar.map(String)), name: fc.constantFrom(...names), input: fc.oneof(body, scalar) });
  const items = fc.sample(item, { numRuns: many, seed: 11 });
  for (let at = 0; at < items.length; at += 250) {
    const outcomes = await run(house, clinician, items.slice(at, at + 250));
    for (const outcome of outcomes) expect(outcome.status).toBe('refused');
  }
  expect(await everything()).toBe(before);
}, 120_000);

it(`import: ${many} hostile rows are refused with words, none is written`, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'zhiyuan-hostile-'));
  const before = await everything();
  const cell = (value: unknown) => `"${String(value).replaceAll('"', '""')}"`;
  const each = Math.ceil(many / sheets.length);
  let refused = 0;
  for (const sheet of sheets) {
    const rows = fc.sample(fc.array(scalar, { minLength: sheet.columns.length, maxLength: sheet.columns.length }), { numRuns: each, seed: 13 });
    const text = [sheet.columns.map((column) => column.key).join(','), ...rows.map((row) => row.map(cell).join(','))].join('\n');
    writeFileSync(join(folder, `${sheet.name}.csv`), text);
    const report = await importFile(
      house,
      { ...clinician, role: { ...clinician.role, commands: [...house.handlers.keys()] } },
      join(folder, `${sheet.name}.csv`),
    );
    refused += report.sheets.reduce((sum, one) => sum + one.refused, 0);
    expect(
      report.sheets.reduce((sum, one) => sum + one.added + one.changed, 0),
      sheet.name,
    ).toBe(0);
  }
  expect(refused).toBeGreaterThan(many * 0.95);
  expect(await everything()).toBe(before);
}, 120_000);
