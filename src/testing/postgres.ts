import { rmSync } from 'node:fs';
import type { TestProject } from 'vitest/node';
import { configFrom, keysOf } from '../platform/config.ts';
import { Database, withDatabase } from '../platform/database.ts';
import { migrate, rolePassword } from '../platform/migrate.ts';
import { type Postgres, startPostgres } from '../platform/postgres.ts';
import { scratchConfig } from './scratch.ts';

/**
 * One PostgreSQL for all test files, with a migrated template that each file clones: the embedded one, or the empty server that DATABASE_URL
 * names, so that any version can be tried.
 */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const config = scratchConfig('tests');
  const given = configFrom().databaseUrl;
  const embedded = given ? undefined : await startPostgres(config.dataFolder, { fsync: 'off' });
  const url = given ?? (embedded as Postgres).url;
  const keys = keysOf(config);
  const owner = new Database(url, rolePassword(keys), 1);
  await owner.ownerPool.query('create database template_of_tests');
  await owner.close();
  await migrate(withDatabase(url, 'template_of_tests'), keys);
  project.provide('postgres', { url, dataFolder: config.dataFolder });
  return async () => {
    await embedded?.stop();
    rmSync(config.dataFolder, { recursive: true, force: true });
  };
}

declare module 'vitest' {
  export interface ProvidedContext {
    postgres: { url: string; dataFolder: string };
  }
}
