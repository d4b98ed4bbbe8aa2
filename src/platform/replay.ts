import { sql } from 'kysely';
import type { Scope } from './database.ts';
import { append, type Entry, keepPen, opened, subjectKeys } from './journal.ts';
import { type Handler, type House, type Room, roomOf } from './room.ts';
import { commandNamed, consecutive, workSafely } from './run.ts';

const batch = 1000;

/** Rebuilds every table of a county in an empty house from another house's journal; gives the number of entries. The keys are shared. */
export async function replay(from: House, into: House, county: string, progress: (done: number) => void = () => {}): Promise<number> {
  const scope: Scope = { county_code: county, place_code: county, people: true, ledger: true };
  await copyKeys(from, into, scope);
  let after = 0;
  let done = 0;
  let hash = '';
  for (;;) {
    const rows = await from.database.read(scope, (db) =>
      db
        .selectFrom('journal.entry')
        .select(['county_code', 'seq', 'id', 'command', 'place_code', 'happened_on', 'actor_id', 'recorded_at', sql<string>`input::text`.as('stored')])
        .where('county_code', '=', county)
        .where('seq', '>', after)
        .orderBy('seq')
        .limit(batch)
        .execute(),
    );
    const last = rows.at(-1);
    if (!last) return done;
    await into.database.within(scope, async (db) => {
      const room = roomOf(db, scope, into);
      const entries = await openAll(into, room, rows);
      for (const group of consecutive(entries)) await workSafely(into, room, group);
      const broken = entries.find((entry) => entry.findings.length > 0);
      if (broken) throw new Error(`entry ${broken.seq} (${broken.command}) does not replay: ${JSON.stringify(broken.findings)}`);
      hash = await append(room, into.keys, commandNamed(into), entries, hash);
      await sql`insert into journal.pen (county_code, seq) values (${county}, ${last.seq})
        on conflict (county_code) do update set seq = excluded.seq`.execute(db);
      await keepPen(room, county, hash);
    });
    after = last.seq;
    done += rows.length;
    progress(done);
  }
}

async function openAll(house: House, room: Room, rows: readonly { [K in keyof Entry]?: unknown }[]): Promise<Entry[]> {
  const known = rows.map((row) => {
    const entry = row as unknown as Entry & { happened_on: string | null };
    const { command } = house.handlers.get(entry.command) as Handler;
    const stored = JSON.parse(entry.stored as string) as Record<string, unknown>;
    const isSealed = command.form.sealed.some((field) => (stored[field] as { sealed?: string } | undefined)?.sealed);
    return { entry, stored, subject: isSealed ? command.subject?.(stored as never) : undefined };
  });
  const keys = await subjectKeys(room, house.keys, room.county_code, [...new Set(known.flatMap(({ subject }) => subject ?? []))]);
  return known.map(({ entry, stored, subject }) => ({
    ...entry,
    happened_on: entry.happened_on ?? undefined,
    ...opened(stored, subject, subject ? keys.get(subject) : undefined),
    findings: [],
    is_shut: subject !== undefined && !keys.has(subject),
  }));
}

async function copyKeys(from: House, into: House, scope: Scope): Promise<void> {
  const rows = await from.database.read(scope, (db) => db.selectFrom('journal.subject_key').selectAll().where('county_code', '=', scope.county_code).execute());
  await into.database.write(scope, (tx) =>
    tx.insertRows(
      'journal.subject_key',
      rows.map((row) => ({ ...row, salt: row.salt ? (`\\x${row.salt.toString('hex')}` as unknown as Buffer) : null })),
    ),
  );
}
