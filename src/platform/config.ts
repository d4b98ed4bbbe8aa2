import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of this checkout. */
export const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');

/** Settings of one run, read from the environment; this is the only file that does. */
export interface Config {
  port: number;
  host: string;
  dataFolder: string;
  databaseUrl: string | undefined;
  timeZone: string;
  packs: string[];
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
    packs: (env['ZHIYUAN_PACKS'] ?? 'cn,demo-miyun').split(','),
  };
}

/** Ends the program with words for the operator and no stack: the operator can act on it. */
export class Stop extends Error {}

/** The two keys of an installation, made on first use; without them sealed data cannot be read, so they are kept apart from backups. */
export interface Keys {
  master: Buffer;
  index: Buffer;
}

export function keysOf(config: Config): Keys {
  const folder = join(config.dataFolder, 'keys');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const keep = (name: string): Buffer => {
    const path = join(folder, name);
    if (!existsSync(path)) writeFileSync(path, randomBytes(32), { mode: 0o600, flag: 'wx' });
    const key = readFileSync(path);
    if (key.length !== 32) throw new Stop(`${path} 不是 32 字节的密钥，请从备份恢复 / is not a 32-byte key: restore it from your copy`);
    return key;
  };
  return { master: keep('master.key'), index: keep('index.key') };
}
