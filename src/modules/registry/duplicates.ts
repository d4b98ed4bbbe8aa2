import { sql } from 'kysely';
import type { Room } from '../../platform/run.ts';

/**
 * Looks for records that may be the same person as one of these, and keeps each pair with its score (0–100) and reasons: same ID
 * number 100; same name and birth day 90; same sound and birth day 80; same phone 60; like sound and same birth day 50. A person decides.
 * The pair belongs to the smallest place that holds both, so that those who may see both are those who see the pair.
 */
export async function findDuplicates(room: Room, clientIds: readonly string[]): Promise<void> {
  if (clientIds.length === 0) return;
  await room.wholeCounty(async () => {
    // A handful of new records against all: always by index, whatever the planner believes of a table that is just being filled.
    await joinOnlyByIndex(room, true);
    await sql`
      with fresh as materialized (
        select * from registry.client where county_code = ${room.county_code} and id = any(${clientIds}::uuid[]) and merged_into_id is null
      ), candidate as (
        select f.id, o.id as other, 100 as score, 'same_id_number' as reason from fresh f
          join registry.client o on o.county_code = ${room.county_code} and o.id_number_index = f.id_number_index and o.id <> f.id and o.merged_into_id is null
        union all
        select f.id, o.id, 60, 'same_phone' from fresh f
          join registry.client o on o.county_code = ${room.county_code} and o.phone_index = f.phone_index and o.id <> f.id and o.merged_into_id is null
        union all
        select f.id, o.id, case when o.name = f.name then 90 when o.name_pinyin = f.name_pinyin then 80 else 50 end,
               case when o.name = f.name then 'same_name_and_birth' when o.name_pinyin = f.name_pinyin then 'same_sound_and_birth' else 'like_sound_and_birth' end
          from fresh f join registry.client o on o.county_code = ${room.county_code} and o.born_on = f.born_on and o.sex = f.sex and o.id <> f.id and o.merged_into_id is null
               and (o.name_pinyin = f.name_pinyin or similarity(o.name_pinyin, f.name_pinyin) >= 0.6)
      ), pair as (
        select least(id, other) as client_id, greatest(id, other) as other_id, max(score) as score, array_agg(distinct reason order by reason) as reasons
          from candidate group by 1, 2
      )
      insert into registry.duplicate (county_code, client_id, other_id, place_code, score, reasons, status, seq)
      select ${room.county_code}, p.client_id, p.other_id, registry.common_place(a.place_code, b.place_code, ${room.county_code}), p.score, p.reasons, 'open', greatest(a.seq, b.seq)
        from pair p
        join registry.client a on a.county_code = ${room.county_code} and a.id = p.client_id
        join registry.client b on b.county_code = ${room.county_code} and b.id = p.other_id
      on conflict (county_code, client_id, other_id) do nothing`.execute(room.db);
    await joinOnlyByIndex(room, false);
  });
}

async function joinOnlyByIndex(room: Room, only: boolean): Promise<void> {
  for (const way of ['hashjoin', 'mergejoin']) await sql.raw(`set local enable_${way} = ${only ? 'off' : 'on'}`).execute(room.db);
}
