import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { sql } from 'kysely';
import { Provider } from 'oidc-provider';
import { Secret, TOTP } from 'otpauth';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { corridors, isOpened, roles, routes } from '../app.ts';
import { addDays, today } from '../kit/day.ts';
import { newId } from '../kit/id.ts';
import { aGround, aHouse, aPerson, program, send } from '../testing/house.ts';
import { serve } from './http.ts';
import { firstRunCode } from './own-doors.ts';
import type { House, Outcome } from './room.ts';

let house: House;
let app: FastifyInstance;
const county = '110118';
const admin = aPerson('administrator', county);
const rules = (outcome: Outcome) => outcome.problem?.findings.map((finding) => finding.rule);

beforeAll(async () => {
  house = await aHouse();
  await aGround(house);
  app = await serve({ house, roles, routes, corridors, isOpened, mustChange: (password) => password === 'zhiyuan-demo' });
});
afterAll(() => app.close());

async function anAccount(login: string, role = 'planner', password = 'correct horse battery') {
  const account_id = newId();
  const outcome = await send(house, program(county), 'access.open_account', { account_id, place_code: county, login, display_name: login, role, password });
  expect(outcome.status).toBe('done');
  return account_id;
}
const post = (url: string, payload: object, cookie = '') => app.inject({ method: 'POST', url, payload, headers: { cookie } });
const get = (url: string, cookie: string) => app.inject({ method: 'GET', url, headers: { cookie } });
const signIn = (login: string, password = 'correct horse battery', more = {}) => post('/api/session', { login, password, ...more });
const cookieOf = (reply: { headers: Record<string, unknown> }) => String(reply.headers['set-cookie']).split(';')[0] as string;
const ruleOf = (reply: { json: () => { findings: { rule: string }[] } }) => reply.json().findings[0]?.rule;

describe('passwords', () => {
  it('ten wrong ones shut a login for a quarter of an hour, the right one included; others go on', async () => {
    await anAccount('locked');
    await anAccount('other');
    for (let i = 0; i < 10; i += 1) expect(ruleOf(await signIn('locked', 'wrong'))).toBe('wrong_login_or_password');
    const shut = await signIn('locked');
    expect(shut.statusCode).toBe(403);
    expect(shut.json().findings[0]).toMatchObject({ rule: 'too_many_attempts', values: { minutes: 15 } });
    expect((await signIn('other')).statusCode).toBe(204);
    expect(ruleOf(await signIn('nobody-there', 'wrong'))).toBe('wrong_login_or_password');
  });
  it('are changed with the present one, have twelve characters, and end all other sessions', async () => {
    await anAccount('changer');
    const [here, elsewhere] = [cookieOf(await signIn('changer')), cookieOf(await signIn('changer'))];
    expect(ruleOf(await post('/api/account/password', { current: 'wrong', next: 'a new long password' }, here))).toBe('wrong_login_or_password');
    expect(ruleOf(await post('/api/account/password', { current: 'correct horse battery', next: 'short' }, here))).toBe('password_too_short');
    expect((await post('/api/account/password', { current: 'correct horse battery', next: 'a new long password' }, here)).statusCode).toBe(204);
    expect((await get('/api/session', here)).statusCode).toBe(200);
    expect(ruleOf(await get('/api/session', elsewhere))).toBe('session_revoked');
    expect((await signIn('changer', 'a new long password')).statusCode).toBe(204);
  });
  it('nobody changes another’s, whatever their duty', async () => {
    const account_id = await anAccount('victim');
    for (const duty of roles.keys()) {
      const actor = aPerson(duty, county);
      expect(rules(await send(house, actor, 'access.change_password', { account_id, password: 'a new long password' }))?.[0], duty).toMatch(
        /not_your_duty|not_your_own/,
      );
    }
  });
  it('the demonstration’s must be changed before anything else where others can reach the site', async () => {
    await anAccount('demo', 'county_clinician', 'zhiyuan-demo');
    const cookie = cookieOf(await signIn('demo', 'zhiyuan-demo'));
    expect((await get('/api/session', cookie)).json()).toMatchObject({ must_change: true });
    expect(ruleOf(await get('/api/clients', cookie))).toBe('change_password_first');
    expect(ruleOf(await post('/api/commands', { items: [{ id: newId(), name: 'registry.register', input: {} }] }, cookie))).toBe('change_password_first');
    expect(ruleOf(await post('/api/account/password', { current: 'zhiyuan-demo', next: 'zhiyuan-demo' }, cookie))).toBe('password_not_new');
    expect((await post('/api/account/password', { current: 'zhiyuan-demo', next: 'a new long password' }, cookie)).statusCode).toBe(204);
    expect((await get('/api/clients', cookie)).statusCode).toBe(200);
  });
});

describe('a second factor', () => {
  it('is asked for once confirmed, and each of its numbers counts once', async () => {
    await anAccount('twofactor');
    const cookie = cookieOf(await signIn('twofactor'));
    const { secret } = (await post('/api/account/totp', {}, cookie)).json();
    const digits = (offset = 0) => new TOTP({ secret: Secret.fromBase32(secret) }).generate({ timestamp: Date.now() + offset });
    expect(ruleOf(await post('/api/account/totp/confirm', { secret, digits: '000000' === digits() ? '111111' : '000000' }, cookie))).toBe('wrong_totp');
    expect((await post('/api/account/totp/confirm', { secret, digits: digits() }, cookie)).statusCode).toBe(204);
    expect(ruleOf(await signIn('twofactor'))).toBe('totp_needed');
    const code = digits();
    expect((await signIn('twofactor', undefined, { totp: code })).statusCode).toBe(204);
    expect(ruleOf(await signIn('twofactor', undefined, { totp: code }))).toBe('wrong_totp');
    const kept = await sql<{ text: string }>`select a::text as text from access.account a union all select e::text from journal.entry e`.execute(
      house.database.owner,
    );
    for (const { text } of kept.rows) expect(text).not.toContain(secret);
  });
});

describe('sessions', () => {
  it('are listed, ended one by one, and all at once by the administrator when a phone is lost', async () => {
    const account_id = await anAccount('phones', 'village_worker');
    const [desk, phone] = [cookieOf(await signIn('phones')), cookieOf(await signIn('phones', undefined, { device_name: '华为 Y6' }))];
    const listed = (await get('/api/account', desk)).json();
    expect(listed.sessions.map((one: { kind: string; device_name: string | null }) => [one.kind, one.device_name]).sort()).toEqual([
      ['device', '华为 Y6'],
      ['site', null],
    ]);
    const lost = listed.sessions.find((one: { kind: string }) => one.kind === 'device');
    expect((await app.inject({ method: 'DELETE', url: `/api/account/sessions/${lost.id}`, headers: { cookie: desk } })).statusCode).toBe(204);
    expect(ruleOf(await get('/api/pull', phone))).toBe('session_revoked');
    await anAccount('boss', 'administrator');
    const boss = cookieOf(await signIn('boss'));
    expect((await post(`/api/accounts/${account_id}/revoke`, {}, boss)).json()).toEqual({ ended: 1 });
    expect((await get('/api/session', desk)).statusCode).toBe(401);
    expect((await post(`/api/accounts/${account_id}/revoke`, {}, cookieOf(await signIn('other')))).statusCode).toBe(403);
  });
});

describe('duties', () => {
  const grant = (account_id: string, role: string, term = {}) =>
    send(house, admin, 'access.grant_duty', { duty_id: newId(), account_id, role, place_code: county, ...term });

  it.each([
    ['benefit_intake', 'benefit_payer'],
    ['benefit_verifier', 'benefit_approver'],
    ['bulletin_editor', 'bulletin_signer'],
    ['ombudsperson', 'county_clinician'],
    ['administrator', 'township_clinician'],
    ['privacy_officer', 'administrator'],
  ])('%s and %s are not held together', async (one, other) => {
    const account_id = await anAccount(`apart-${one.replaceAll('_', '-')}`, one);
    expect(rules(await grant(account_id, other))).toEqual(['duties_apart']);
  });
  it('may follow each other, from a day to a day; the one acted under is chosen among those held today', async () => {
    const account_id = await anAccount('turns', 'benefit_intake');
    const tomorrow = addDays(today(), 1);
    expect((await send(house, admin, 'access.end_duty', { duty_id: account_id, until_on: tomorrow })).status).toBe('done');
    expect((await grant(account_id, 'benefit_payer', { from_on: tomorrow })).status).toBe('done');
    expect((await grant(account_id, 'planner')).status).toBe('done');
    const cookie = cookieOf(await signIn('turns'));
    const { duties } = (await get('/api/account', cookie)).json();
    const planner = duties.find((duty: { duty: string }) => duty.duty === 'planner');
    expect((await get('/api/session', cookie)).json()).toMatchObject({ role: 'benefit_intake' });
    expect((await post('/api/account/duty', { duty_id: planner.id }, cookie)).statusCode).toBe(204);
    expect((await get('/api/session', cookie)).json()).toMatchObject({ role: 'planner' });
    const payer = duties.find((duty: { duty: string }) => duty.duty === 'benefit_payer');
    await post('/api/account/duty', { duty_id: payer.id }, cookie);
    expect((await get('/api/session', cookie)).json().role).not.toBe('benefit_payer');
  });
  it('an assessor comes from outside for a term of at most a year, and does nothing but read', async () => {
    const open = { account_id: newId(), place_code: county, login: 'assess', display_name: '评', role: 'assessor', password: 'correct horse battery' };
    expect(rules(await send(house, admin, 'access.open_account', open))).toEqual(['assessor_ends']);
    expect(rules(await send(house, admin, 'access.open_account', { ...open, until_on: addDays(today(), 400) }))).toEqual(['assessor_ends']);
    expect((await send(house, admin, 'access.open_account', { ...open, until_on: addDays(today(), 30) })).status).toBe('done');
    expect(roles.get('assessor')?.commands).toEqual([]);
  });
  it('a closed account and one without a duty today are signed out', async () => {
    const account_id = await anAccount('leaver');
    const cookie = cookieOf(await signIn('leaver'));
    await send(house, admin, 'access.end_duty', { duty_id: account_id, until_on: today() });
    expect((await get('/api/session', cookie)).statusCode).toBe(401);
  });
});

describe('the first administrator', () => {
  it('is opened once, with the code on the server’s screen', async () => {
    const empty = await aHouse();
    const site = await serve({ house: empty, roles, routes, corridors, isOpened });
    const code = await firstRunCode(empty);
    const open = (given: string) =>
      site.inject({
        method: 'POST',
        url: '/api/first-run',
        payload: { code: given, county_code: county, login: 'first', display_name: '甲', password: 'correct horse battery' },
      });
    expect((await open('guess')).statusCode).toBe(403);
    expect((await open(code as string)).statusCode).toBe(204);
    expect((await open(code as string)).statusCode).toBe(403);
    expect(await firstRunCode(empty)).toBeUndefined();
    await site.close();
  });
});

describe('an outside identity provider (OpenID Connect)', () => {
  it('says who it is; the account here says what they may', async () => {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const here = 'http://127.0.0.1:8200';
    const provider = new Provider(issuer, {
      clients: [{ client_id: 'zhiyuan', client_secret: 'shared secret of the two', redirect_uris: [`${here}/api/oidc/callback`] }],
      claims: { openid: ['sub', 'preferred_username'] },
      conformIdTokenClaims: false,
      findAccount: async (_: unknown, id: string) => ({ accountId: id, claims: async () => ({ sub: id, preferred_username: id }) }),
      cookies: { keys: ['a key of the test'] },
    });
    server.on('request', provider.callback());
    await anAccount('outsider');
    const site = await serve({
      house,
      roles,
      routes,
      corridors,
      isOpened,
      publicUrl: here,
      oidc: { issuer, clientId: 'zhiyuan', clientSecret: 'shared secret of the two', claim: 'preferred_username' },
    });

    /** Goes through the provider's own pages as a browser would, signing in as `login`. */
    const throughProvider = async (login: string) => {
      const start = await site.inject({ method: 'GET', url: '/api/oidc/start' });
      const cookie = cookieOf(start);
      const jar = new Map<string, string>();
      let to = String(start.headers['location']);
      let body: string | undefined;
      for (let step = 0; step < 12 && !to.startsWith(here); step += 1) {
        const reply = await fetch(to, {
          redirect: 'manual',
          method: body ? 'POST' : 'GET',
          headers: {
            cookie: [...jar].map(([name, value]) => `${name}=${value}`).join('; '),
            ...(body ? { 'content-type': 'application/x-www-form-urlencoded' } : {}),
          },
          ...(body ? { body } : {}),
        });
        for (const each of reply.headers.getSetCookie()) {
          const [name, value] = (each.split(';')[0] as string).split(/=(.*)/s) as [string, string];
          jar.set(name, value);
        }
        const next = reply.headers.get('location');
        body = undefined;
        if (next) to = new URL(next, to).href;
        else {
          const page = await reply.text();
          to = new URL((/action="([^"]+)"/.exec(page) as RegExpExecArray)[1] as string, to).href;
          body = page.includes('name="login"') ? `prompt=login&login=${login}&password=x` : 'prompt=consent';
        }
      }
      return { back: to.slice(here.length), cookie };
    };
    const { back, cookie } = await throughProvider('outsider');
    const done = await site.inject({ method: 'GET', url: back, headers: { cookie } });
    expect([done.statusCode, done.headers['location']]).toEqual([302, '/']);
    const session = [done.headers['set-cookie']].flat().find((each) => String(each).startsWith('zhiyuan_session')) as string;
    expect((await site.inject({ method: 'GET', url: '/api/session', headers: { cookie: session.split(';')[0] as string } })).json()).toMatchObject({
      role: 'planner',
    });
    // The same answer twice, another's state, and somebody without an account here are refused.
    expect((await site.inject({ method: 'GET', url: back, headers: { cookie } })).statusCode).toBe(401);
    const stranger = await throughProvider('stranger');
    expect(ruleOf(await site.inject({ method: 'GET', url: stranger.back, headers: { cookie } }))).toBe('oidc_refused');
    expect(ruleOf(await site.inject({ method: 'GET', url: stranger.back, headers: { cookie: stranger.cookie } }))).toBe('oidc_no_account');
    await site.close();
    server.close();
  }, 30_000);
});
