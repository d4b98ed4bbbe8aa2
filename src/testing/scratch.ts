import { mkdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Config, configFrom, keysOf } from '../platform/config.ts';
import { migrate } from '../platform/migrate.ts';
import { startPostgres } from '../platform/postgres.ts';

/** Settings of a throw-away installation in the temporary folder. */
export function scratchConfig(name: string): Config {
  const dataFolder = join(tmpdir(), `zhiyuan-${name}-${process.pid}`);
  rmSync(dataFolder, { recursive: true, force: true });
  mkdirSync(dataFolder, { recursive: true, mode: 0o755 });
  return { ...configFrom({}), port: 0, dataFolder };
}

/** Runs `work` on a freshly migrated embedded database that is gone afterwards. */
export async function withScratchDatabase<T>(work: (url: string) => Promise<T>): Promise<T> {
  const config = scratchConfig('scratch');
  const postgres = await startPostgres(config.dataFolder, { fsync: 'off' });
  try {
    await migrate(postgres.url, keysOf(config));
    return await work(postgres.url);
  } finally {
    await postgres.stop();
    rmSync(config.dataFolder, { recursive: true, force: true });
  }
}
