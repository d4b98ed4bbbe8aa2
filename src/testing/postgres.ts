import { rmSync } from 'node:fs';
import type { TestProject } from 'vitest/node';
import { keysOf } from '../platform/config.ts';
import { Database, withDatabase } from '../platform/database.ts';
import { migrate, rolePassword } from '../platform/migrate.ts';
import { startPostgres } from '../platform/postgres.ts';
import { scratchConfig } from './scratch.ts';

/** One PostgreSQL for all test files, with a migrated template that each file clones. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const config = scratchConfig('tests');
  const postgres = await startPostgres(config.dataFolder, { fsync: 'off' });
  const keys = keysOf(config);
  const owner = new Database(postgres.url, rolePassword(keys), 1);
  await owner.ownerPool.query('create database template_of_tests');
  await owner.close();
  await migrate(withDatabase(postgres.url, 'template_of_tests'), keys);
  project.provide('postgres', { url: postgres.url, dataFolder: config.dataFolder });
  return async () => {
    await postgres.stop();
    rmSync(config.dataFolder, { recursive: true, force: true });
  };
}

declare module 'vitest' {
  export interface ProvidedContext {
    postgres: { url: string; dataFolder: string };
  }
}
