import { sql } from 'kysely';
import { enter } from '../../platform/database.ts';
import type { House } from '../../platform/room.ts';
import { blindIndex, subjectKey, unseal } from '../../platform/seal.ts';
import { nameKeys, plainPhone } from './name-keys.ts';

interface SealedClient {
  id: string;
  salt: Buffer | null;
  name_sealed: string | null;
  born_on_sealed: string | null;
  record_number_sealed: string | null;
  phone_sealed: string | null;
  id_number_sealed: string | null;
}

const batch = 1000;

/**
 * Makes readable again, each with its own client's key, what a backup holds only sealed, and makes the blind indexes anew with the newest
 * key. A client whose key was destroyed stays unknown and her record shut. Gives the number of clients opened.
 */
export async function reopenClients(house: Pick<House, 'database' | 'keys'>, county: string, what: 'all' | 'indexes' = 'all'): Promise<number> {
  const { keys } = house;
  let after = '00000000-0000-0000-0000-000000000000';
  let opened = 0;
  for (;;) {
    const last = await house.database.app.transaction().execute(async (db) => {
      await enter(db, { county_code: county, place_code: county, people: true, restricted: true });
      const { rows } = await sql<SealedClient>`
        select c.id, k.salt, c.name_sealed, c.born_on_sealed, c.record_number_sealed, c.phone_sealed, c.id_number_sealed from registry.client c
          left join journal.subject_key k on k.county_code = ${county} and k.subject_id = c.id
         where c.county_code = ${county} and c.id > ${after}::uuid order by c.id limit ${batch}`.execute(db);
      for (const row of rows) {
        if (!row.salt) {
          if (what === 'all' && row.name_sealed)
            await sql`update registry.client set restricted = true, erased = true, purposes = '{}', follow_up_consented = false, name_sealed = null, born_on_sealed = null, record_number_sealed = null, phone_sealed = null, id_number_sealed = null where county_code = ${county} and id = ${row.id}`.execute(
              db,
            );
          continue;
        }
        const key = subjectKey(keys, row.id, row.salt);
        const open = (field: string, sealed: string | null) => (sealed ? unseal(key, `${field}:${row.id}`, sealed) : undefined);
        const [phone, number] = [open('phone', row.phone_sealed), open('id_number', row.id_number_sealed)];
        const indexes = {
          ...(phone ? { phone_index: blindIndex(keys, 'phone', plainPhone(phone)) } : {}),
          ...(number ? { id_number_index: blindIndex(keys, 'id_number', number.toUpperCase()) } : {}),
        };
        const name = what === 'all' ? open('name', row.name_sealed) : undefined;
        const named = name === undefined ? {} : { name, ...nameKeys(name) };
        const [born_on, record_number] = what === 'all' ? [open('born_on', row.born_on_sealed), open('record_number', row.record_number_sealed)] : [];
        const set = { ...indexes, ...named, ...(born_on ? { born_on } : {}), ...(record_number ? { record_number } : {}) };
        if (Object.keys(set).length > 0) await db.updateTable('registry.client').set(set).where('county_code', '=', county).where('id', '=', row.id).execute();
        opened += 1;
      }
      return rows.at(-1)?.id;
    });
    if (!last) return opened;
    after = last;
  }
}
