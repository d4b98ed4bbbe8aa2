import { sql } from 'kysely';
import { enter } from '../../platform/database.ts';
import type { House } from '../../platform/room.ts';
import { subjectKey, unseal } from '../../platform/seal.ts';

/** After a restore: opens the free words of visits with their clients' keys, and shuts the visits of clients who were erased meanwhile. Gives how many were opened. */
export async function reopenVisits(house: Pick<House, 'database' | 'keys'>, county: string): Promise<number> {
  return house.database.app.transaction().execute(async (db) => {
    await enter(db, { county_code: county, place_code: county, people: true, restricted: true });
    for (const table of ['care.visit', 'care.follow_up'])
      await sql`update ${sql.raw(table)} v set restricted = true from registry.client c
         where v.county_code = ${county} and c.county_code = ${county} and c.id = v.client_id and c.erased`.execute(db);
    await sql`update care.visit v set note_sealed = null from registry.client c where v.county_code = ${county} and c.county_code = ${county} and c.id = v.client_id and c.erased`.execute(
      db,
    );
    const { rows } = await sql<{ id: string; client_id: string; recorded_client_id: string; note_sealed: string; salt: Buffer }>`
      select v.id, v.client_id, v.recorded_client_id, v.note_sealed, k.salt from care.visit v
        join journal.subject_key k on k.county_code = ${county} and k.subject_id = v.recorded_client_id
       where v.county_code = ${county} and v.note_sealed is not null and v.note is null and k.salt is not null`.execute(db);
    for (const { id, recorded_client_id, note_sealed, salt } of rows) {
      const note = unseal(subjectKey(house.keys, recorded_client_id, salt), `note:${recorded_client_id}`, note_sealed);
      await sql`update care.visit set note = ${note} where county_code = ${county} and id = ${id}::uuid`.execute(db);
    }
    return rows.length;
  });
}
