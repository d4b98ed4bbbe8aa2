import type { KeyObject } from 'node:crypto';
import { sql } from 'kysely';
import type { Command } from '../kit/command.ts';
import type { Day } from '../kit/day.ts';
import type { Finding } from '../kit/problem.ts';
import type { Keys } from './config.ts';
import type { Db, Tx } from './database.ts';
import { JsonText } from './rows.ts';
import { link, seal, subjectKey, unseal, wrappedKey } from './seal.ts';

/** One thing that happened, as its handler sees it: numbered, timed, and with the sealed form of what identifies a client. */
export interface Entry<I = Record<string, unknown>> {
  county_code: string;
  seq: number;
  id: string;
  command: string;
  place_code: string;
  happened_on: Day | undefined;
  actor_id: string;
  recorded_at: string;
  input: I;
  /** Field → sealed text, for the sealed fields that were answered. */
  sealed: Record<string, string>;
  findings: Finding[];
  /** The input as the journal holds it, when it comes from there. */
  stored?: string;
  /** The input as the journal will hold it, written out before the pen is taken: whoever holds the pen keeps others waiting. */
  text?: string;
  /** Replayed without the key of whom it concerns: what was sealed is gone, and rules that need it were kept when it happened. */
  is_shut?: boolean;
}

/** Where the county's journal stands: its last number and the hash of its last entry. */
export interface Pen {
  seq: number;
  hash: string;
}

/** Takes `count` numbers from the county's pen and gives where it stands then; holds the pen until the transaction ends, so numbers commit in order. */
export async function takePen(tx: Tx, county: string, count: number): Promise<Pen> {
  const { rows } = await sql<Pen>`update journal.pen set seq = seq + ${count} where county_code = ${county} returning seq, hash`.execute(tx.db);
  if (rows[0]) return rows[0];
  await sql`insert into journal.pen (county_code, seq) values (${county}, 0) on conflict (county_code) do nothing`.execute(tx.db);
  return takePen(tx, county, count);
}

/** Puts the pen down after the entries written under it. */
export async function keepPen(tx: Tx, county: string, hash: string): Promise<void> {
  await sql`update journal.pen set hash = ${hash} where county_code = ${county}`.execute(tx.db);
}

/** Which of these entries the journal holds already, with their numbers. */
export async function alreadyIn(tx: Tx, county: string, ids: readonly string[]): Promise<Map<string, number>> {
  const { rows } = await sql<{ id: string; seq: number }>`select id, seq from journal.entry where county_code = ${county} and id = any(${ids}::uuid[])`.execute(
    tx.db,
  );
  return new Map(rows.map((row) => [row.id, row.seq]));
}

/** Writes the entries, what identifies a client sealed, each chained to the one before; gives the last hash. */
export async function append(tx: Tx, keys: Keys, commands: (name: string) => Command, entries: readonly Entry[], before: string): Promise<string> {
  let last = before;
  const rows = entries.map(({ sealed, findings, input, stored, text, is_shut, ...entry }) => {
    const kept = stored ?? (hasAny(sealed) ? JSON.stringify({ ...input, ...marked(commands(entry.command), input, sealed) }) : (text ?? JSON.stringify(input)));
    last = link(keys, last, partsOf(entry, kept));
    return { ...entry, input: new JsonText(kept), hash: last };
  });
  await tx.insertRows('journal.entry', rows as never);
  return last;
}

/** What the hash of an entry is taken over. */
export function partsOf(
  entry: Omit<Entry, 'input' | 'sealed' | 'findings' | 'happened_on'> & { happened_on?: Day | null | undefined },
  input: string,
): string[] {
  const { seq, id, command, place_code, happened_on, actor_id, recorded_at } = entry;
  return [String(seq), id, command, place_code, happened_on ?? '', actor_id, recorded_at, input];
}

/** The clients' own keys; a client met for the first time gets one. A destroyed key is missing from the answer. */
export async function subjectKeys(tx: Tx, keys: Keys, county: string, subjects: readonly string[]): Promise<Map<string, KeyObject>> {
  if (subjects.length === 0) return new Map();
  const found = await keptKeys(tx.db, county, subjects);
  const fresh = subjects.filter((id) => !found.has(id)).map((subject_id) => ({ county_code: county, subject_id, salt: wrappedKey(keys, subject_id) }));
  if (fresh.length > 0) {
    await tx.insertRows('journal.subject_key', fresh.map((row) => ({ ...row, salt: `\\x${row.salt.toString('hex')}` })) as never);
    for (const row of fresh) found.set(row.subject_id, row.salt);
  }
  return new Map([...found].flatMap(([id, kept]) => (kept ? [[id, subjectKey(keys, id, kept)] as const] : [])));
}

/** A client's own key, for reading what is sealed in tables; undefined when it was destroyed. */
export async function subjectKeyOf(db: Db, keys: Keys, county: string, subject: string): Promise<KeyObject | undefined> {
  const kept = (await keptKeys(db, county, [subject])).get(subject);
  return kept ? subjectKey(keys, subject, kept) : undefined;
}

async function keptKeys(db: Db, county: string, subjects: readonly string[]): Promise<Map<string, Buffer | null>> {
  const { rows } = await sql<{ subject_id: string; salt: Buffer | null }>`
    select subject_id, salt from journal.subject_key where county_code = ${county} and subject_id = any(${subjects}::uuid[])`.execute(db);
  return new Map(rows.map((row) => [row.subject_id, row.salt]));
}

/** Destroys clients' keys for good: what was sealed with them, in the journal, in tables and in every backup made from now on, stays shut. */
export async function destroyKeys(tx: Tx, county: string, subjects: readonly string[], at: string): Promise<void> {
  await sql`update journal.subject_key set salt = null, destroyed_at = ${at}::timestamptz where county_code = ${county} and subject_id = any(${subjects}::uuid[])`.execute(
    tx.db,
  );
}

/** The sealed form of every sealed field that was answered. */
export function sealedFields(command: Command, input: Record<string, unknown>, subject: string, key: KeyObject): Record<string, string> {
  const sealed: Record<string, string> = {};
  for (const field of command.form.sealed) {
    if (input[field] !== undefined) sealed[field] = seal(key, `${field}:${subject}`, String(input[field]));
  }
  return sealed;
}

/** An entry's input opened again with the client's key; without the key the sealed fields stay away: they are gone for good. Of a day its year is left. */
export function opened(stored: Record<string, unknown>, subject: string | undefined, key: KeyObject | undefined) {
  const input: Record<string, unknown> = {};
  const sealed: Record<string, string> = {};
  for (const [field, value] of Object.entries(stored)) {
    const held = value as { sealed?: string; year?: string } | null;
    if (typeof held?.sealed !== 'string') input[field] = value;
    else if (key) {
      sealed[field] = held.sealed;
      input[field] = unseal(key, `${field}:${subject}`, held.sealed);
    } else if (held.year) input[field] = `${held.year}-01-01`;
  }
  return { input, sealed };
}

function marked({ form }: Command, input: Record<string, unknown>, sealed: Record<string, string>): Record<string, { sealed: string; year?: string }> {
  return Object.fromEntries(
    Object.entries(sealed).map(([field, token]) => [
      field,
      { sealed: token, ...(form.asks[field]?.kind === 'day' ? { year: String(input[field]).slice(0, 4) } : {}) },
    ]),
  );
}

function hasAny(record: object): boolean {
  for (const _ in record) return true;
  return false;
}
