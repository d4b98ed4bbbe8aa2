import { sql } from 'kysely';
import type { Room } from '../../platform/room.ts';

/** A record and all that were merged into it, however many steps: all that stands under one person. As a part of a statement, after `id in`. */
export const family = (county: string, id: string) => sql`(
  with recursive family as (
    select id from registry.client where county_code = ${county} and id = ${id}
    union all select c.id from family f join registry.client c on c.county_code = ${county} and c.merged_into_id = f.id
  ) select id from family)`;

/** Of records that were merged, each with the one it stands under now; one whose way there leaves the actor's place is missing. */
export async function standingUnder(room: Room, ids: readonly string[]): Promise<Map<string, string>> {
  const { rows } = await sql<{ asked: string; id: string }>`
    with recursive way as (
      select id as asked, id, merged_into_id from registry.client where county_code = ${room.county_code} and id = any(${ids}::uuid[])
      union all select w.asked, c.id, c.merged_into_id from way w join registry.client c on c.county_code = ${room.county_code} and c.id = w.merged_into_id
    ) select asked, id from way where merged_into_id is null`.execute(room.db);
  return new Map(rows.map((row) => [row.asked, row.id]));
}
