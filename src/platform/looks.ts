import { sql } from 'kysely';
import type { Actor } from './access.ts';
import type { Keys } from './config.ts';
import type { Database, Db } from './database.ts';
import { partsOf } from './journal.ts';
import { link } from './seal.ts';

/** What was done with people's records: opened, searched, given out, carried away on a phone, opened in an emergency, refused. */
export type LookAction = 'read' | 'search' | 'export' | 'pull' | 'glass' | 'refused' | 'sign_in';

export interface Look {
  action: LookAction;
  /** The question's name. */
  what: string;
  client_ids: readonly string[];
  /** Why, or how many: never a name. */
  detail?: string;
}

interface LookRow {
  n: number;
  at: string;
  account_id: string | null;
  session_id: string | null;
  duty: string;
  place_code: string;
  action: string;
  what: string;
  client_ids: string[];
  detail: string;
  hash: string;
}

/** Writes down who looked, chained to the look before; until it is written nothing is shown [R7]. */
export function noteLook(database: Database, keys: Keys, actor: Actor, look: Look, now = new Date()): Promise<void> {
  const row = {
    at: now.toISOString(),
    account_id: actor.account_id,
    session_id: actor.session_id ?? null,
    duty: actor.role.name,
    place_code: actor.place_code,
    action: look.action,
    what: look.what,
    client_ids: [...new Set(look.client_ids)],
    detail: look.detail ?? '',
  };
  const line = lineOf(database, actor.county_code);
  const noted = new Promise<void>((done, fail) => line.waiting.push({ row, done, fail }));
  if (!line.isWriting) void writeLooks(database, keys, actor.county_code, line);
  return noted;
}

interface WaitingLook {
  row: Omit<LookRow, 'hash' | 'n'>;
  done: () => void;
  fail: (error: unknown) => void;
}
interface LookLine {
  waiting: WaitingLook[];
  isWriting: boolean;
}

const lines = new WeakMap<Database, Map<string, LookLine>>();

function lineOf(database: Database, county: string): LookLine {
  const ofHouse = lines.get(database) ?? new Map<string, LookLine>();
  lines.set(database, ofHouse);
  const line = ofHouse.get(county) ?? { waiting: [], isWriting: false };
  ofHouse.set(county, line);
  return line;
}

/** All looks that came while the last ones were being written go down together: many phones at once wait for one write to the disk, not for each other's. */
async function writeLooks(database: Database, keys: Keys, county_code: string, line: LookLine): Promise<void> {
  line.isWriting = true;
  while (line.waiting.length > 0) {
    const some = line.waiting.splice(0, 500);
    try {
      await database.write({ county_code, place_code: county_code }, async ({ db, insertRows }) => {
        let { n, hash } = await chainEnd(db, county_code);
        const rows = some.map(({ row }) => {
          n += 1;
          hash = link(keys, hash, lookParts({ ...row, n }));
          return { county_code, ...row, n, hash };
        });
        await insertRows('access.look', rows as never);
        await sql`update access.look_chain set n = ${n}, hash = ${hash} where county_code = ${county_code}`.execute(db);
      });
      for (const { done } of some) done();
    } catch (error) {
      for (const { fail } of some) fail(error);
    }
  }
  line.isWriting = false;
}

async function chainEnd(db: Db, county: string): Promise<{ n: number; hash: string }> {
  const { rows } = await sql<{ n: number; hash: string }>`select n, hash from access.look_chain where county_code = ${county} for update`.execute(db);
  if (rows[0]) return rows[0];
  await sql`insert into access.look_chain (county_code, n, hash) values (${county}, 0, '') on conflict (county_code) do nothing`.execute(db);
  return chainEnd(db, county);
}

const lookParts = (row: Omit<LookRow, 'hash'>): string[] => [
  String(row.n),
  row.at,
  row.account_id ?? '',
  row.session_id ?? '',
  row.duty,
  row.place_code,
  row.action,
  row.what,
  row.client_ids.join(','),
  row.detail,
];

/** The last numbers and hashes of a day: printed or sent out, they hold what came before them fast. */
export interface Anchor {
  day: string;
  look_n: number;
  look_hash: string;
  journal_seq: number;
  journal_hash: string;
}

/** Keeps the day's anchor and gives it; a day has one, the first. */
export async function makeAnchor(database: Database, county: string, day: string, now = new Date()): Promise<Anchor> {
  return database.write({ county_code: county, place_code: county, ledger: true }, async ({ db }) => {
    await sql`insert into access.anchor (county_code, day, look_n, look_hash, journal_seq, journal_hash, made_at)
      select ${county}, ${day}::date, coalesce(l.n, 0), coalesce(l.hash, ''), coalesce(e.seq, 0), coalesce(e.hash, ''), ${now.toISOString()}::timestamptz
        from (select 1) one
        left join access.look_chain l on l.county_code = ${county}
        left join lateral (select seq, hash from journal.entry where county_code = ${county} order by seq desc limit 1) e on true
      on conflict (county_code, day) do nothing`.execute(db);
    return (await anchorsOf(db, county)).find((anchor) => anchor.day === day) as Anchor;
  });
}

export async function anchorsOf(db: Db, county: string): Promise<Anchor[]> {
  return db
    .selectFrom('access.anchor')
    .select(['day', 'look_n', 'look_hash', 'journal_seq', 'journal_hash'])
    .where('county_code', '=', county)
    .orderBy('day')
    .execute();
}

/** Where a chain is broken: the row, and in what way. */
export interface Break {
  chain: 'journal' | 'looks' | 'anchor';
  at: number;
  kind: 'changed' | 'changed_or_one_before_removed' | 'missing' | 'out_of_order' | 'cut_off' | 'anchor_differs';
}

/**
 * Recomputes both chains from the first link and holds them against the anchors (kept and brought from outside): gives every break it can
 * locate, and how much was verified. A row that was changed, removed, put in another order or cut off at the end is found.
 */
export async function verifyChains(
  database: Database,
  keys: Keys,
  county: string,
  outside: readonly Anchor[] = [],
): Promise<{ breaks: Break[]; entries: number; looks: number }> {
  const breaks: Break[] = [];
  const scope = { county_code: county, place_code: county, ledger: true };
  const anchors = [...(await database.read(scope, (db) => anchorsOf(db, county))), ...outside];
  const journalAt = new Map(anchors.map((anchor) => [anchor.journal_seq, anchor.journal_hash]));
  const looksAt = new Map(anchors.map((anchor) => [anchor.look_n, anchor.look_hash]));
  const journal = await verifyJournal(database, keys, county, journalAt, breaks);
  const looks = await verifyLooks(database, keys, county, looksAt, breaks);
  for (const { journal_seq, look_n } of anchors) {
    if (journal_seq > journal.last) breaks.push({ chain: 'anchor', at: journal_seq, kind: 'cut_off' });
    if (look_n > looks.last) breaks.push({ chain: 'anchor', at: look_n, kind: 'cut_off' });
  }
  return { breaks, entries: journal.count, looks: looks.count };
}

type JournalRow = Parameters<typeof partsOf>[0] & { text: string; hash: string };

async function verifyJournal(database: Database, keys: Keys, county: string, anchored: ReadonlyMap<number, string>, breaks: Break[]) {
  const scope = { county_code: county, place_code: county, ledger: true };
  const pen = await database.read(scope, (db) => db.selectFrom('journal.pen').selectAll().where('county_code', '=', county).executeTakeFirst());
  let [last, count, before] = [pen?.chained_from ?? 0, 0, ''];
  for (;;) {
    const { rows } = await database.read(scope, (db) =>
      sql<JournalRow>`select seq, id, command, place_code, happened_on, actor_id, recorded_at, input::text as text, hash from journal.entry
        where county_code = ${county} and seq > ${last} order by seq limit 5000`.execute(db),
    );
    if (rows.length === 0) break;
    for (const row of rows) {
      const { text, hash, ...entry } = row;
      const whole = link(keys, before, partsOf(entry as never, text)) === hash;
      const anchor = anchored.get(row.seq);
      // The next link is checked against what this row says of itself, so that one break is told once and where it is.
      if (!whole) breaks.push({ chain: 'journal', at: row.seq, kind: 'changed_or_one_before_removed' });
      else if (anchor !== undefined && anchor !== hash) breaks.push({ chain: 'anchor', at: row.seq, kind: 'anchor_differs' });
      before = hash;
      last = row.seq;
      count += 1;
    }
  }
  if (pen && pen.hash !== before) breaks.push({ chain: 'journal', at: last, kind: 'cut_off' });
  return { last, count };
}

async function verifyLooks(database: Database, keys: Keys, county: string, anchored: ReadonlyMap<number, string>, breaks: Break[]) {
  const scope = { county_code: county, place_code: county, ledger: true };
  const end = await database.read(scope, (db) => db.selectFrom('access.look_chain').selectAll().where('county_code', '=', county).executeTakeFirst());
  let [last, count, before] = [0, 0, ''];
  for (;;) {
    const rows = await database.read(scope, (db) =>
      db.selectFrom('access.look').selectAll().where('county_code', '=', county).where('n', '>', last).orderBy('n').limit(5000).execute(),
    );
    if (rows.length === 0) break;
    for (const row of rows) {
      if (row.n !== last + 1) breaks.push({ chain: 'looks', at: last + 1, kind: 'missing' });
      else if (link(keys, before, lookParts(row as LookRow)) !== row.hash) breaks.push({ chain: 'looks', at: row.n, kind: 'changed' });
      const anchor = anchored.get(row.n);
      if (anchor !== undefined && anchor !== row.hash) breaks.push({ chain: 'anchor', at: row.n, kind: 'anchor_differs' });
      before = row.hash;
      last = row.n;
      count += 1;
    }
  }
  if (end && (end.n !== last || end.hash !== before)) breaks.push({ chain: 'looks', at: last, kind: 'cut_off' });
  return { last, count };
}
