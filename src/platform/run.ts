import { sql } from 'kysely';
import { readAnswers, strayAnswers } from '../kit/form.ts';
import { isId } from '../kit/id.ts';
import { type Finding, Problem } from '../kit/problem.ts';
import { isWithin } from '../kit/scope.ts';
import type { Actor } from './access.ts';
import { alreadyIn, append, type Entry, keepPen, sealedFields, subjectKeys, takePen } from './journal.ts';
import { breathe, oneOfFew } from './pace.ts';
import { problemOfDatabase } from './problems.ts';
import { type Handler, type House, type Item, type Outcome, type Room, roomOf } from './room.ts';

/** The one door for writes: a list of commands in, what became of each out, in the same order. */
export async function run(house: House, actor: Actor, items: readonly Item[], now = new Date()): Promise<Outcome[]> {
  return (await prepareRun(house, actor, items, now))();
}

/** Reads and checks a list, and gives the way to do it: long imports read the next list while the last is being written. */
export async function prepareRun(house: House, actor: Actor, items: readonly Item[], now = new Date()): Promise<() => Promise<Outcome[]>> {
  const read = await readAll(house, actor, items, now);
  if (!read.some((one) => !(one instanceof Problem))) return async () => settled(items, read, new Map());
  const scope = { ...actor, ledger: true };
  return () =>
    oneOfFew(house.database, actor.county_code, () =>
      house.database.within(scope, (db) => workOn(house, roomOf(db, scope, house), items, read, { take: takePen, keep: keepPen })),
    );
}

/** Numbers beyond any journal: a rehearsal takes none from the pen, so that nobody waits for it. */
const beyond = 2 ** 52;

/** Lets `rehearsal` send batches that see each other, and undoes all of it at the end: what would be added, changed, refused. */
export async function rehearse<T>(house: House, actor: Actor, rehearsal: (prepare: Prepare) => Promise<T>, now = new Date()): Promise<T> {
  let seq = beyond;
  const numbers: Numbers = {
    async take(_, __, count) {
      seq += count;
      return { seq, hash: '' };
    },
    keep: async () => {},
  };
  let result: { value: T } | undefined;
  const undo = new Error('a rehearsal leaves nothing behind');
  const scope = { ...actor, ledger: true };
  const transaction = house.database.within(scope, async (db) => {
    await sql`set local statement_timeout = 0`.execute(db);
    const room = roomOf(db, scope, house);
    const prepare: Prepare = async (items) => {
      const read = await readAll(house, actor, items, now);
      return () => workOn(house, room, items, read, numbers);
    };
    result = { value: await rehearsal(prepare) };
    throw undo;
  });
  await transaction.catch((error) => {
    if (error !== undo) throw error;
  });
  return (result as { value: T }).value;
}

type Read = Entry | Problem;
interface Numbers {
  take: typeof takePen;
  keep: typeof keepPen;
}
export type Prepare = (items: readonly Item[]) => Promise<() => Promise<Outcome[]>>;

async function readAll(house: House, actor: Actor, items: readonly Item[], now: Date): Promise<Read[]> {
  const recorded_at = now.toISOString();
  const read: Read[] = [];
  for (const [index, item] of items.entries()) {
    if (index % 10 === 9) await breathe();
    read.push(await readItem(house, actor, item, recorded_at));
  }
  return read;
}

async function workOn(house: House, room: Room, items: readonly Item[], read: readonly Read[], numbers: Numbers): Promise<Outcome[]> {
  const entries = read.filter((one): one is Entry => !(one instanceof Problem));
  const repeated = new Map<Entry, number | undefined>();
  if (entries.length === 0) return settled(items, read, repeated);
  const ids = entries.map((entry) => entry.id);
  const pen = await numbers.take(room, room.county_code, entries.length);
  // Once the pen is held nobody else writes what is looked for.
  const known = await alreadyIn(room, room.county_code, ids);
  const fresh = numbered(entries, known, pen.seq, (entry, seq) => repeated.set(entry, seq));
  await sealAll(house, room, fresh);
  for (const group of consecutive(fresh)) await workSafely(house, room, group);
  const done = fresh.filter((entry) => entry.findings.length === 0);
  if (done.length > 0) await numbers.keep(room, room.county_code, await append(room, house.keys, commandNamed(house), done, pen.hash));
  return settled(items, read, repeated);
}

function settled(items: readonly Item[], read: readonly Read[], repeated: ReadonlyMap<Entry, number | undefined>): Outcome[] {
  return read.map((one, index) => {
    const { id } = items[index] as Item;
    if (one instanceof Problem) return { id, status: 'refused', problem: one.body() };
    if (repeated.has(one)) return { id, status: 'repeated', seq: repeated.get(one) };
    return one.findings.length > 0 ? { id, status: 'refused', problem: problemOf(one.findings).body() } : { id, status: 'done', seq: one.seq };
  });
}

async function readItem(house: House, actor: Actor, item: Item, recorded_at: string): Promise<Entry | Problem> {
  const handler = house.handlers.get(item.name);
  if (!actor.role.commands.includes(item.name)) return new Problem('forbidden', { field: item.name, rule: 'not_your_duty' });
  if (!handler) return new Problem('invalid', { field: 'name', rule: 'unknown_command', values: { value: item.name } });
  if (!isId(item.id)) return new Problem('invalid', { field: 'id', rule: 'not_an_id', values: { value: String(item.id).slice(0, 60) } });
  const { command } = handler;
  let { answers, findings } = readAnswers(command.form, item.input);
  if (findings.length === 0) findings = strayAnswers(command.form, answers);
  if (findings.length > 0) return new Problem('invalid', findings);
  if (handler.prepare) answers = (await handler.prepare(answers)) as typeof answers;
  const place_code = command.place(answers) ?? actor.place_code;
  if (!isWithin(place_code, actor.place_code)) return new Problem('forbidden', { field: 'place_code', rule: 'not_your_place' });
  if (actor.role.own && command.subject?.(answers) !== (actor.client_id ?? actor.account_id))
    return new Problem('forbidden', { field: 'client_id', rule: 'not_your_own' });
  if (command.own && !actor.role.own && command.own(answers) !== actor.account_id)
    return new Problem('forbidden', { field: 'account_id', rule: 'not_your_own' });
  return {
    county_code: actor.county_code,
    seq: 0,
    id: item.id,
    command: item.name,
    place_code,
    happened_on: command.happened_on(answers),
    actor_id: actor.account_id,
    recorded_at,
    input: answers,
    ...(command.form.sealed.some((field) => (answers as Record<string, unknown>)[field] !== undefined) ? {} : { text: JSON.stringify(answers) }),
    sealed: {},
    findings: [],
  };
}

/** Gives each new entry its number; entries that are in the journal, or stand twice in this batch, are told to `repeat`. */
function numbered(
  entries: readonly Entry[],
  known: ReadonlyMap<string, number>,
  last: number,
  repeat: (entry: Entry, seq: number | undefined) => void,
): Entry[] {
  const seen = new Set<string>();
  const fresh: Entry[] = [];
  for (const entry of entries) {
    if (known.has(entry.id) || seen.has(entry.id)) repeat(entry, known.get(entry.id));
    else {
      seen.add(entry.id);
      fresh.push(entry);
    }
  }
  let seq = last - entries.length;
  for (const entry of fresh) {
    seq += 1;
    entry.seq = seq;
  }
  return fresh;
}

export const commandNamed = (house: Pick<House, 'handlers'>) => (name: string) => (house.handlers.get(name) as Handler).command;

async function sealAll(house: House, room: Room, entries: readonly Entry[]): Promise<void> {
  const wanting = entries.flatMap((entry) => {
    const { command } = house.handlers.get(entry.command) as Handler;
    if (!command.subject || !command.form.sealed.some((field) => entry.input[field] !== undefined)) return [];
    return [{ entry, command, subject: command.subject(entry.input as never) }];
  });
  const keys = await subjectKeys(room, house.keys, room.county_code, [...new Set(wanting.map((one) => one.subject))]);
  for (const { entry, command, subject } of wanting) {
    const key = keys.get(subject);
    if (key) entry.sealed = sealedFields(command, entry.input, subject, key);
    else entry.findings = [{ field: 'client_id', rule: 'erased' }];
  }
}

/** Runs the handler and its listeners on the entries; when the database refuses, halves the list until the one at fault stands alone. */
export async function workSafely(house: House, room: Room, entries: readonly Entry[]): Promise<void> {
  const open = entries.filter((entry) => entry.findings.length === 0);
  const [first] = open;
  if (!first) return;
  await sql`savepoint group_of_entries`.execute(room.db);
  try {
    await (house.handlers.get(first.command) as Handler).work(room, open);
    const lawful = open.filter((entry) => entry.findings.length === 0);
    for (const listener of house.listeners) if (listener.hears === first.command && lawful.length > 0) await listener.work(room, lawful);
    await sql`release savepoint group_of_entries`.execute(room.db);
  } catch (error) {
    const problem = problemOfDatabase(error);
    if (!problem) throw error;
    await sql`rollback to savepoint group_of_entries`.execute(room.db);
    if (open.length === 1) {
      first.findings = problem.findings.length > 0 ? [...problem.findings] : [{ field: '', rule: problem.code }];
      return;
    }
    for (const entry of open) entry.findings = [];
    const half = Math.ceil(open.length / 2);
    await workSafely(house, room, open.slice(0, half));
    await workSafely(house, room, open.slice(half));
  }
}

/** Runs of neighbours with the same command, so that what was sent first happens first. */
export function consecutive(entries: readonly Entry[]): Entry[][] {
  const groups: Entry[][] = [];
  for (const entry of entries) {
    const group = groups.at(-1);
    if (group?.[0]?.command === entry.command) group.push(entry);
    else groups.push([entry]);
  }
  return groups;
}

/** Findings about something that moved on are a conflict; about something not there, missing; the rest is refused by a rule. */
function problemOf(findings: readonly Finding[]): Problem {
  const rule = findings[0]?.rule;
  return new Problem(rule === 'changed_meanwhile' ? 'conflict' : rule === 'not_found' ? 'missing' : 'refused', findings);
}
