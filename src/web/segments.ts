import { type Carried, clientOf, departures } from './carried.ts';
import { draftName } from './drafts.ts';
import type { Change, LocalDb } from './local-db.ts';
import type { Pending } from './outbox.ts';
import { opened, sealed } from './vault.ts';

/** What came down at once, and the journal's number it reaches to. */
export interface Page {
  changes: Change[];
  checkpoint: number;
  more: boolean;
}

/** Rows asked for at once; how many small segments are put together. */
export const pageSize = 2000;
const smallSegments = 40;

/** All segments opened, in their order. */
export async function readSegments(local: LocalDb, key: CryptoKey): Promise<Change[][]> {
  const segments = await local.segments.orderBy('n').toArray();
  return Promise.all(segments.map(({ content }) => opened<Change[]>(key, content)));
}

/**
 * Keeps a page together with its checkpoint, in one go. Whoever left is taken out of every segment that holds something about her, out of
 * what was refused, and out of what was half filled in.
 */
export async function keepPage(local: LocalDb, key: CryptoKey, { changes, checkpoint }: Page, pending: readonly Pending[]): Promise<void> {
  const gone = departures(changes);
  const kept = changes.filter((change) => change.table !== 'departure' && change.seq >= (gone.get(clientOf(change)) ?? 0));
  const clients = [...new Set(kept.map(clientOf))];
  const content = await sealed(key, kept);
  const left = [...gone.keys()];
  const holding = left.length > 0 ? await local.segments.where('clients').anyOf(left).distinct().toArray() : [];
  const without = await Promise.all(
    holding.map(async (segment) => {
      const others = (await opened<Change[]>(key, segment.content)).filter((change) => !gone.has(clientOf(change)));
      return { ...segment, size: others.length, clients: segment.clients.filter((one) => !gone.has(one)), content: await sealed(key, others) };
    }),
  );
  const told = pending.filter(({ state, input }) => state === 'refused' && gone.has(String(input['client_id'])));
  const emptied = await Promise.all(
    told.map(async ({ account_id, seq, state, ...command }) => ({ id: command.id, content: await sealed(key, { ...command, input: {} }) })),
  );
  await local.transaction('rw', [local.segments, local.outbox, local.meta], async () => {
    await local.segments.bulkPut(without.filter(({ size }) => size > 0));
    await local.segments.bulkDelete(without.filter(({ size }) => size === 0).map(({ n }) => n));
    if (kept.length > 0) await local.segments.add({ clients, size: kept.length, content } as never);
    for (const { id, content: empty } of emptied) await local.outbox.where('id').equals(id).modify({ content: empty });
    await local.outbox.filter(({ state, seq }) => state === 'sent' && seq <= checkpoint).delete();
    await local.meta.bulkDelete(left.map(draftName));
    await local.meta.put({ name: 'checkpoint', value: checkpoint });
  });
}

/** Many small segments become one; when most of what lies there has been replaced, all is written anew. */
export async function tidy(local: LocalDb, key: CryptoKey, carried: Carried): Promise<void> {
  const segments = await local.segments.orderBy('n').toArray();
  const lying = segments.reduce((sum, { size }) => sum + size, 0);
  const isStale = lying > 2 * carried.size + 2000;
  const lastLarge = isStale ? -1 : segments.findLastIndex(({ size }) => size >= pageSize / 4);
  const small = segments.slice(lastLarge + 1);
  if (!isStale && small.length < smallSegments) return;
  const all = isStale ? carried.changes() : (await Promise.all(small.map(({ content }) => opened<Change[]>(key, content)))).flat();
  const made: object[] = [];
  for (let from = 0; from < all.length; from += pageSize) {
    const changes = all.slice(from, from + pageSize);
    made.push({ clients: [...new Set(changes.map(clientOf))], size: changes.length, content: await sealed(key, changes) });
  }
  await local.transaction('rw', local.segments, async () => {
    await local.segments.bulkDelete((isStale ? segments : small).map(({ n }) => n));
    await local.segments.bulkAdd(made as never);
  });
}
