import { newId } from '../kit/id.ts';
import type { Finding, ProblemBody } from '../kit/problem.ts';
import { call, post, Refused, type Session } from './api.ts';
import { everyRow, keepMeta, local, lockOf, metaOf, rowOf, wipe } from './local-db.ts';
import { type Lock, mostWrong, newLock, opened, openLock, sealed } from './vault.ts';

interface Command {
  id: string;
  name: string;
  input: Record<string, unknown>;
  findings?: readonly Finding[];
}

/** What the phone knows without a network: as the pages ask for it. */
export interface Kept {
  session: Session;
  places: unknown;
  products: unknown;
  particulars: unknown;
}

/** Where the phone stands; always told as it is. */
export interface SyncState {
  isCarrying: boolean;
  isOpen: boolean;
  rows: number;
  waiting: number;
  refused: { id: string; name: string; findings: readonly Finding[] }[];
  at: string | undefined;
  trouble: string | undefined;
}

let key: CryptoKey | undefined;
let trouble: string | undefined;
const heard = new Set<() => void>();

export const onSync = (hear: () => void) => {
  heard.add(hear);
  return () => void heard.delete(hear);
};
const tellAll = () => {
  for (const hear of heard) hear();
};

export const isOpen = () => key !== undefined;

export async function stateOf(): Promise<SyncState> {
  const refused = await local.outbox.where('state').equals('refused').toArray();
  const open = key;
  return {
    isCarrying: (await lockOf()) !== undefined,
    isOpen: open !== undefined,
    rows: await local.rows.count(),
    waiting: await local.outbox.where('state').equals('waiting').count(),
    refused: open ? await Promise.all(refused.map(async ({ content }) => ({ findings: [], ...(await opened<Command>(open, content)) }))) : [],
    at: await metaOf<string>('synced_at'),
    trouble,
  };
}

/** Begins to carry records on this phone, under a PIN of six digits or more; asks the browser to keep them. */
export async function carry(pin: string): Promise<void> {
  const made = await newLock(pin);
  await wipe();
  await keepMeta('lock', made.lock);
  key = made.key;
  await navigator.storage?.persist?.().catch(() => false);
  await syncNow();
}

/** Opens with the PIN; gives how many tries are left when it was wrong. The last one wipes. */
export async function unlock(pin: string): Promise<number | undefined> {
  const lock = (await lockOf()) as Lock;
  key = await openLock(lock, pin);
  if (key) {
    await keepMeta('lock', { ...lock, wrong: 0 });
    tellAll();
    return undefined;
  }
  const wrong = lock.wrong + 1;
  if (wrong >= mostWrong) await wipe();
  else await keepMeta('lock', { ...lock, wrong });
  tellAll();
  return mostWrong - wrong;
}

export function close(): void {
  key = undefined;
  tellAll();
}

/** Keeps a command until it can be sent: it is on the disk when this returns. */
export async function enqueue(name: string, input: Record<string, unknown>, id = newId()): Promise<void> {
  if (!key) throw new Error('the phone is locked');
  await local.outbox.add({ id, state: 'waiting', content: await sealed(key, { id, name, input }) } as never);
  tellAll();
  void syncNow();
}

/** A refused command that the person has seen is thrown away. */
export async function dismiss(id: string): Promise<void> {
  await local.outbox.where('id').equals(id).delete();
  tellAll();
}

/** The commands that wait, as they were written, oldest first. */
export async function waitingCommands(): Promise<Command[]> {
  const open = key;
  if (!open) return [];
  const rows = await local.outbox.where('state').equals('waiting').sortBy('at');
  return Promise.all(rows.map((row) => opened<Command>(open, row.content)));
}

export const keptAnswers = async (): Promise<Kept | undefined> => {
  const kept = await metaOf<Parameters<typeof opened>[1]>('kept');
  return key && kept ? opened<Kept>(key, kept) : undefined;
};

export const keptRows = async () => (key ? everyRow(key) : new Map<string, Record<string, unknown>[]>());

/** Sends what waits, then fetches what changed; one tab at a time. What goes wrong is told and tried again the next time. */
export async function syncNow(): Promise<void> {
  const open = key;
  if (!open) return;
  await navigator.locks.request('zhiyuan-sync', async () => {
    try {
      const session = await call<Session>('/api/session');
      await keepScope(session);
      await push(open);
      await fetchChanges(open);
      await keepAnswers(open, session);
      trouble = undefined;
      await keepMeta('synced_at', new Date().toISOString());
    } catch (error) {
      trouble = error instanceof Refused ? (error.body.findings[0]?.rule ?? 'our_mistake') : 'our_mistake';
      // A revoked phone forgets everything; one merely signed out keeps what waits.
      if (trouble === 'session_revoked') {
        await wipe();
        key = undefined;
      }
    }
  });
  tellAll();
}

/** Another duty or place: what was carried is not this one's to see. */
async function keepScope({ account_id, place_code, role }: Session): Promise<void> {
  const scope = [account_id, place_code, role].join(' ');
  const before = await metaOf<string>('scope');
  if (before !== undefined && before !== scope) {
    await local.transaction('rw', [local.rows, local.meta], async () => {
      await local.rows.clear();
      await local.meta.delete('checkpoint');
    });
  }
  await keepMeta('scope', scope);
}

const batch = 100;

/** An acknowledged command goes, a refused one stays with its findings and blocks nobody; what came in meanwhile waits for the next round. */
async function push(open: CryptoKey): Promise<void> {
  for (;;) {
    const rows = await local.outbox.where('state').equals('waiting').limit(batch).sortBy('at');
    if (rows.length === 0) return;
    const commands = await Promise.all(rows.map((row) => opened<Command>(open, row.content)));
    const { outcomes } = await post<{ outcomes: { id: string; status: string; problem?: ProblemBody }[] }>('/api/commands', {
      items: commands.map(({ id, name, input }) => ({ id, name, input })),
    });
    for (const [index, outcome] of outcomes.entries()) {
      const row = rows[index] as (typeof rows)[number];
      if (outcome.status !== 'refused') await local.outbox.delete(row.at);
      else
        await local.outbox.update(row.at, { state: 'refused', content: await sealed(open, { ...commands[index], findings: outcome.problem?.findings ?? [] }) });
    }
    tellAll();
  }
}

interface Page {
  changes: { table: string; seq: number; row: Record<string, unknown> }[];
  checkpoint: number;
  more: boolean;
}

/** Page after page, each kept together with its checkpoint: cut anywhere, it goes on from the last whole page. */
async function fetchChanges(open: CryptoKey): Promise<void> {
  for (;;) {
    const after = (await metaOf<number>('checkpoint')) ?? 0;
    const page = await call<Page>(`/api/pull?after=${after}&limit=2000`);
    const kept = await Promise.all(page.changes.filter(({ table }) => table !== 'departure').map(({ table, row }) => rowOf(open, table, row)));
    await local.transaction('rw', [local.rows, local.meta], async () => {
      const gone = new Map(page.changes.filter(({ table }) => table === 'departure').map(({ seq, row }) => [String(row['client_id']), seq]));
      if (gone.size > 0)
        await local.rows
          .where('client_id')
          .anyOf([...gone.keys()])
          .delete();
      // Who left and came back in one page comes after her departure.
      const seqs = page.changes.filter(({ table }) => table !== 'departure').map(({ seq }) => seq);
      await local.rows.bulkPut(kept.filter((row, index) => (seqs[index] as number) >= (gone.get(row.client_id) ?? 0)));
      await local.meta.put({ name: 'checkpoint', value: page.checkpoint });
    });
    tellAll();
    if (!page.more) return;
  }
}

async function keepAnswers(open: CryptoKey, session: Session): Promise<void> {
  const [places, products, particulars] = await Promise.all([
    call('/api/places'),
    call('/api/products'),
    call(`/api/places/${session.place_code}/particulars`),
  ]);
  await keepMeta('kept', await sealed(open, { session, places, products, particulars } satisfies Kept));
}
