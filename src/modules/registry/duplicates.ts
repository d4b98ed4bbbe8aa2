import { sql } from 'kysely';
import type { Room } from '../../platform/room.ts';

interface Known {
  id: string;
  place_code: string;
  name: string;
  name_pinyin: string;
  sex: string;
  born_on: string;
  phone_index: string | null;
  id_number_index: string | null;
  seq: number;
}

interface Pair {
  score: number;
  reasons: Set<string>;
  of: [Known, Known];
}

/**
 * Looks for records that may be the same person as one of these, and keeps each pair with its score (0–100) and reasons: same ID
 * number 100; same name and birth day 90; same sound and birth day 80; same phone 60; like sound and same birth day 50. A person decides.
 * The pair belongs to the smallest place that holds both, so that those who may see both are those who see the pair.
 */
export async function findDuplicates(room: Room, clientIds: readonly string[]): Promise<void> {
  if (clientIds.length === 0) return;
  await room.wholeCounty(async () => {
    const fresh = await known(room, sql`id = any(${clientIds}::uuid[])`);
    // Asked with lists, not row by row: while a table is just being filled the planner may read all of it, but then once.
    const like = [
      ...(await known(room, sql`born_on = any(${each(fresh, 'born_on')}::date[])`)),
      ...(await known(room, sql`phone_index = any(${each(fresh, 'phone_index')})`)),
      ...(await known(room, sql`id_number_index = any(${each(fresh, 'id_number_index')})`)),
    ];
    const pairs = pairsOf(fresh, [...new Map(like.map((one) => [one.id, one])).values()]);
    await room.insertRows(
      'registry.duplicate',
      pairs.map(({ score, reasons, of: [a, b] }) => ({
        county_code: room.county_code,
        client_id: a.id,
        other_id: b.id,
        place_code: commonPlace(a.place_code, b.place_code, room.county_code),
        score,
        reasons: [...reasons].sort(),
        status: 'open',
        seq: Math.max(a.seq, b.seq),
      })),
      'on conflict (county_code, client_id, other_id) do nothing',
    );
  });
}

async function known(room: Room, where: ReturnType<typeof sql>): Promise<Known[]> {
  const { rows } = await sql<Known>`
    select id, place_code, name, name_pinyin, sex, born_on, phone_index, id_number_index, seq from registry.client
     where county_code = ${room.county_code} and merged_into_id is null and ${where}`.execute(room.db);
  return rows;
}

const each = (clients: readonly Known[], field: 'born_on' | 'phone_index' | 'id_number_index') => [
  ...new Set(clients.map((client) => client[field]).filter((value) => value !== null)),
];

/** Every pair of a fresh record with another that has something in common, the smaller id first. */
function pairsOf(fresh: readonly Known[], all: readonly Known[]): Pair[] {
  const pairs = new Map<string, Pair>();
  const note = (one: Known, other: Known, score: number, reason: string) => {
    if (one.id === other.id) return;
    const of: [Known, Known] = one.id < other.id ? [one, other] : [other, one];
    const key = `${of[0].id} ${of[1].id}`;
    const pair = pairs.get(key) ?? { score, reasons: new Set(), of };
    pair.score = Math.max(pair.score, score);
    pair.reasons.add(reason);
    pairs.set(key, pair);
  };
  const by = (field: 'born_on' | 'phone_index' | 'id_number_index') => Map.groupBy(all, (one) => one[field]);
  const [byBirth, byPhone, byNumber] = [by('born_on'), by('phone_index'), by('id_number_index')];
  for (const one of fresh) {
    if (one.id_number_index) for (const other of byNumber.get(one.id_number_index) ?? []) note(one, other, 100, 'same_id_number');
    if (one.phone_index) for (const other of byPhone.get(one.phone_index) ?? []) note(one, other, 60, 'same_phone');
    for (const other of byBirth.get(one.born_on) ?? []) {
      if (other.sex !== one.sex) continue;
      if (other.name === one.name) note(one, other, 90, 'same_name_and_birth');
      else if (other.name_pinyin === one.name_pinyin) note(one, other, 80, 'same_sound_and_birth');
      else if (likeness(other.name_pinyin, one.name_pinyin) >= 0.6) note(one, other, 50, 'like_sound_and_birth');
    }
  }
  return [...pairs.values()];
}

/** Shared three-letter pieces of two sounds by all their pieces, 0–1: the similarity of PostgreSQL's pg_trgm. */
export function likeness(a: string, b: string): number {
  const [one, other] = [pieces(a), pieces(b)];
  const shared = [...one].filter((piece) => other.has(piece)).length;
  const all = one.size + other.size - shared;
  return all === 0 ? 0 : shared / all;
}

function pieces(sound: string): Set<string> {
  const padded = `  ${sound} `;
  return new Set(sound === '' ? [] : Array.from({ length: padded.length - 2 }, (_, at) => padded.slice(at, at + 3)));
}

/** The longest beginning two place codes share, or the county's code. */
export function commonPlace(a: string, b: string, county: string): string {
  let length = 0;
  while (length < a.length && a[length] === b[length]) length += 1;
  return length > county.length ? a.slice(0, length) : county;
}
