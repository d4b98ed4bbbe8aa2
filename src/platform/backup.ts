import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import pg from 'pg';
import { from as copyFrom, to as copyTo } from 'pg-copy-streams';
import { Stop } from './config.ts';
import { connectionOf } from './database.ts';

/** Tables whose rows cannot be made again. Sessions are left out: a restored house asks everybody to sign in. */
const schemas = ['journal', 'access', 'registry', 'supplies', 'care', 'evaluation', 'exchange'];
const leftOut = ['access.session'];

interface Manifest {
  format: 1;
  made_at: string;
  migrations: string[];
  tables: { table: string; rows: number; sha256: string }[];
}

/** Copies every table, as of one moment, into a new folder: one gzipped CSV each and a manifest. The keys are not in it. Gives the number of rows. */
export async function backup(url: string, folder: string, progress: (table: string) => void = () => {}): Promise<number> {
  if (existsSync(folder) && readdirSync(folder).length > 0) throw new Stop(`${folder} 不是空文件夹 / is not an empty folder`);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const client = new pg.Client({ ...connectionOf(url), statement_timeout: 0 });
  await client.connect();
  try {
    await client.query('begin isolation level repeatable read read only');
    const manifest: Manifest = { format: 1, made_at: new Date().toISOString(), migrations: await migrationsOf(client), tables: [] };
    for (const table of await tablesOf(client)) {
      progress(table);
      const hash = createHash('sha256');
      const stream = client.query(copyTo(`copy (select * from ${table}) to stdout (format csv, header)`));
      await pipeline(stream, hashing(hash), createGzip({ level: 3 }), createWriteStream(join(folder, `${table}.csv.gz`), { mode: 0o600 }));
      manifest.tables.push({ table, rows: stream.rowCount ?? 0, sha256: hash.digest('hex') });
    }
    await client.query('commit');
    writeFileSync(join(folder, 'manifest.json'), JSON.stringify(manifest, null, 1));
    return manifest.tables.reduce((sum, table) => sum + table.rows, 0);
  } finally {
    await client.end();
  }
}

/** Fills an empty, migrated database from a backup folder; all or nothing. A file that was changed, or tables that hold rows, stop it. */
export async function restore(url: string, folder: string, progress: (table: string) => void = () => {}): Promise<number> {
  const path = join(folder, 'manifest.json');
  if (!existsSync(path)) throw new Stop(`${folder} 不是备份（缺少 manifest.json） / is no backup (manifest.json is missing)`);
  const manifest = JSON.parse(readFileSync(path, 'utf8')) as Manifest;
  const client = new pg.Client({ ...connectionOf(url), statement_timeout: 0 });
  await client.connect();
  try {
    const mine = await migrationsOf(client);
    if (manifest.migrations.join() !== mine.join())
      throw new Stop(`备份的数据库版本不同：${manifest.migrations.at(-1)}，本程序：${mine.at(-1)} / The backup has another schema version.`);
    const used = await client.query('select 1 from journal.entry limit 1');
    if (used.rowCount) throw new Stop('目标数据库不是空的，未作任何改动 / The target database is not empty; nothing was changed.');
    await client.query('begin');
    let rows = 0;
    for (const { table, sha256, rows: expected } of inOrder(manifest.tables)) {
      progress(table);
      const hash = createHash('sha256');
      const header = (await columnsOf(client, table)).join(', ');
      const stream = client.query(copyFrom(`copy ${table} (${header}) from stdin (format csv, header)`));
      await pipeline(createReadStream(join(folder, `${table}.csv.gz`)), createGunzip(), hashing(hash), stream);
      if (hash.digest('hex') !== sha256 || stream.rowCount !== expected)
        throw new Stop(`${table}.csv.gz 与清单不符，未作任何改动 / does not agree with the manifest; nothing was changed.`);
      rows += expected;
    }
    await client.query('commit');
    return rows;
  } finally {
    await client.end();
  }
}

async function tablesOf(client: pg.Client): Promise<string[]> {
  const { rows } = await client.query(
    `select table_schema || '.' || table_name as name from information_schema.tables where table_schema = any($1) and table_type = 'BASE TABLE' order by 1`,
    [schemas],
  );
  return rows.map((row: { name: string }) => row.name).filter((name) => !leftOut.includes(name));
}

/** Parents before children; within a table of places the COPY is in code order by its key, which puts parents first. */
function inOrder(tables: Manifest['tables']): Manifest['tables'] {
  const first = ['registry.place', 'registry.facility', 'registry.health_worker', 'registry.client', 'care.visit'];
  const rank = (table: string) => first.indexOf(table) + 1 || 99;
  return [...tables].sort((a, b) => rank(a.table) - rank(b.table));
}

async function columnsOf(client: pg.Client, table: string): Promise<string[]> {
  const { rows } = await client.query(
    `select column_name as name from information_schema.columns where table_schema || '.' || table_name = $1 order by ordinal_position`,
    [table],
  );
  return rows.map((row: { name: string }) => row.name);
}

async function migrationsOf(client: pg.Client): Promise<string[]> {
  const { rows } = await client.query('select name from public.kysely_migration order by name');
  return rows.map((row: { name: string }) => row.name);
}

function hashing(hash: ReturnType<typeof createHash>): Transform {
  return new Transform({
    transform(chunk, _, done) {
      hash.update(chunk);
      done(null, chunk);
    },
  });
}
