import { sql } from 'kysely';
import { z } from 'zod';
import { Problem } from '../kit/problem.ts';
import { type Actor, allow } from './access.ts';
import type { Db } from './database.ts';
import type { Corridor } from './http.ts';
import { noteLook } from './looks.ts';
import type { Tables } from './tables.generated.ts';

/** A table whose changes go down to phones, with the columns that may. */
export interface Pulled {
  table: keyof Tables;
  columns: readonly string[];
}

/** Who left the place's lists: a phone takes them off with all it holds about them [R4]. */
async function departed(db: Db, actor: Actor, after: number, head: number, limit: number) {
  // Who moved within the actor's place has not left it.
  const { rows } = await sql<{ seq: number; client_id: string; reason: string }>`
    select d.seq, d.client_id, d.reason from registry.departure d
     where d.county_code = ${actor.county_code} and d.seq > ${after} and d.seq <= ${head} and starts_with(d.place_code, ${actor.place_code})
       and not (d.reason = 'moved' and exists (select 1 from registry.client c where c.county_code = ${actor.county_code} and c.id = d.client_id))
     order by d.seq limit ${limit + 1}`.execute(db);
  return rows.map(({ seq, ...row }) => ({ table: 'departure', seq, row: row as Record<string, unknown> }));
}

/** What changed in the actor's place after a journal number, oldest first, at most `limit` rows; ask again from `checkpoint` while `more`. */
export async function pull(
  db: Db,
  actor: Actor,
  tables: readonly Pulled[],
  after: number,
  limit: number,
): Promise<{ changes: { table: string; seq: number; row: Record<string, unknown> }[]; checkpoint: number; more: boolean }> {
  const head = Math.max(after, await headOf(db, actor.county_code));
  const found: { table: string; seq: number; row: Record<string, unknown> }[] = await departed(db, actor, after, head, limit);
  for (const { table, columns } of tables) {
    // What belongs to somebody who is not in the actor's place, or not any more, stays at the station.
    const belongs =
      table === 'registry.client' ? sql`true` : sql`exists (select 1 from registry.client c where c.county_code = ${actor.county_code} and c.id = t.client_id)`;
    const { rows } = await sql<{ seq: number }>`
      select ${sql.raw(['seq', ...columns].map((column) => `t.${column}`).join(', '))} from ${sql.raw(table)} t
       where t.county_code = ${actor.county_code} and t.seq > ${after} and t.seq <= ${head} and starts_with(t.place_code, ${actor.place_code}) and ${belongs}
       order by t.seq limit ${limit + 1}`.execute(db);
    for (const { seq, ...row } of rows) found.push({ table, seq, row });
  }
  found.sort((a, b) => a.seq - b.seq);
  const more = found.length > limit;
  const cut = found[limit]?.seq ?? 0;
  // Rows of one entry stay together: what shares the number at the cut comes whole, with the next pull if it began before.
  const page = more ? found.filter((one) => one.seq < cut) : found;
  // One entry that touched more rows than were asked for comes whole all the same.
  if (more && page.length === 0) return pull(db, actor, tables, after, limit * 4);
  return { changes: page, checkpoint: more ? (page.at(-1)?.seq ?? after) : head, more };
}

/** Where the journal stands before anything is read: what commits while the tables are read comes with the next pull, never in part. */
async function headOf(db: Db, county: string): Promise<number> {
  const { rows } = await sql<{ seq: number }>`select seq from journal.pen where county_code = ${county}`.execute(db);
  return rows[0]?.seq ?? 0;
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
      const page = await house.database.read(actor, (db) => pull(db, actor, tables, after, limit));
      const client_ids = page.changes.flatMap(({ table, row }) =>
        table === 'departure' ? [] : [(table === 'registry.client' ? row['id'] : row['client_id']) as string],
      );
      if (client_ids.length > 0) await noteLook(house.database, house.keys, actor, { action: 'pull', what: 'pull', client_ids });
      return page;
    });
  };

const asked = z.object({ after: z.coerce.number().int().min(0).default(0), limit: z.coerce.number().int().min(1).max(5000).default(1000) });
