import { execFileSync } from 'node:child_process';
import { createSecretKey, type KeyObject, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of this checkout. */
export const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');

/** How messages go out: nothing is sent over a way whose address is not set. */
export interface MessengerConfig {
  smtpUrl: string | undefined;
  mailFrom: string;
  smsUrl: string | undefined;
  smsToken: string | undefined;
  smsBody: string;
}

/** Settings of one run, read from the environment; this is the only file that does. */
export interface Config {
  port: number;
  host: string;
  dataFolder: string;
  databaseUrl: string | undefined;
  timeZone: string;
  packs: string[];
  messengers: MessengerConfig;
  /** The address people type, where it is not the one served: passkeys and outside sign-in need it. */
  publicUrl: string | undefined;
  oidc: { issuer: string; clientId: string; clientSecret: string; claim: string } | undefined;
}

export function configFrom(env: NodeJS.ProcessEnv = process.env): Config {
  const port = Number(env['PORT'] ?? 8200);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new Stop(`PORT=${env['PORT']} 不是端口号 / is not a port number`);
  return {
    port,
    host: env['ZHIYUAN_HOST'] ?? '127.0.0.1',
    dataFolder: resolve(env['ZHIYUAN_DATA'] ?? join(root, 'data')),
    databaseUrl: env['DATABASE_URL'] || undefined,
    timeZone: env['ZHIYUAN_TIME_ZONE'] ?? 'Asia/Shanghai',
    publicUrl: env['ZHIYUAN_URL'] || undefined,
    oidc: env['ZHIYUAN_OIDC_ISSUER']
      ? {
          issuer: env['ZHIYUAN_OIDC_ISSUER'],
          clientId: env['ZHIYUAN_OIDC_CLIENT_ID'] ?? 'zhiyuan',
          clientSecret: env['ZHIYUAN_OIDC_CLIENT_SECRET'] ?? '',
          claim: env['ZHIYUAN_OIDC_CLAIM'] ?? 'preferred_username',
        }
      : undefined,
    messengers: {
      smtpUrl: env['ZHIYUAN_SMTP_URL'] || undefined,
      mailFrom: env['ZHIYUAN_MAIL_FROM'] ?? 'zhiyuan@localhost',
      smsUrl: env['ZHIYUAN_SMS_URL'] || undefined,
      smsToken: env['ZHIYUAN_SMS_TOKEN'] || undefined,
      smsBody: env['ZHIYUAN_SMS_BODY'] ?? '{"to":"{to}","text":"{text}"}',
    },
    packs: (env['ZHIYUAN_PACKS'] ?? 'cn,demo-miyun').split(','),
  };
}

/** Ends the program with words for the operator and no stack: the operator can act on it. */
export class Stop extends Error {}

/**
 * The keys of an installation. Each comes from the environment (ZHIYUAN_KEY_<NAME>, 64 hexadecimal digits), from a key service
 * (ZHIYUAN_KEY_COMMAND is run with the name and prints the same), or from a file made on first use. Without them sealed data cannot be
 * read, so they are kept apart from backups. Wrapping and index keys have versions: the newest writes, all of them read.
 */
export class Keys {
  readonly #folder: string;
  readonly #env: NodeJS.ProcessEnv;
  // Held as key objects: making one of bytes each time costs twenty microseconds, seven times a hash.
  readonly #held = new Map<string, KeyObject>();
  readonly #versions = new Map<string, { version: number; until: number }>();

  constructor(folder: string, env: NodeJS.ProcessEnv = process.env) {
    this.#folder = folder;
    this.#env = env;
  }

  /** The one file beside the keys with the keys of all clients, as of the last backup: never in a backup itself. */
  get subjectsFile(): string {
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    return join(this.#folder, 'subjects.sealed');
  }

  /** The passwords of the database's roles come from it, and clients' keys of the first format. */
  get master(): KeyObject {
    return this.#key('master', true);
  }

  /** Chains the journal and the log of reads: whoever has only the database cannot make the hashes. */
  get log(): KeyObject {
    return this.#key('log', true);
  }

  get backup(): KeyObject {
    return this.#key('backup', true);
  }

  /** Wraps the keys of clients; the version stands in front of what it wrapped. */
  wrapping(version: number): KeyObject {
    return this.#key(`wrap-${version}`, version === 1);
  }

  get wrapVersion(): number {
    return this.#newest('wrap');
  }

  /** Blind indexes, newest key first: the first is for writing, all are for finding. */
  get indexes(): KeyObject[] {
    return Array.from({ length: this.#newest('index') }, (_, at) => (at === 0 ? this.#key('index', true) : this.#key(`index-${at + 1}`, false))).reverse();
  }

  /** Makes the next version of `wrap` or `index` where keys are files; gives its number. */
  addVersion(kind: 'wrap' | 'index'): number {
    const version = this.#newest(kind) + 1;
    if (this.#fromOutside(`${kind}-${version}`) === undefined) writeFileSync(this.#path(`${kind}-${version}`), randomBytes(32), { mode: 0o600, flag: 'wx' });
    this.#versions.delete(kind);
    return version;
  }

  #newest(kind: 'wrap' | 'index'): number {
    const told = Number(this.#env[`ZHIYUAN_KEY_${kind.toUpperCase()}_VERSION`]);
    if (told > 0) return told;
    const held = this.#versions.get(kind);
    if (held && held.until > Date.now()) return held.version;
    let version = 1;
    while (existsSync(this.#path(`${kind}-${version + 1}`))) version += 1;
    // Another process may make the next version: a server sees it within seconds.
    this.#versions.set(kind, { version, until: Date.now() + 5000 });
    return version;
  }

  #path(name: string): string {
    return join(this.#folder, `${name}.key`);
  }

  #fromOutside(name: string): Buffer | undefined {
    const told = this.#env[`ZHIYUAN_KEY_${name.toUpperCase().replaceAll('-', '_')}`];
    const service = this.#env['ZHIYUAN_KEY_COMMAND'];
    const hex = told ?? (service ? execFileSync(service, [name], { encoding: 'utf8', timeout: 10_000 }).trim() : undefined);
    return hex === undefined ? undefined : Buffer.from(hex, 'hex');
  }

  #key(name: string, mayMake: boolean): KeyObject {
    const held = this.#held.get(name);
    if (held) return held;
    let bytes = this.#fromOutside(name);
    if (!bytes) {
      mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
      if (mayMake && !existsSync(this.#path(name))) writeFileSync(this.#path(name), randomBytes(32), { mode: 0o600, flag: 'wx' });
      if (!existsSync(this.#path(name))) throw new Stop(`${this.#path(name)} 不在，请从备份恢复 / is missing: restore it from your copy`);
      bytes = readFileSync(this.#path(name));
    }
    if (bytes.length !== 32) throw new Stop(`${name} 不是 32 字节的密钥，请从备份恢复 / is not a 32-byte key: restore it from your copy`);
    const key = createSecretKey(bytes);
    this.#held.set(name, key);
    return key;
  }
}

export const keysOf = (config: Config): Keys => new Keys(join(config.dataFolder, 'keys'));
