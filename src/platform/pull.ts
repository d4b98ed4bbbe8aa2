import { z } from 'zod';
import { Problem } from '../kit/problem.ts';
import { type Actor, allow } from './access.ts';
import { type Database, literal } from './database.ts';
import type { Corridor } from './http.ts';
import { noteLook } from './looks.ts';
import type { Tables } from './tables.generated.ts';

/** A table whose changes go down to phones, with the columns that may. */
export interface Pulled {
  table: keyof Tables;
  columns: readonly string[];
}

interface Change {
  table: string;
  seq: number;
  row: Record<string, unknown>;
}

/**
 * What changed in the actor's place after a journal number, oldest first, at most `limit` rows; ask again from `checkpoint` while `more`.
 * All of it is seen at one moment and asked in one message: two hundred phones come back from their villages at the same hour.
 */
export async function pull(
  database: Database,
  actor: Actor,
  tables: readonly Pulled[],
  after: number,
  limit: number,
): Promise<{ changes: Change[]; checkpoint: number; more: boolean }> {
  const county = literal(actor.county_code);
  const { place_code } = actor;
  // As a range, so that a village's rows are found by their place and what is new by its number.
  const here = (t: string) =>
    `${t}.county_code = ${county} and ${t}.seq > ${Number(after)} and ${t}.place_code >= ${literal(place_code)} and ${t}.place_code < ${literal(`${place_code}\u{10ffff}`)}`;
  const known = (t: string) => `exists (select 1 from registry.client c where c.county_code = ${county} and c.id = ${t} and c.merged_into_id is null)`;
  const ordered = (t: string) => `order by ${t}.seq limit ${Number(limit) + 1}`;
  const [pen, gone, ...rows] = await database.readAtOnce(actor, [
    `select seq from journal.pen where county_code = ${county}`,
    // Who left the place's lists: a phone takes them off with all it holds about them [R4]. Who moved within the place has not left it.
    `select d.seq, d.client_id, d.reason from registry.departure d where ${here('d')} and not (d.reason = 'moved' and ${known('d.client_id')}) ${ordered('d')}`,
    ...tables.map(({ table, columns }) => {
      // What belongs to somebody who is not in the actor's place, not any more, or stands under another record now, stays at the station.
      const belongs = table === 'registry.client' ? 't.merged_into_id is null' : known('t.client_id');
      return `select ${['seq', ...columns].map((column) => `t.${column}`).join(', ')} from ${table} t where ${here('t')} and ${belongs} ${ordered('t')}`;
    }),
  ]);
  const head = Math.max(after, (pen as { seq: number }[])[0]?.seq ?? 0);
  const found = [gone, ...rows].flatMap((list, index) =>
    (list as { seq: number }[]).map(({ seq, ...row }) => ({
      table: index === 0 ? 'departure' : (tables[index - 1]?.table as string),
      seq,
      row: row as Record<string, unknown>,
    })),
  );
  found.sort((a, b) => a.seq - b.seq);
  const more = found.length > limit;
  const cut = found[limit]?.seq ?? 0;
  // Rows of one entry stay together: what shares the number at the cut comes whole, with the next pull if it began before.
  const page = more ? found.filter((one) => one.seq < cut) : found;
  // One entry that touched more rows than were asked for comes whole all the same.
  if (more && page.length === 0) return pull(database, actor, tables, after, limit * 4);
  return { changes: page, checkpoint: more ? (page.at(-1)?.seq ?? after) : head, more };
}

/** GET /api/pull?after=N: what a phone asks. */
export const pullCorridor =
  (tables: readonly Pulled[]): Corridor =>
  (app, house, { who }) => {
    app.get('/api/pull', { config: { needs: 'pull' }, schema: { summary: 'What changed after a journal number' } }, async (request) => {
      const actor = await who(request);
      allow(actor, 'reads', 'pull');
      const read = asked.safeParse(request.query);
      if (!read.success) throw new Problem('invalid', { field: String(read.error.issues[0]?.path[0] ?? ''), rule: 'not_this_parameter' });
      const { after, limit } = read.data;
      const page = await pull(house.database, actor, tables, after, limit);
      const client_ids = page.changes.flatMap(({ table, row }) =>
        table === 'departure' ? [] : [(table === 'registry.client' ? row['id'] : row['client_id']) as string],
      );
      if (client_ids.length > 0) await noteLook(house.database, house.keys, actor, { action: 'pull', what: 'pull', client_ids });
      return page;
    });
  };

const asked = z.object({ after: z.coerce.number().int().min(0).default(0), limit: z.coerce.number().int().min(1).max(5000).default(1000) });
