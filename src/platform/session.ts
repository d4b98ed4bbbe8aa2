import { argon2, createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { sql } from 'kysely';
import { Problem } from '../kit/problem.ts';
import type { Actor, Role } from './access.ts';
import type { Database } from './database.ts';

const hash = promisify(argon2);

/** OWASP's settings for argon2id: 19 MiB, two passes, one lane. */
const settings = { memory: 19_456, passes: 2, parallelism: 1, tagLength: 32 };

const idleHours = 12;
const longestDays = 7;

/** A password as it may be stored: argon2id in PHC format. */
export async function passwordHash(password: string): Promise<string> {
  const nonce = randomBytes(16);
  const tag = await hash('argon2id', { message: password, nonce, ...settings });
  return `$argon2id$v=19$m=${settings.memory},t=${settings.passes},p=${settings.parallelism}$${nonce.toString('base64url')}$${tag.toString('base64url')}`;
}

async function isPassword(stored: string, password: string): Promise<boolean> {
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

const nobody = await passwordHash(randomBytes(16).toString('hex'));

/** Opens a session and gives its token, of which only a hash is kept. Unknown login and wrong password are one answer at one pace. */
export async function signIn(database: Database, login: string, password: string, now = new Date()): Promise<string> {
  const found = await database.app.selectFrom('access.login').selectAll().where('login', '=', login).executeTakeFirst();
  const account = found && (await accountOf(database, found.county_code, found.account_id));
  const right = await isPassword(account?.password_hash ?? nobody, password);
  if (!found || !account || account.closed_on || !right) throw new Problem('signed_out', { field: 'password', rule: 'wrong_login_or_password' });
  const token = randomBytes(32).toString('base64url');
  const ends = new Date(now.getTime() + longestDays * 86_400_000).toISOString();
  await database.app
    .insertInto('access.session')
    .values({
      token_hash: tokenHash(token),
      county_code: found.county_code,
      account_id: found.account_id,
      opened_at: now.toISOString(),
      seen_at: now.toISOString(),
      ends_at: ends,
    })
    .execute();
  return token;
}

export async function signOut(database: Database, token: string): Promise<void> {
  await database.app.deleteFrom('access.session').where('token_hash', '=', tokenHash(token)).execute();
}

/** Who holds this token; Problem `signed_out` when nobody does, or it lay idle too long. */
export async function actorOf(database: Database, roles: ReadonlyMap<string, Role>, token: string | undefined, now = new Date()): Promise<Actor> {
  const signedOut = new Problem('signed_out', { field: 'session', rule: 'sign_in_first' });
  if (!token) throw signedOut;
  const { rows } = await sql<{ county_code: string; account_id: string }>`
    update access.session set seen_at = ${now.toISOString()} where token_hash = ${tokenHash(token)} and ends_at > ${now.toISOString()}::timestamptz
      and seen_at > ${now.toISOString()}::timestamptz - make_interval(hours => ${idleHours}) returning county_code, account_id`.execute(database.app);
  const session = rows[0];
  const account = session && (await accountOf(database, session.county_code, session.account_id));
  const role = account && roles.get(account.role);
  if (!session || !account || !role || account.closed_on) throw signedOut;
  return {
    account_id: account.id,
    display_name: account.display_name,
    county_code: session.county_code,
    place_code: account.place_code,
    role,
    facility_id: account.facility_id ?? undefined,
    health_worker_id: account.health_worker_id ?? undefined,
  };
}

function accountOf(database: Database, county_code: string, id: string) {
  return database.read({ county_code, place_code: county_code }, (db) =>
    db.selectFrom('access.account').selectAll().where('county_code', '=', county_code).where('id', '=', id).executeTakeFirst(),
  );
}

function tokenHash(token: string): string {
  return createHash('sha256').update(token).digest('base64url');
}
