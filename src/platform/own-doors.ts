import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { newId } from '../kit/id.ts';
import { must, Problem } from '../kit/problem.ts';
import { isWithin } from '../kit/scope.ts';
import { type Actor, allow, type Role, theProgram } from './access.ts';
import { addPasskey, changePassword, openAccount, removePasskey, setTotp } from './account.ts';
import type { Corridor, Hall } from './http.ts';
import { oidcDoors } from './oidc.ts';
import { passkeyDoors } from './passkey.ts';
import type { House, Item } from './room.ts';
import { readGiven } from './route.ts';
import { run } from './run.ts';
import { accountWithDuties, isPassword, revokeSessions } from './session.ts';
import { isTotp, newTotp } from './sign-in.ts';

/** The least a password has to be: twelve characters, as OWASP ASVS 5 asks; no rule about kinds of characters. */
export const shortestPassword = 12;

/** Does one command for the actor, allowed as what everyone may do for themselves; a refusal is thrown. */
export async function doOwn(house: House, { roles }: Pick<Hall, 'roles'>, actor: Actor, name: string, input: Record<string, unknown>): Promise<void> {
  await doOne(house, { ...actor, role: roles.get('self') as Role, must_change: false }, { id: newId(), name, input });
}

async function doOne(house: House, actor: Actor, item: Item): Promise<void> {
  const [outcome] = await run(house, actor, [item]);
  if (outcome?.problem) throw new Problem(outcome.problem.code as 'refused', outcome.problem.findings);
}

/** An account's own matters: password, second factor, sessions, the duty it acts under. */
function accountDoors(app: FastifyInstance, house: House, hall: Hall): void {
  const { database } = house;
  const { whoever, who } = hall;
  const ownAccount = async (actor: Actor) => {
    if (actor.client_id) throw new Problem('forbidden', { field: 'account_id', rule: 'not_your_own' });
    const { account, duties } = await accountWithDuties(database, actor.county_code, actor.account_id);
    return { account: must(account, 'account_id'), duties };
  };

  app.get('/api/account', { config: { needs: 'signed_in' }, schema: { summary: 'My duties, sessions, passkeys and second factor' } }, async (request) => {
    const actor = await whoever(request);
    const { account, duties } = await ownAccount(actor);
    const sessions = await database.app
      .selectFrom('access.session')
      .select(['id', 'kind', 'device_name', 'opened_at', 'seen_at', 'ends_at'])
      .where('county_code', '=', actor.county_code)
      .where('account_id', '=', actor.account_id)
      .where('revoked_at', 'is', null)
      .orderBy('seen_at', 'desc')
      .execute();
    const passkeys = await database.read({ county_code: actor.county_code, place_code: actor.county_code }, (db) =>
      db
        .selectFrom('access.passkey')
        .select(['id', 'name', 'added_at'])
        .where('county_code', '=', actor.county_code)
        .where('account_id', '=', actor.account_id)
        .where('removed_at', 'is', null)
        .execute(),
    );
    return {
      login: account.login,
      has_totp: account.totp_sealed !== null,
      duties: duties.map(({ id, duty, place_code, from_on, until_on }) => ({ id, duty, place_code, from_on, until_on, is_mine_now: id === actor.duty_id })),
      sessions: sessions.map((session) => ({ ...session, is_this: session.id === actor.session_id })),
      passkeys,
    };
  });

  app.post('/api/account/password', { config: { needs: 'signed_in' }, schema: { summary: 'Change my password' } }, async (request, reply) => {
    const actor = await whoever(request);
    const { current, next } = readGiven(z.object({ current: z.string().max(200), next: z.string().max(200) }), request.body);
    const { account } = await ownAccount(actor);
    await hall.attempts.ask(account.login, request.ip);
    if (!(await isPassword(account.password_hash, current))) {
      await hall.attempts.failed(account.login, request.ip);
      throw new Problem('refused', { field: 'current', rule: 'wrong_login_or_password' });
    }
    if (next.length < shortestPassword) throw new Problem('refused', { field: 'next', rule: 'password_too_short', values: { min: shortestPassword } });
    if (next === current || hall.site.mustChange?.(next)) throw new Problem('refused', { field: 'next', rule: 'password_not_new' });
    await doOwn(house, hall, actor, changePassword.name, { account_id: actor.account_id, password: next });
    // Whoever knew the old one is signed out everywhere but here.
    await database.app
      .updateTable('access.session')
      .set({ revoked_at: new Date().toISOString() })
      .where('county_code', '=', actor.county_code)
      .where('account_id', '=', actor.account_id)
      .where('id', '<>', actor.session_id as string)
      .where('revoked_at', 'is', null)
      .execute();
    await database.app
      .updateTable('access.session')
      .set({ must_change: false })
      .where('id', '=', actor.session_id as string)
      .execute();
    return reply.status(204).send();
  });

  app.post(
    '/api/account/totp',
    { config: { needs: 'signed_in' }, schema: { summary: 'A secret for my authenticator; it holds once confirmed' } },
    async (request) => {
      const { account } = await ownAccount(await who(request));
      return newTotp(account.login);
    },
  );
  app.post(
    '/api/account/totp/confirm',
    { config: { needs: 'signed_in' }, schema: { summary: 'My authenticator shows these digits' } },
    async (request, reply) => {
      const actor = await who(request);
      await ownAccount(actor);
      const { secret, digits } = readGiven(z.object({ secret: z.string().regex(/^[A-Z2-7]{32}$/), digits: z.string().max(10) }), request.body);
      if (!isTotp(secret, digits)) throw new Problem('refused', { field: 'digits', rule: 'wrong_totp' });
      await doOwn(house, hall, actor, setTotp.name, { account_id: actor.account_id, totp_secret: secret });
      return reply.status(204).send();
    },
  );
  app.post('/api/account/totp/remove', { config: { needs: 'signed_in' }, schema: { summary: 'No second factor any more' } }, async (request, reply) => {
    const actor = await who(request);
    const { password } = readGiven(z.object({ password: z.string().max(200) }), request.body);
    const { account } = await ownAccount(actor);
    await hall.attempts.ask(account.login, request.ip);
    if (!(await isPassword(account.password_hash, password))) {
      await hall.attempts.failed(account.login, request.ip);
      throw new Problem('refused', { field: 'password', rule: 'wrong_login_or_password' });
    }
    await doOwn(house, hall, actor, setTotp.name, { account_id: actor.account_id });
    return reply.status(204).send();
  });

  app.post('/api/account/duty', { config: { needs: 'signed_in' }, schema: { summary: 'Act under another of my duties' } }, async (request, reply) => {
    const actor = await who(request);
    const { duty_id } = readGiven(z.object({ duty_id: z.guid() }), request.body);
    const { duties } = await ownAccount(actor);
    must(
      duties.find((duty) => duty.id === duty_id),
      'duty_id',
    );
    await database.app
      .updateTable('access.session')
      .set({ duty_id })
      .where('id', '=', actor.session_id as string)
      .execute();
    return reply.status(204).send();
  });
  app.delete('/api/account/sessions/:id', { config: { needs: 'signed_in' }, schema: { summary: 'End one of my sessions' } }, async (request, reply) => {
    const actor = await who(request);
    const { id } = readGiven(z.object({ id: z.guid() }), request.params);
    if ((await revokeSessions(database, actor.county_code, actor.account_id, id)) === 0) throw new Problem('missing', { field: 'id', rule: 'not_found' });
    return reply.status(204).send();
  });
  app.post('/api/account/passkeys/remove', { config: { needs: 'signed_in' }, schema: { summary: 'Remove one of my passkeys' } }, async (request, reply) => {
    const actor = await who(request);
    const { id } = readGiven(z.object({ id: z.string().max(400) }), request.body);
    const holder_id = actor.client_id ?? actor.account_id;
    const mine = await database.read({ county_code: actor.county_code, place_code: actor.county_code }, (db) =>
      db.selectFrom('access.passkey').select(['account_id', 'client_id']).where('county_code', '=', actor.county_code).where('id', '=', id).executeTakeFirst(),
    );
    if ((mine?.account_id ?? mine?.client_id) !== holder_id) throw new Problem('missing', { field: 'id', rule: 'not_found' });
    await doOwn(house, hall, { ...actor, client_id: undefined, account_id: holder_id }, removePasskey.name, { passkey_id: id, holder_id });
    return reply.status(204).send();
  });
}

/** The administrator's part: accounts with their duties, and ending the sessions of a lost phone. */
function administrationDoors(app: FastifyInstance, house: House, { who }: Hall): void {
  const { database } = house;
  app.get(
    '/api/accounts',
    { config: { needs: 'accounts' }, schema: { summary: 'Accounts with their duties; nothing of what they work with' } },
    async (request) => {
      const actor = await who(request);
      allow(actor, 'reads', 'accounts');
      const { county_code } = actor;
      return database.read(actor, async (db) => {
        const accounts = await db
          .selectFrom('access.account')
          .select(['id', 'login', 'display_name', 'place_code', 'closed_on'])
          .where('county_code', '=', county_code)
          .where(({ eb, fn, val }) => eb(fn<boolean>('starts_with', ['place_code', val(actor.place_code)]), '=', true))
          .orderBy('login')
          .limit(5000)
          .execute();
        const duties = await db
          .selectFrom('access.duty')
          .select(['id', 'account_id', 'duty', 'place_code', 'from_on', 'until_on'])
          .where('county_code', '=', county_code)
          .orderBy('seq')
          .execute();
        const byAccount = Map.groupBy(duties, (duty) => duty.account_id);
        return { accounts: accounts.map((account) => ({ ...account, duties: byAccount.get(account.id) ?? [] })) };
      });
    },
  );
  app.post(
    '/api/accounts/:id/revoke',
    { config: { needs: 'accounts' }, schema: { summary: 'End all sessions and devices of an account' } },
    async (request) => {
      const actor = await who(request);
      allow(actor, 'reads', 'accounts');
      const { id } = readGiven(z.object({ id: z.guid() }), request.params);
      const { account } = await accountWithDuties(database, actor.county_code, id);
      if (!account || !isWithin(account.place_code, actor.place_code)) throw new Problem('missing', { field: 'id', rule: 'not_found' });
      return { ended: await revokeSessions(database, actor.county_code, id) };
    },
  );
}

/** The first administrator of an empty house: the code stands on the server's own screen, for one person who can read it. */
let firstCode: string | undefined;

/** Makes the code of the first run when the house has no account yet; undefined when it has. */
export async function firstRunCode(house: House): Promise<string | undefined> {
  const found = await house.database.owner.selectFrom('access.login').select('login').limit(1).executeTakeFirst();
  firstCode = found ? undefined : randomBytes(12).toString('base64url');
  return firstCode;
}

function firstRunDoor(app: FastifyInstance, house: House, hall: Hall): void {
  const asked = z.object({
    code: z.string().max(60),
    county_code: z.string().regex(/^[0-9A-Za-z]{2,12}$/),
    login: z.string().max(40),
    display_name: z.string().max(60),
    password: z.string().max(200),
  });
  const digest = (value: string) => createHash('sha256').update(value).digest();
  app.post(
    '/api/first-run',
    { config: { needs: 'anyone' }, schema: { summary: 'Open the first administrator, once, with the code on the server’s screen' } },
    async (request, reply) => {
      const { code, password, ...account } = readGiven(asked, request.body);
      await hall.attempts.count(request.ip);
      if (!firstCode || !timingSafeEqual(digest(code), digest(firstCode))) throw new Problem('forbidden', { field: 'access_code', rule: 'wrong_code' });
      if (password.length < shortestPassword)
        throw new Problem('refused', { field: 'password', rule: 'password_too_short', values: { min: shortestPassword } });
      const { county_code } = account;
      await doOne(house, theProgram(county_code, [openAccount.name]), {
        id: newId(),
        name: openAccount.name,
        input: { account_id: newId(), place_code: county_code, role: 'administrator', login: account.login, display_name: account.display_name, password },
      });
      firstCode = undefined;
      return reply.status(204).send();
    },
  );
}

export const ownCorridors: readonly Corridor[] = [accountDoors, administrationDoors, firstRunDoor, passkeyDoors(addPasskey.name), oidcDoors];
