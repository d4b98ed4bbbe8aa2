import { createHmac } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Kysely, PostgresDialect, sql } from 'kysely';
import { type Migration, Migrator } from 'kysely/migration';
import pg from 'pg';
import { type Keys, root, Stop } from './config.ts';
import { connectionOf } from './database.ts';

const folder = join(root, 'db', 'migrations');

/** The password of the two roles the program works as, the same on every server that holds the same key. */
export function rolePassword(keys: Keys): string {
  return createHmac('sha256', keys.master).update('database roles').digest('base64url');
}

/** Brings the schema up to date and makes the roles; refuses a database written by a newer program. Gives the names just applied. */
export async function migrate(ownerUrl: string, keys: Keys): Promise<string[]> {
  const db = new Kysely<never>({ dialect: new PostgresDialect({ pool: new pg.Pool({ ...connectionOf(ownerUrl), max: 2 }) }) });
  try {
    const { rows } = await sql<{ number: number }>`select current_setting('server_version_num')::int as number`.execute(db);
    if ((rows[0]?.number ?? 0) < 150_000) throw new Stop('需要 PostgreSQL 15 或更新版本 / PostgreSQL 15 or later is needed');
    await makeRoles(db, rolePassword(keys));
    const names = readdirSync(folder)
      .filter((name) => name.endsWith('.sql'))
      .sort();
    const migrator = new Migrator({
      db,
      migrationTableSchema: 'public',
      provider: { getMigrations: async () => Object.fromEntries(names.map((name) => [name.slice(0, -4), fromFile(name)])) },
    });
    const known = new Set(names.map((name) => name.slice(0, -4)));
    const foreign = (await migrator.getMigrations()).length === 0 ? [] : await appliedNames(db);
    const newer = foreign.filter((name) => !known.has(name));
    if (newer.length > 0) {
      throw new Stop(
        `数据由更新版本的程序写成（${newer.join(', ')}）。请使用那个版本，或恢复旧备份。\nThe data were written by a newer program (${newer.join(', ')}). Use that version, or restore an older backup.`,
      );
    }
    const { error, results } = await migrator.migrateToLatest();
    if (error) throw error;
    return (results ?? []).map((result) => result.migrationName);
  } finally {
    await db.destroy();
  }
}

function fromFile(name: string): Migration {
  return {
    async up(db) {
      await sql`set local citus.multi_shard_modify_mode to 'sequential'`.execute(db);
      await sql.raw(readFileSync(join(folder, name), 'utf8')).execute(db);
    },
  };
}

async function appliedNames(db: Kysely<never>): Promise<string[]> {
  const there = await sql<{ there: boolean }>`select to_regclass('public.kysely_migration') is not null as there`.execute(db);
  if (!there.rows[0]?.there) return [];
  return (await sql<{ name: string }>`select name from public.kysely_migration`.execute(db)).rows.map((row) => row.name);
}

async function makeRoles(db: Kysely<never>, password: string): Promise<void> {
  for (const role of ['zhiyuan_app', 'zhiyuan_count']) {
    await sql
      .raw(`do $$ begin if not exists (select 1 from pg_roles where rolname = '${role}') then create role ${role} login; end if;
      exception when duplicate_object or unique_violation then null; end $$`)
      .execute(db);
    await sql
      .raw(`do $$ begin alter role ${role} password '${password}'; alter role ${role} set citus.propagate_set_commands = 'local';
      alter role ${role} set timezone = 'Asia/Shanghai'; exception when internal_error then null; end $$`)
      .execute(db);
  }
}
