import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import {
  closeSync,
  createReadStream,
  createWriteStream,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import pg from 'pg';
import { from as copyFrom, to as copyTo } from 'pg-copy-streams';
import { type Keys, Stop } from './config.ts';
import { connectionOf } from './database.ts';

/** Tables whose rows cannot be made again. Sessions are left out: a restored house asks everybody to sign in. */
const schemas = ['journal', 'access', 'registry', 'rights', 'supplies', 'care', 'evaluation', 'exchange'];
const leftOut = ['access.session', 'access.code', 'access.challenge', 'access.attempt', 'exchange.import'];

/**
 * What a backup does not hold in plain: who a client is stands in it only sealed under her own key, and the keys are not in it. When her
 * key is destroyed, every backup there is forgets her with it.
 */
const hidden: Record<string, Record<string, string>> = {
  'registry.client': {
    name: "case when name_sealed is null then name else '' end",
    name_pinyin: "case when name_sealed is null then name_pinyin else '' end",
    name_initials: "case when name_sealed is null then name_initials else '' end",
    record_number: 'case when record_number_sealed is null then record_number else upper(right(id::text, 12)) end',
    born_on: "case when born_on_sealed is null then born_on else date_trunc('year', born_on::timestamp)::date end",
    phone_index: 'null',
    id_number_index: 'null',
  },
  'care.visit': { note: 'case when note_sealed is null then note end' },
  'journal.subject_key': { salt: 'null' },
};

interface Manifest {
  format: 2;
  made_at: string;
  migrations: string[];
  tables: { table: string; rows: number; sha256: string }[];
}

/** Copies every table, as of one moment, into a new folder, compressed and encrypted, with a manifest; and the clients' keys into the one file that holds them all. Gives the number of rows. */
export async function backup(keys: Keys, url: string, folder: string, subjectsFile: string, progress: (table: string) => void = () => {}): Promise<number> {
  if (existsSync(folder) && readdirSync(folder).length > 0) throw new Stop(`${folder} 不是空文件夹 / is not an empty folder`);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const client = new pg.Client({ ...connectionOf(url), statement_timeout: 0 });
  await client.connect();
  try {
    await client.query('begin isolation level repeatable read read only');
    const manifest: Manifest = { format: 2, made_at: new Date().toISOString(), migrations: await migrationsOf(client), tables: [] };
    const copy = async (query: string, path: string, name: string) => {
      const hash = createHash('sha256');
      const stream = client.query(copyTo(`copy (${query}) to stdout (format csv, header)`));
      await pipeline(stream, hashing(hash), createGzip({ level: 3 }), sealing(keys, name), createWriteStream(path, { mode: 0o600 }));
      return { rows: stream.rowCount ?? 0, sha256: hash.digest('hex') };
    };
    for (const table of await tablesOf(client)) {
      progress(table);
      const columns = (await columnsOf(client, table)).map((column) => (hidden[table]?.[column] ? `${hidden[table][column]} as ${column}` : column));
      const made = await copy(`select ${columns.join(', ')} from ${table}`, join(folder, `${table}.csv.gz.sealed`), table);
      manifest.tables.push({ table, ...made });
    }
    const fresh = `${subjectsFile}.${process.pid}`;
    await copy('select county_code, subject_id, salt from journal.subject_key where salt is not null', fresh, 'subjects');
    renameSync(fresh, subjectsFile);
    await client.query('commit');
    writeFileSync(join(folder, 'manifest.json'), JSON.stringify(manifest, null, 1));
    return manifest.tables.reduce((sum, table) => sum + table.rows, 0);
  } finally {
    await client.end();
  }
}

/** Fills an empty, migrated database from a backup folder and the file of clients' keys; all or nothing. A file that was changed, or tables that hold rows, stop it. */
export async function restore(keys: Keys, url: string, folder: string, subjectsFile: string, progress: (table: string) => void = () => {}): Promise<number> {
  const path = join(folder, 'manifest.json');
  if (!existsSync(path)) throw new Stop(`${folder} 不是备份（缺少 manifest.json） / is no backup (manifest.json is missing)`);
  if (!existsSync(subjectsFile))
    throw new Stop(`缺少服务对象密钥文件 ${subjectsFile}，请与密钥一起恢复 / the clients’ keys are missing: restore them with the other keys`);
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
    const fill = async (table: string, file: string, name: string, columns: string) => {
      const hash = createHash('sha256');
      const stream = client.query(copyFrom(`copy ${table} (${columns}) from stdin (format csv, header)`));
      await pipeline(unsealing(keys, name, file), createGunzip(), hashing(hash), stream);
      return { rows: stream.rowCount, sha256: hash.digest('hex') };
    };
    let rows = 0;
    for (const { table, sha256, rows: expected } of inOrder(manifest.tables)) {
      progress(table);
      const made = await fill(table, join(folder, `${table}.csv.gz.sealed`), table, (await columnsOf(client, table)).join(', '));
      if (made.sha256 !== sha256 || made.rows !== expected)
        throw new Stop(`${table}.csv.gz.sealed 与清单不符，未作任何改动 / does not agree with the manifest; nothing was changed.`);
      rows += expected;
    }
    await client.query('create temporary table kept (county_code text, subject_id uuid, salt bytea)');
    await fill('kept', subjectsFile, 'subjects', 'county_code, subject_id, salt');
    await client.query('update journal.subject_key k set salt = t.salt from kept t where t.county_code = k.county_code and t.subject_id = k.subject_id');
    await client.query('commit');
    return rows;
  } finally {
    await client.end();
  }
}

const tagLength = 16;
const magic = Buffer.from('ZYB2');

/** AES-256-GCM over a stream, bound to its name: magic, nonce, text, and the tag at the end. */
function sealing(keys: Keys, name: string): Transform {
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', keys.backup, nonce);
  cipher.setAAD(Buffer.from(name));
  let isBegun = false;
  return new Transform({
    transform(chunk, _, done) {
      if (!isBegun) this.push(Buffer.concat([magic, nonce]));
      isBegun = true;
      done(null, cipher.update(chunk));
    },
    flush(done) {
      if (!isBegun) this.push(Buffer.concat([magic, nonce]));
      this.push(cipher.final());
      this.push(cipher.getAuthTag());
      done();
    },
  });
}

async function* unsealing(keys: Keys, name: string, path: string): AsyncGenerator<Buffer> {
  const head = Buffer.alloc(16);
  const tag = Buffer.alloc(tagLength);
  const { size } = statSync(path);
  const file = openSync(path, 'r');
  try {
    if (readSync(file, head, 0, 16, 0) < 16 || !head.subarray(0, 4).equals(magic)) throw new Stop(`${path} 不是加密备份 / is no encrypted backup`);
    readSync(file, tag, 0, tagLength, size - tagLength);
  } finally {
    closeSync(file);
  }
  const decipher = createDecipheriv('aes-256-gcm', keys.backup, head.subarray(4));
  decipher.setAAD(Buffer.from(name));
  decipher.setAuthTag(tag);
  for await (const chunk of createReadStream(path, { start: 16, end: size - tagLength - 1 })) yield decipher.update(chunk as Buffer);
  try {
    yield decipher.final();
  } catch {
    throw new Stop(`${path} 已被改动或密钥不符，未作任何改动 / was changed or belongs to other keys; nothing was changed.`);
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
