import { randomBytes } from 'node:crypto';
import { sql } from 'kysely';
import type { Command } from '../kit/command.ts';
import type { Day } from '../kit/day.ts';
import type { Finding } from '../kit/problem.ts';
import type { Keys } from './config.ts';
import type { Tx } from './database.ts';
import { seal, subjectKey, unseal } from './seal.ts';

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
}

/** Takes `count` numbers from the county's pen and gives the last; holds the pen until the transaction ends, so numbers commit in order. */
export async function takePen(tx: Tx, county: string, count: number): Promise<number> {
  const { rows } = await sql<{ seq: number }>`update journal.pen set seq = seq + ${count} where county_code = ${county} returning seq`.execute(tx.db);
  if (rows[0]) return rows[0].seq;
  await sql`insert into journal.pen (county_code, seq) values (${county}, 0) on conflict (county_code) do nothing`.execute(tx.db);
  return takePen(tx, county, count);
}

/** Which of these entries the journal holds already, with their numbers. */
export async function alreadyIn(tx: Tx, county: string, ids: readonly string[]): Promise<Map<string, number>> {
  const { rows } = await sql<{ id: string; seq: number }>`select id, seq from journal.entry where county_code = ${county} and id = any(${ids}::uuid[])`.execute(
    tx.db,
  );
  return new Map(rows.map((row) => [row.id, row.seq]));
}

/** Writes the entries; what identifies a client goes in sealed. */
export async function append(tx: Tx, entries: readonly Entry[]): Promise<void> {
  await tx.insertRows(
    'journal.entry',
    entries.map(({ sealed, findings, input, ...entry }) => ({ ...entry, input: hasAny(sealed) ? { ...input, ...marked(sealed) } : input })),
  );
}

/** The clients' own keys; a client met for the first time gets one. A destroyed key is missing from the answer. */
export async function subjectKeys(tx: Tx, keys: Keys, county: string, subjects: readonly string[]): Promise<Map<string, Buffer>> {
  if (subjects.length === 0) return new Map();
  const { rows } = await sql<{ subject_id: string; salt: Buffer | null }>`
    select subject_id, salt from journal.subject_key where county_code = ${county} and subject_id = any(${subjects}::uuid[])`.execute(tx.db);
  const found = new Map(rows.map((row) => [row.subject_id, row.salt]));
  const fresh = subjects.filter((id) => !found.has(id)).map((subject_id) => ({ county_code: county, subject_id, salt: randomBytes(32) }));
  if (fresh.length > 0) {
    await sql`insert into journal.subject_key (county_code, subject_id, salt)
      select ${county}, s.id, decode(s.salt, 'hex') from unnest(${fresh.map((row) => row.subject_id)}::uuid[], ${fresh.map((row) => row.salt.toString('hex'))}::text[]) as s(id, salt)`.execute(
      tx.db,
    );
    for (const row of fresh) found.set(row.subject_id, row.salt);
  }
  return new Map([...found].flatMap(([id, salt]) => (salt ? [[id, subjectKey(keys, id, salt)] as const] : [])));
}

/** The sealed form of every sealed field that was answered. */
export function sealedFields(command: Command, input: Record<string, unknown>, subject: string, key: Buffer): Record<string, string> {
  const sealed: Record<string, string> = {};
  for (const field of command.form.sealed) {
    if (input[field] !== undefined) sealed[field] = seal(key, `${field}:${subject}`, String(input[field]));
  }
  return sealed;
}

/** An entry's input opened again with the client's key; without the key the sealed fields stay away: they are gone for good. */
export function opened(stored: Record<string, unknown>, subject: string | undefined, key: Buffer | undefined) {
  const input: Record<string, unknown> = {};
  const sealed: Record<string, string> = {};
  for (const [field, value] of Object.entries(stored)) {
    const token = (value as { sealed?: string } | null)?.sealed;
    if (typeof token !== 'string') input[field] = value;
    else if (key) {
      sealed[field] = token;
      input[field] = unseal(key, `${field}:${subject}`, token);
    }
  }
  return { input, sealed };
}

function marked(sealed: Record<string, string>): Record<string, { sealed: string }> {
  return Object.fromEntries(Object.entries(sealed).map(([field, token]) => [field, { sealed: token }]));
}

function hasAny(record: object): boolean {
  for (const _ in record) return true;
  return false;
}
