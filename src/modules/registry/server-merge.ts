import { sql } from 'kysely';
import { dayOf } from '../../kit/day.ts';
import type { Answers } from '../../kit/form.ts';
import { idWithin } from '../../kit/id.ts';
import { type Entry, subjectKeyOf } from '../../platform/journal.ts';
import { type Room, refuseEach } from '../../platform/room.ts';
import { blindIndex, unseal } from '../../platform/seal.ts';
import { type AmendedField, type amendClient, amendedFields, type ClientAnswers, checkClient, type decideConflict, mergeRules } from './client.ts';
import { nameKeys, plainPhone } from './name-keys.ts';
import { leave } from './server-shut.ts';

type Amendment = Answers<typeof amendClient.form>;
type ClientRow = Awaited<ReturnType<typeof clientsById>> extends Map<string, infer R> ? R : never;

/** Amends clients; several amendments of one client one after the other, since the second must see the first. */
export async function amendAll(room: Room, entries: readonly Entry<Amendment>[]): Promise<void> {
  let left = [...entries];
  while (left.length > 0) {
    const seen = new Set<string>();
    const round = left.filter(({ input }) => !seen.has(input.client_id) && seen.add(input.client_id));
    await amendRound(room, round);
    left = left.filter((entry) => !round.includes(entry));
  }
}

async function amendRound(room: Room, entries: readonly Entry<Amendment>[]): Promise<void> {
  const before = await clientsById(
    room,
    entries.map(({ input }) => input.client_id),
  );
  const lawful = refuseEach(entries, ({ input, stored }) => {
    const row = before.get(input.client_id);
    if (!row) return [{ field: 'client_id', rule: 'not_found' }];
    // What is said of a record that stands under another now would be seen by nobody.
    if (row.merged_into_id && stored === undefined) return [{ field: 'client_id', rule: 'merged_already' }];
    if (row.version < input.version) return [{ field: 'version', rule: 'changed_meanwhile', values: { value: row.version } }];
    return checkClient({ born_on: row.born_on, contacted_on: row.contacted_on, sex: row.sex as 'male' | 'female', ...input });
  });
  const others = await changedByOthers(room, lawful, before);
  const merged = lawful.map((entry) => {
    const row = before.get(entry.input.client_id) as ClientRow;
    return { entry, row, ...mergeFields(room, entry, row, others.get(entry) ?? new Set()) };
  });
  await room.insertRows(
    'registry.client_before',
    merged.map(({ entry, row, taken }) => ({
      county_code: room.county_code,
      seq: entry.seq,
      id: row.id,
      version: row.version,
      place_code: row.place_code,
      row: withoutNames(row),
      changed: taken,
      entry_id: entry.id,
    })),
  );
  await room.insertRows(
    'registry.conflict',
    merged.flatMap(({ conflicts }) => conflicts),
  );
  for (const { entry, row, taken } of merged) await write(room, entry, row, taken);
}

/** The fields that others changed after the version an amendment was made on; its maker's own earlier amendments, which it stands on, aside. */
async function changedByOthers(
  room: Room,
  entries: readonly Entry<Amendment>[],
  before: ReadonlyMap<string, ClientRow>,
): Promise<Map<Entry<Amendment>, Set<string>>> {
  const stale = entries.filter(({ input }) => (before.get(input.client_id) as ClientRow).version > input.version);
  if (stale.length === 0) return new Map();
  const { rows } = await sql<{ id: string; version: number; changed: string[]; entry_id: string | null }>`
    select id, version, changed, entry_id from registry.client_before where county_code = ${room.county_code} and id = any(${stale.map(({ input }) => input.client_id)}::uuid[])`.execute(
    room.db,
  );
  return new Map(
    stale.map((entry) => {
      const { client_id, version, seen } = entry.input;
      const own = new Set(seen?.split(' '));
      const later = rows.filter((row) => row.id === client_id && row.version >= version && !own.has(row.entry_id ?? ''));
      return [entry, new Set(later.flatMap((row) => row.changed))];
    }),
  );
}

/**
 * What of an amendment is taken: all that nobody else has changed meanwhile. Where two people gave one field two values both are kept:
 * contact details follow the one that came last, everything else waits for a person to decide; a no to being followed up holds until then.
 */
function mergeFields(room: Room, entry: Entry<Amendment>, row: ClientRow, others: ReadonlySet<string>) {
  const { county_code, seq, id, input, sealed, actor_id, recorded_at } = entry;
  const taken: AmendedField[] = [];
  const conflicts: object[] = [];
  for (const [index, field] of amendedFields.entries()) {
    if (input[field] === undefined) continue;
    if (!others.has(field)) taken.push(field);
    else if (!isSame(room, field, input[field], row)) {
      const isLatest = mergeRules[field] === 'latest';
      const isNo = field === 'follow_up_consented' && input[field] === false;
      if (isLatest || isNo) taken.push(field);
      const kept = isLatest || isNo ? standing(field, row) : sealed[field] ? { value_sealed: sealed[field] } : { value: String(input[field]) };
      const whose = { client_id: row.id, place_code: row.place_code, made_by: actor_id, made_at: recorded_at };
      conflicts.push({ county_code, seq, id: idWithin(id, index + 1), ...whose, field, ...kept, status: isLatest ? 'merged' : 'open' });
    }
  }
  return { taken, conflicts: conflicts as { county_code: string; seq: number }[] };
}

const indexed = { phone: plainPhone, id_number: (typed: string) => typed.toUpperCase() } as const;

function isSame(room: Room, field: AmendedField, value: unknown, row: ClientRow): boolean {
  if (field === 'phone' || field === 'id_number') {
    const stands = row[`${field}_index`];
    return Boolean(stands) && stands === blindIndex(room.keys, field, indexed[field](String(value)));
  }
  return row[field] === value;
}

/** The value that gives way, as it stood. */
const standing = (field: AmendedField, row: ClientRow) =>
  field === 'phone' || field === 'id_number' || field === 'name' || field === 'born_on'
    ? { value_sealed: row[`${field}_sealed`] }
    : { value: String(row[field]) };

async function write(room: Room, entry: Entry<Amendment>, row: ClientRow, taken: readonly AmendedField[]): Promise<void> {
  const answers = Object.fromEntries(taken.map((field) => [field, entry.input[field]])) as Partial<Amendment>;
  const { name, phone, id_number, ...rest } = answers;
  const changed = identity(room, { ...entry, input: answers } as never);
  const said = rest.follow_up_consented;
  await room.updateRows(
    'registry.client',
    ['id'],
    [
      {
        county_code: room.county_code,
        seq: entry.seq,
        id: row.id,
        version: row.version + 1,
        ...rest,
        ...changed,
        ...agreed(row, said),
        ...(said === false ? { follow_up_refused_on: dayOf(entry.recorded_at) } : {}),
      },
    ],
  );
  if (!rest.place_code || rest.place_code === row.place_code) return;
  await leave(room, [{ seq: entry.seq, client_id: row.id, place_code: row.place_code, reason: 'moved' }]);
  await sql`update registry.conflict set place_code = ${rest.place_code}, seq = ${entry.seq} where county_code = ${room.county_code} and client_id = ${row.id}`.execute(
    room.db,
  );
}

/** A person decides between two values: the one that stands, or the one that was kept beside it. */
export async function decideAll(room: Room, entries: readonly Entry<Answers<typeof decideConflict.form>>[]): Promise<void> {
  for (const entry of entries) {
    const { conflict_id, client_id, keep } = entry.input;
    const conflict = await room.db
      .selectFrom('registry.conflict')
      .selectAll()
      .where('county_code', '=', room.county_code)
      .where('id', '=', conflict_id)
      .where('client_id', '=', client_id)
      .executeTakeFirst();
    const row = (await clientsById(room, [client_id])).get(client_id);
    // Replayed after she was erased, what was to be decided is gone.
    const missing = entry.stored === undefined ? [{ field: 'conflict_id', rule: 'not_found' }] : [];
    entry.findings = !conflict || !row ? missing : conflict.status === 'open' ? [] : [{ field: 'conflict_id', rule: 'decided_already' }];
    if (!conflict || !row || entry.findings.length > 0) continue;
    const { seq, actor_id } = entry;
    await room.updateRows('registry.conflict', ['id'], [{ county_code: room.county_code, seq, id: conflict_id, status: 'decided', decided_by: actor_id }]);
    if (keep === 'standing') continue;
    const field = conflict.field as AmendedField;
    const key = conflict.value_sealed ? await subjectKeyOf(room.db, room.keys, room.county_code, client_id) : undefined;
    const text = key && conflict.value_sealed ? unseal(key, `${field}:${client_id}`, conflict.value_sealed) : conflict.value;
    const value = field === 'follow_up_consented' ? text === 'true' : text;
    const sealed = conflict.value_sealed ? { [field]: conflict.value_sealed } : {};
    const input = { client_id, version: row.version, [field]: value } as Amendment;
    await room.insertRows('registry.client_before', [
      {
        county_code: room.county_code,
        seq,
        id: row.id,
        version: row.version,
        place_code: row.place_code,
        row: withoutNames(row),
        changed: [field],
        entry_id: entry.id,
      },
    ]);
    await write(room, { ...entry, input, sealed } as unknown as Entry<Amendment>, row, [field]);
  }
}

/** Clients of the actor's place by identifier, as they stand. */
export async function clientsById(room: Room, ids: string[]) {
  const rows = await room.db.selectFrom('registry.client').selectAll().where('county_code', '=', room.county_code).where('id', 'in', ids).execute();
  return new Map(rows.map((row) => [row.id, row]));
}

/** The columns that say who she is. After a lawful deletion the journal no longer knows them, and they come out empty. */
export function identity(room: Room, { input, sealed }: Entry<ClientAnswers>) {
  const { name, phone, id_number, born_on, record_number } = input;
  return {
    ...(name === undefined ? {} : { name, ...nameKeys(name), name_sealed: sealed['name'] ?? null }),
    ...(born_on === undefined ? {} : { born_on_sealed: sealed['born_on'] ?? null }),
    ...(record_number === undefined ? {} : { record_number_sealed: sealed['record_number'] ?? null }),
    ...(phone === undefined ? {} : { phone_sealed: sealed['phone'] ?? null, phone_index: blindIndex(room.keys, 'phone', plainPhone(phone)) }),
    ...(id_number === undefined
      ? {}
      : { id_number_sealed: sealed['id_number'] ?? null, id_number_index: blindIndex(room.keys, 'id_number', id_number.toUpperCase()) }),
  };
}

/** The row as it was, without what names her: an old name would outlive a deletion here. */
function withoutNames(row: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(row).filter(([column]) => !/^(name|phone|id_number|born_on|record_number)/.test(column)));
}

/** What she agreed to after an answer about being followed up. */
const agreed = ({ purposes }: { purposes: string[] }, followUp: boolean | undefined) =>
  followUp === undefined ? {} : { purposes: [...purposes.filter((one) => one !== 'follow_up'), ...(followUp ? ['follow_up'] : [])].sort() };
