import { sql } from 'kysely';
import { reopenVisits } from './modules/care/server-reopen.ts';
import { reopenClients } from './modules/registry/server-reopen.ts';
import { backup, restore } from './platform/backup.ts';
import type { House } from './platform/room.ts';
import { subjectKey, wrappedKey } from './platform/seal.ts';

type Kept = Pick<House, 'database' | 'keys'>;

/** Backs the house up; gives the number of rows. The keys of clients go into their one file beside the other keys. */
export function backupHouse({ database, keys }: Kept, folder: string, subjectsFile = keys.subjectsFile, progress?: (table: string) => void): Promise<number> {
  return backup(keys, database.urls.owner, folder, subjectsFile, progress);
}

/** Restores an empty house from a backup, and opens with their own keys what stood sealed in it. Gives the number of rows. */
export async function restoreHouse(house: Kept, folder: string, subjectsFile = house.keys.subjectsFile, progress?: (table: string) => void): Promise<number> {
  const rows = await restore(house.keys, house.database.urls.owner, folder, subjectsFile, progress);
  for (const county of await countiesOf(house)) {
    await reopenClients(house, county);
    await reopenVisits(house, county);
  }
  return rows;
}

/** The counties of a house. */
export async function countiesOf({ database }: Pick<Kept, 'database'>): Promise<string[]> {
  const found = await database.owner.selectFrom('journal.pen').select('county_code').orderBy('county_code').execute();
  return found.map((row) => row.county_code);
}

/** Wraps every client's key with the newest key of the installation, a thousand at a time while the house works on; gives how many. */
export async function rewrapKeys({ database, keys }: Kept, progress: (done: number) => void = () => {}): Promise<number> {
  const version = keys.wrapVersion;
  let done = 0;
  for (const county of await countiesOf({ database })) {
    for (;;) {
      const some = await database.owner.transaction().execute(async (db) => {
        const { rows } = await sql<{ subject_id: string; salt: Buffer }>`
          select subject_id, salt from journal.subject_key
           where county_code = ${county} and salt is not null and (length(salt) = 32 or get_byte(salt, 0) <> ${version}) limit 1000 for update skip locked`.execute(
          db,
        );
        for (const { subject_id, salt } of rows)
          await sql`update journal.subject_key set salt = ${wrappedKey(keys, subject_id, subjectKey(keys, subject_id, salt).export())} where county_code = ${county} and subject_id = ${subject_id}`.execute(
            db,
          );
        return rows.length;
      });
      if (some === 0) break;
      done += some;
      progress(done);
    }
  }
  return done;
}
