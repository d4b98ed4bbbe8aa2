import { argon2, createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { type Selectable, sql } from 'kysely';
import { today } from '../kit/day.ts';
import { newId } from '../kit/id.ts';
import { Problem } from '../kit/problem.ts';
import { type Actor, nobodyId, type Role, scopeOf } from './access.ts';
import { type Database, literal } from './database.ts';
import { isHeldOn } from './duties.ts';
import type { Tables } from './tables.generated.ts';

const hash = promisify(argon2);

/** OWASP's settings for argon2id: 19 MiB, two passes, one lane. */
const settings = { memory: 19_456, passes: 2, parallelism: 1, tagLength: 32 };

/** How long a session may lie idle (hours) and last (days): at a desk, on a phone that works without signal, with one's own record. */
const terms = { site: { idle: 12, longest: 7 }, device: { idle: 24 * 30, longest: 180 }, portal: { idle: 0.5, longest: 0.5 } } as const;

export type SessionKind = keyof typeof terms;

/** A password as it may be stored: argon2id in PHC format. */
export async function passwordHash(password: string): Promise<string> {
  const nonce = randomBytes(16);
  const tag = await hash('argon2id', { message: password, nonce, ...settings });
  return `$argon2id$v=19$m=${settings.memory},t=${settings.passes},p=${settings.parallelism}$${nonce.toString('base64url')}$${tag.toString('base64url')}`;
}

/** Whether this is the password that was stored. */
export async function isPassword(stored: string, password: string): Promise<boolean> {
  const parts = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$([^$]+)\$([^$]+)$/.exec(stored);
  if (!parts) return false;
  const wanted = Buffer.from(parts[5] as string, 'base64url');
  const tag = await hash('argon2id', {
    message: password,
    nonce: Buffer.from(parts[4] as string, 'base64url'),
    memory: Number(parts[1]),
    passes: Number(parts[2]),
    parallelism: Number(parts[3]),
    tagLength: wanted.length,
  });
  return timingSafeEqual(tag, wanted);
}

export interface NewSession {
  county_code: string;
  account_id?: string;
  client_id?: string;
  kind: SessionKind;
  device_name?: string | undefined;
  must_change?: boolean;
}

/** Opens a session and gives its token, of which only a hash is kept. */
export async function openSession(database: Database, session: NewSession, now = new Date()): Promise<string> {
  const token = randomBytes(32).toString('base64url');
  const at = now.toISOString();
  const ends_at = new Date(now.getTime() + terms[session.kind].longest * 86_400_000).toISOString();
  await database.app
    .insertInto('access.session')
    .values({
      device_name: null,
      must_change: false,
      account_id: null,
      client_id: null,
      duty_id: null,
      revoked_at: null,
      ...session,
      id: newId(),
      token_hash: tokenHash(token),
      opened_at: at,
      seen_at: at,
      ends_at,
    } as never)
    .execute();
  return token;
}

export async function signOut(database: Database, token: string): Promise<void> {
  await database.app.deleteFrom('access.session').where('token_hash', '=', tokenHash(token)).execute();
}

/** Ends sessions, all or one; the rows stay, so that a phone that asks again is told to forget what it carries. Gives how many. */
export async function revokeSessions(database: Database, county: string, accountId: string, sessionId?: string): Promise<number> {
  let ended = database.app
    .updateTable('access.session')
    .set({ revoked_at: new Date().toISOString() })
    .where('county_code', '=', county)
    .where('account_id', '=', accountId)
    .where('revoked_at', 'is', null);
  if (sessionId) ended = ended.where('id', '=', sessionId);
  return Number((await ended.executeTakeFirst()).numUpdatedRows);
}

interface FoundSession {
  id: string;
  county_code: string;
  kind: SessionKind;
  account_id: string | null;
  client_id: string | null;
  duty_id: string | null;
  must_change: boolean;
  revoked_at: string | null;
  is_stale: boolean;
}

/** How many minutes old the note of when a session was last seen may be: written with every request, it would cost each a write to the disk. */
const seenEvery = 5;

/** Who holds this token; Problem `signed_out` when nobody does, it lay idle too long, was revoked, or no duty is held today. */
export async function actorOf(database: Database, roles: ReadonlyMap<string, Role>, token: string | undefined, now = new Date()): Promise<Actor> {
  const signedOut = new Problem('signed_out', { field: 'session', rule: 'sign_in_first' });
  if (!token) throw signedOut;
  const at = now.toISOString();
  const key = tokenHash(token);
  const { session, held } = await lookUp(database, key, at);
  if (!session) throw signedOut;
  if (session.is_stale && !session.revoked_at)
    await sql`update access.session set seen_at = ${at}::timestamptz where token_hash = ${key} and revoked_at is null`.execute(database.app);
  if (session.revoked_at) throw new Problem('signed_out', { field: 'session', rule: 'session_revoked' });
  const day = today('Asia/Shanghai', now);
  const actor = session.client_id
    ? await clientActor(database, roles, session, session.client_id)
    : actorFrom(roles, held ?? (await accountWithDuties(database, session.county_code, session.account_id as string)), session, day);
  if (!actor) throw signedOut;
  return { ...actor, session_id: session.id, must_change: session.must_change };
}

/** Whose session a token opens, which never changes: then the session and its account are asked for in one message. Whether it still holds is asked each time. */
const known = new WeakMap<Database, Map<string, { county_code: string; account_id: string }>>();
const mostKnown = 20_000;

/** The session of a token that has not ended or lain idle too long, and its account with its duties where it is known whose it is. */
async function lookUp(database: Database, key: string, at: string): Promise<{ session?: FoundSession | undefined; held?: Held | undefined }> {
  const ofHouse = known.get(database) ?? new Map<string, { county_code: string; account_id: string }>();
  known.set(database, ofHouse);
  const moment = `${literal(at)}::timestamptz`;
  const idle = Object.entries(terms).map(([kind, { idle: hours }]) => `when '${kind}' then ${hours * 3600}`);
  const statement = `select id, county_code, kind, account_id, client_id, duty_id, must_change, revoked_at, seen_at < ${moment} - make_interval(mins => ${seenEvery}) as is_stale
      from access.session where token_hash = ${literal(key)} and ends_at > ${moment} and seen_at > ${moment} - make_interval(secs => case kind ${idle.join(' ')} end)`;
  const whose = ofHouse.get(key);
  if (whose) {
    const { county_code, account_id } = whose;
    const [sessions, accounts, duties] = await database.readAtOnce({ county_code, place_code: county_code }, [
      statement,
      ...accountStatements(county_code, account_id),
    ]);
    return { session: sessions?.[0] as FoundSession | undefined, held: heldOf(accounts, duties) };
  }
  const { rows } = await sql.raw<FoundSession>(statement).execute(database.app);
  const [session] = rows;
  if (ofHouse.size >= mostKnown) ofHouse.clear();
  if (session?.account_id) ofHouse.set(key, { county_code: session.county_code, account_id: session.account_id });
  return { session };
}

/** Who an account is today under a duty, or under its first when that one is not named; undefined when it holds none. Long work acts as this too. */
export async function dutyActor(
  database: Database,
  roles: ReadonlyMap<string, Role>,
  { county_code, account_id, duty_id }: { county_code: string; account_id: string; duty_id: string | null },
  day: string,
  mustBeThat = false,
): Promise<Actor | undefined> {
  return actorFrom(roles, await accountWithDuties(database, county_code, account_id), { county_code, duty_id }, day, mustBeThat);
}

function actorFrom(
  roles: ReadonlyMap<string, Role>,
  { account, duties }: Held,
  { county_code, duty_id }: { county_code: string; duty_id: string | null },
  day: string,
  mustBeThat = false,
): Actor | undefined {
  if (!account || account.closed_on) return undefined;
  const held = duties.filter((one) => isHeldOn(one, day));
  const duty = held.find((one) => one.id === duty_id) ?? (mustBeThat ? undefined : held[0]);
  const role = duty && roles.get(duty.duty);
  if (!duty || !role) return undefined;
  return {
    account_id: account.id,
    duty_id: duty.id,
    display_name: account.display_name,
    county_code,
    place_code: duty.place_code,
    role,
    ...scopeOf(role),
    facility_id: duty.facility_id ?? undefined,
    health_worker_id: duty.health_worker_id ?? undefined,
  };
}

async function clientActor(database: Database, roles: ReadonlyMap<string, Role>, session: FoundSession, client_id: string): Promise<Actor | undefined> {
  const { county_code } = session;
  const role = roles.get('client');
  const client = await database.read({ county_code, place_code: county_code, client_id }, (db) =>
    db
      .selectFrom('registry.client')
      .select(['name', 'place_code', 'purposes'])
      .where('county_code', '=', county_code)
      .where('id', '=', client_id)
      .executeTakeFirst(),
  );
  if (!role || !client?.purposes.includes('portal')) return undefined;
  return { account_id: client_id, client_id, session_id: session.id, display_name: client.name, county_code, place_code: client.place_code, role };
}

/** An account with every duty it was ever given. */
export async function accountWithDuties(database: Database, county_code: string, id: string): Promise<Held> {
  const [accounts, duties] = await database.readAtOnce({ county_code, place_code: county_code }, accountStatements(county_code, id));
  return heldOf(accounts, duties);
}

interface Held {
  account: Selectable<Tables['access.account']> | undefined;
  duties: Selectable<Tables['access.duty']>[];
}

const heldOf = (accounts: unknown[] | undefined, duties: unknown[] | undefined): Held => ({
  account: accounts?.[0] as Held['account'],
  duties: (duties ?? []) as Held['duties'],
});

function accountStatements(county_code: string, id: string): string[] {
  const own = `where county_code = ${literal(county_code)} and`;
  return [`select * from access.account ${own} id = ${literal(id)}::uuid`, `select * from access.duty ${own} account_id = ${literal(id)}::uuid order by seq`];
}

/** Somebody who is not signed in, for the doors open to all: one county, no people, the duty `public`. */
export function thePublic(roles: ReadonlyMap<string, Role>, county_code: string): Actor {
  return { account_id: nobodyId, display_name: '', county_code, place_code: county_code, role: roles.get('public') as Role };
}

export function tokenHash(token: string): string {
  return createHash('sha256').update(token).digest('base64url');
}
