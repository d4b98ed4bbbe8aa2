import { randomBytes } from 'node:crypto';
import { Secret, TOTP } from 'otpauth';
import { RateLimiterPostgres, RateLimiterRes } from 'rate-limiter-flexible';
import { Problem } from '../kit/problem.ts';
import type { Database } from './database.ts';
import { subjectKeyOf } from './journal.ts';
import type { House } from './room.ts';
import { unseal } from './seal.ts';
import { accountWithDuties, isPassword, openSession, passwordHash } from './session.ts';

export interface Credentials {
  login: string;
  password: string;
  totp?: string | undefined;
  device_name?: string | undefined;
}

/** Counts attempts in the database, so that a restart or a second server forgives nothing. */
export class Attempts {
  readonly #logins: RateLimiterPostgres;
  readonly #addresses: RateLimiterPostgres;
  readonly #used: RateLimiterPostgres;

  constructor(database: Database) {
    const store = {
      storeClient: database.appPool,
      storeType: 'pool',
      schemaName: 'access',
      tableName: 'attempt',
      tableCreated: true,
      clearExpiredByTimeout: false,
    };
    // Ten wrong passwords for one login shut it for a quarter of an hour; an address gets a hundred tries in that time.
    this.#logins = new RateLimiterPostgres({ ...store, keyPrefix: 'login', points: 10, duration: 900, blockDuration: 900 });
    this.#addresses = new RateLimiterPostgres({ ...store, keyPrefix: 'address', points: 100, duration: 900, blockDuration: 900 });
    this.#used = new RateLimiterPostgres({ ...store, keyPrefix: 'used', points: 1, duration: 120 });
  }

  /** Passes, or a Problem with the minutes to wait. */
  async ask(login: string, address: string): Promise<void> {
    for (const [limiter, key, limit] of [
      [this.#logins, login, 10],
      [this.#addresses, address, 100],
    ] as const) {
      const held = await limiter.get(key);
      if (held && held.consumedPoints >= limit) throw tooMany(held.msBeforeNext);
    }
  }

  async failed(login: string, address: string): Promise<void> {
    await Promise.all([this.#logins.consume(login).catch(() => {}), this.#addresses.consume(address).catch(() => {})]);
  }

  async succeeded(login: string): Promise<void> {
    await this.#logins.delete(login);
  }

  /** One more of something an address may do only so often (a code tried, a complaint sent). */
  async count(address: string): Promise<void> {
    await this.#addresses.consume(address).catch((held) => {
      throw held instanceof RateLimiterRes ? tooMany(held.msBeforeNext) : held;
    });
  }

  /** False when this was used before: a one-time password counts once. */
  async isFirstUse(key: string): Promise<boolean> {
    return this.#used.consume(key).then(
      () => true,
      () => false,
    );
  }
}

const tooMany = (wait: number) =>
  new Problem('forbidden', { field: 'login', rule: 'too_many_attempts', values: { minutes: Math.max(1, Math.ceil(wait / 60_000)) } });

const nobody = await passwordHash(randomBytes(16).toString('hex'));
const wrong = new Problem('signed_out', { field: 'password', rule: 'wrong_login_or_password' });

/**
 * Signs in with a password and, where the account has one, a second factor; gives the session's token. Unknown login and wrong password
 * are one answer at one pace. `mustChange` says of a password that it has to be changed before anything else.
 */
export async function signIn(house: House, attempts: Attempts, credentials: Credentials, address: string, mustChange = (_: string) => false): Promise<string> {
  const login = credentials.login.trim().toLowerCase();
  await attempts.ask(login, address);
  const found = await house.database.app.selectFrom('access.login').selectAll().where('login', '=', login).executeTakeFirst();
  const account = found && (await accountWithDuties(house.database, found.county_code, found.account_id)).account;
  const isRight = await isPassword(account?.password_hash ?? nobody, credentials.password);
  if (!found || !account || account.closed_on || !isRight) {
    await attempts.failed(login, address);
    throw wrong;
  }
  if (account.totp_sealed) await checkTotp(house, attempts, { ...found, sealed: account.totp_sealed, totp: credentials.totp, login, address });
  await attempts.succeeded(login);
  return openSession(house.database, {
    county_code: found.county_code,
    account_id: found.account_id,
    kind: credentials.device_name ? 'device' : 'site',
    device_name: credentials.device_name,
    must_change: mustChange(credentials.password),
  });
}

interface TotpAsked {
  county_code: string;
  account_id: string;
  sealed: string;
  totp: string | undefined;
  login: string;
  address: string;
}

async function checkTotp(house: House, attempts: Attempts, { county_code, account_id, sealed, totp, login, address }: TotpAsked): Promise<void> {
  if (!totp) throw new Problem('signed_out', { field: 'totp', rule: 'totp_needed' });
  const key = await house.database.read({ county_code, place_code: county_code }, (db) => subjectKeyOf(db, house.keys, county_code, account_id));
  const secret = key && unseal(key, `totp_secret:${account_id}`, sealed);
  if (secret && isTotp(secret, totp) && (await attempts.isFirstUse(`${account_id}:${totp}`))) return;
  await attempts.failed(login, address);
  throw new Problem('signed_out', { field: 'totp', rule: 'wrong_totp' });
}

/** A new secret for an authenticator, with the address that its picture (QR) carries. */
export function newTotp(login: string): { secret: string; uri: string } {
  const totp = new TOTP({ issuer: '知愿 Zhiyuan', label: login, secret: new Secret({ size: 20 }) });
  return { secret: totp.secret.base32, uri: totp.toString() };
}

/** Whether the six digits are right now, or were or will be half a minute away (RFC 6238). */
export function isTotp(secret: string, digits: string, now = Date.now()): boolean {
  return new TOTP({ secret: Secret.fromBase32(secret) }).validate({ token: digits, timestamp: now, window: 1 }) !== null;
}
