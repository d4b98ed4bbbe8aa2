import type { FastifyInstance } from 'fastify';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { corridors, isOpened, roles, routes } from '../app.ts';
import { newId } from '../kit/id.ts';
import { aClient, aGround, aHouse, aVisit, program, send } from '../testing/house.ts';
import { serve } from './http.ts';
import { makeAnchor, verifyChains } from './looks.ts';
import type { House } from './room.ts';
import { openSession } from './session.ts';

let house: House;
let app: FastifyInstance;
const county = '110118';
const client = aClient({ name: '看客', place_code: '110118102001' });
const cookies: Record<string, string> = {};

beforeAll(async () => {
  house = await aHouse();
  await aGround(house);
  const actor = program(county);
  await send(house, actor, 'registry.register', client);
  for (let i = 0; i < 4; i += 1) await send(house, actor, 'care.record', aVisit(client.client_id, { place_code: '110118102001' }));
  app = await serve({ house, roles, routes, corridors, isOpened });
  for (const [role, place_code] of [
    ['county_clinician', county],
    ['township_clinician', '110118101'],
    ['planner', county],
    ['privacy_officer', county],
  ] as const) {
    const account_id = newId();
    await send(house, actor, 'access.open_account', { account_id, place_code, login: role, display_name: `某${role}`, role, password: 'a long password' });
    cookies[role] = `zhiyuan_session=${await openSession(house.database, { county_code: county, account_id, kind: 'site' })}`;
  }
});
afterAll(() => app.close());

const ask = (who: string, url: string) => app.inject({ method: 'GET', url, headers: { cookie: cookies[who] as string } });
const owner = <T>(query: ReturnType<typeof sql<T>>) => query.execute(house.database.owner);

describe('who looked [R7]', () => {
  it('every read, search, pull and refusal is written down, and she sees it a moment later with its reason', async () => {
    await ask('county_clinician', `/api/clients/${client.client_id}`);
    await ask('county_clinician', `/api/clients/${client.client_id}/visits`);
    await ask('county_clinician', '/api/clients?find=看客');
    await ask('county_clinician', '/api/pull');
    expect((await ask('planner', `/api/clients/${client.client_id}`)).statusCode).toBe(403);
    // Outside her place nothing is found until an emergency is declared.
    expect((await ask('township_clinician', `/api/clients/${client.client_id}`)).statusCode).toBe(404);
    const glass = { items: [{ id: newId(), name: 'rights.break_glass', input: { glass_id: newId(), client_id: client.client_id, reason: '车祸昏迷' } }] };
    await app.inject({ method: 'POST', url: '/api/commands', payload: glass, headers: { cookie: cookies['township_clinician'] as string } });
    expect((await ask('township_clinician', `/api/clients/${client.client_id}`)).json()).toMatchObject({ name: '看客' });
    // For an hour, and not a moment longer.
    await sql`update rights.break_glass set ends_at = now() - interval '1 second'`.execute(house.database.owner);
    expect((await ask('township_clinician', `/api/clients/${client.client_id}`)).statusCode).toBe(404);
    await sql`update rights.break_glass set ends_at = now() + interval '1 hour'`.execute(house.database.owner);

    const consent = {
      consent_id: newId(),
      client_id: client.client_id,
      purpose: 'portal',
      text_version: '2026-1',
      language: 'zh',
      given_on: '2026-01-05',
      given_by: 'client',
      given_alone: true,
      how: 'verbal',
      witness: '甲',
    };
    await send(house, program(county), 'rights.give_consent', consent);
    const code = await app.inject({
      method: 'POST',
      url: '/api/codes',
      payload: { client_id: client.client_id },
      headers: { cookie: cookies['county_clinician'] as string },
    });
    const opened = await app.inject({ method: 'POST', url: '/api/my/session', payload: { code: code.json().code.toLowerCase().replaceAll('-', ' ') } });
    expect(opened.statusCode).toBe(204);
    cookies['herself'] = String(opened.headers['set-cookie']).split(';')[0] as string;
    const { looks, writes } = (await ask('herself', '/api/my/access')).json();
    expect(looks.map((look: { action: string; duty: string; reason: string | null }) => [look.action, look.duty, look.reason])).toEqual([
      ['read', 'township_clinician', '车祸昏迷'],
      ['pull', 'county_clinician', null],
      ['search', 'county_clinician', null],
      ['read', 'county_clinician', null],
      ['read', 'county_clinician', null],
    ]);
    expect(writes.map((write: { command: string }) => write.command)).toContain('care.record');
    // A code opens once.
    expect((await app.inject({ method: 'POST', url: '/api/my/session', payload: { code: code.json().code } })).statusCode).toBe(401);
  });
  it('her own record is hers to read and to take along, as PDF and as a FHIR document', async () => {
    expect((await ask('herself', '/api/my/record')).json()).toMatchObject({ client: { name: '看客' }, visits: [{}, {}, {}, {}] });
    const pdf = await ask('herself', '/api/my/document.pdf');
    expect(pdf.rawPayload.subarray(0, 5).toString()).toBe('%PDF-');
    const bundle = (await ask('herself', '/api/my/document.json')).json();
    expect(bundle).toMatchObject({
      resourceType: 'Bundle',
      type: 'document',
      entry: [{ resource: { resourceType: 'Composition' } }, { resource: { resourceType: 'Patient' } }, {}, {}, {}, {}, {}],
    });
    expect((await ask('herself', `/api/clients/${client.client_id}`)).statusCode).toBe(403);
  });
});

describe('the chains', () => {
  const verify = (outside = [] as Parameters<typeof verifyChains>[3]) => verifyChains(house.database, house.keys, county, outside);
  /** Touches the database as its owner could, looks, and puts everything back. */
  const tampered = async (touch: ReturnType<typeof sql>, back: ReturnType<typeof sql>) => {
    await touch.execute(house.database.owner);
    const { breaks } = await verify();
    await back.execute(house.database.owner);
    return breaks;
  };

  it('are whole as written', async () => {
    const found = await verify();
    expect(found.breaks).toEqual([]);
    expect(found.entries).toBeGreaterThan(10);
    expect(found.looks).toBeGreaterThan(7);
  });
  it('a changed row is found and located, in the log of reads and in the journal', async () => {
    expect(await tampered(sql`update access.look set duty = 'planner' where n = 3`, sql`update access.look set duty = 'county_clinician' where n = 3`)).toEqual(
      [{ chain: 'looks', at: 3, kind: 'changed' }],
    );
    const { rows } = await owner(sql<{ seq: number; text: string }>`select seq, input::text as text from journal.entry where command = 'care.record' limit 1`);
    const { seq, text } = rows[0] as { seq: number; text: string };
    expect(
      await tampered(sql`update journal.entry set input = '{}' where seq = ${seq}`, sql`update journal.entry set input = ${text}::json where seq = ${seq}`),
    ).toEqual([{ chain: 'journal', at: seq, kind: 'changed_or_one_before_removed' }]);
  });
  it('a removed row, two rows in another order, and a cut-off end are found and located', async () => {
    await sql`create temporary table kept as select * from access.look`.execute(house.database.owner);
    const whole = sql`with gone as (delete from access.look) select 1`;
    const again = sql`insert into access.look select * from pg_temp.kept on conflict do nothing`;
    expect(await tampered(sql`delete from access.look where n = 4`, again)).toEqual([{ chain: 'looks', at: 4, kind: 'missing' }]);
    const swapped = await tampered(sql`update access.look set n = case n when 2 then -5 else 2 end where n in (2, 5)`, whole);
    expect(swapped.map(({ chain, at }) => [chain, at])).toEqual(expect.arrayContaining([['looks', 2]]));
    await again.execute(house.database.owner);
    const { rows } = await owner(sql<{ n: number }>`select max(n) as n from access.look`);
    const last = rows[0]?.n as number;
    expect(await tampered(sql`delete from access.look where n = ${last}`, again)).toEqual([{ chain: 'looks', at: last - 1, kind: 'cut_off' }]);
    expect((await verify()).breaks).toEqual([]);
  });
  it('an anchor sent out holds against somebody who has the keys and rewrites the end', async () => {
    const anchor = await makeAnchor(house.database, county, '2026-01-01');
    expect((await verify([anchor])).breaks).toEqual([]);
    expect((await verify([{ ...anchor, look_hash: 'another' }])).breaks).toEqual([{ chain: 'anchor', at: anchor.look_n, kind: 'anchor_differs' }]);
    expect((await verify([{ ...anchor, journal_seq: anchor.journal_seq + 7 }])).breaks).toEqual([
      { chain: 'anchor', at: anchor.journal_seq + 7, kind: 'cut_off' },
    ]);
  });
  it('the application itself can change no look', async () => {
    await expect(
      house.database.read({ county_code: county, place_code: county }, (db) =>
        sql`update access.look set detail = 'x' where county_code = ${county}`.execute(db),
      ),
    ).rejects.toThrow();
    await expect(
      house.database.write({ county_code: county, place_code: county }, ({ db }) => sql`delete from access.look where county_code = ${county}`.execute(db)),
    ).rejects.toThrow('permission denied');
  });
});
