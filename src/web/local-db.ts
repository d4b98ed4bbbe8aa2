import { Dexie, type EntityTable } from 'dexie';
import { type Lock, opened, type Sealed, sealed } from './vault.ts';

/** A row that came down, under an identifier that tells nothing; whose it is stands beside it so that it can be taken off again. */
export interface LocalRow {
  key: string;
  client_id: string;
  content: Sealed;
}

/** A command that waits to be sent, oldest first. A refused one stays with its findings until the person has seen it. */
export interface Waiting {
  at: number;
  id: string;
  state: 'waiting' | 'refused';
  content: Sealed;
}

interface Meta {
  name: string;
  value: unknown;
}

/** The phone's own tables: rows and commands encrypted, the rest is counters. */
export const local = new Dexie('zhiyuan', { chromeTransactionDurability: 'strict' }) as Dexie & {
  rows: EntityTable<LocalRow, 'key'>;
  outbox: EntityTable<Waiting, 'at'>;
  meta: EntityTable<Meta, 'name'>;
};
local.version(1).stores({ rows: 'key, client_id', outbox: '++at, id, state', meta: 'name' });

export async function metaOf<T>(name: string): Promise<T | undefined> {
  return (await local.meta.get(name))?.value as T | undefined;
}

export const keepMeta = (name: string, value: unknown) => local.meta.put({ name, value });

/** Whether this browser carries records, under a PIN. */
export const lockOf = () => metaOf<Lock>('lock');

/** Every row that came down, opened: table → rows. */
export async function everyRow(key: CryptoKey): Promise<Map<string, Record<string, unknown>[]>> {
  const found = new Map<string, Record<string, unknown>[]>();
  const rows = await local.rows.toArray();
  const contents = await Promise.all(rows.map((row) => opened<Record<string, unknown>>(key, row.content)));
  for (const [index, row] of rows.entries()) {
    const table = row.key.slice(0, row.key.indexOf(' '));
    found.set(table, [...(found.get(table) ?? []), contents[index] as Record<string, unknown>]);
  }
  return found;
}

/** One change of a pull, made ready to be kept. */
export async function rowOf(key: CryptoKey, table: string, row: Record<string, unknown>): Promise<LocalRow> {
  const client_id = String(table === 'registry.client' ? row['id'] : row['client_id']);
  return { key: `${table} ${String(row['id'])}`, client_id, content: await sealed(key, row) };
}

/** Leaves nothing behind: another duty, a revoked phone, too many wrong PINs. */
export async function wipe(): Promise<void> {
  await local.transaction('rw', [local.rows, local.outbox, local.meta], async () => {
    await Promise.all([local.rows.clear(), local.outbox.clear(), local.meta.clear()]);
  });
}
