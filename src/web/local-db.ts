import { Dexie, type EntityTable } from 'dexie';
import type { Lock, Sealed } from './vault.ts';

/** One change as it came down: a row of a table, and the journal's number it stands at. */
export interface Change {
  table: string;
  seq: number;
  row: Record<string, unknown>;
}

/**
 * Rows that came down together, in the order of `n`: later ones replace earlier ones. Whose they are stands beside them, as identifiers
 * that tell nothing, so that a client can be taken off again.
 */
interface Segment {
  n: number;
  clients: string[];
  size: number;
  content: Sealed;
}

/**
 * A command on its way: `waiting` to be sent, oldest first; `sent` and acknowledged, until what it did has come down; `refused`, with its
 * findings, until the person has seen it.
 */
export interface Outgoing {
  at: number;
  id: string;
  account_id: string;
  state: 'waiting' | 'sent' | 'refused';
  seq: number;
  content: Sealed;
}

interface Meta {
  name: string;
  value: unknown;
}

/** The phone's own tables: rows and commands encrypted, the rest is counters. */
export type LocalDb = Dexie & {
  segments: EntityTable<Segment, 'n'>;
  outbox: EntityTable<Outgoing, 'at'>;
  meta: EntityTable<Meta, 'name'>;
};

/** Opens the phone's tables; what an earlier layout carried is let go and comes down again, what waits to be sent stays. */
export function openLocal(name = 'zhiyuan', options: ConstructorParameters<typeof Dexie>[1] = {}): LocalDb {
  const local = new Dexie(name, { chromeTransactionDurability: 'strict', ...options }) as LocalDb;
  local.version(1).stores({ rows: 'key, client_id', outbox: '++at, id, state', meta: 'name' });
  local
    .version(2)
    .stores({ rows: null, segments: '++n, *clients', outbox: '++at, &id, state', meta: 'name' })
    .upgrade((tx) => tx.table('meta').delete('checkpoint'));
  return local;
}

/** Opens the tables again when the browser has closed them, as it does on a full disk: when there is room again, work goes on. */
export async function awake(local: LocalDb): Promise<void> {
  if (!local.hasFailed() && !local.hasBeenClosed()) return;
  local.close();
  await local.open();
}

export async function metaOf<T>(local: LocalDb, name: string): Promise<T | undefined> {
  return (await local.meta.get(name))?.value as T | undefined;
}

export const keepMeta = (local: LocalDb, name: string, value: unknown) => local.meta.put({ name, value });

/** Whether this browser carries records, under a PIN. */
export const lockOf = (local: LocalDb) => metaOf<Lock>(local, 'lock');

/** Leaves nothing behind: a revoked phone, too many wrong PINs, a person who has had enough. */
export async function wipe(local: LocalDb): Promise<void> {
  await local.transaction('rw', [local.segments, local.outbox, local.meta], async () => {
    await Promise.all([local.segments.clear(), local.outbox.clear(), local.meta.clear()]);
  });
}
