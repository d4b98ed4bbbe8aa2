import { readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { sql } from 'kysely';
import { countiesOf } from './keeping.ts';
import { configFrom } from './platform/config.ts';
import type { House } from './platform/room.ts';

export interface Retained {
  what: string;
  rule: string;
  count: number;
}

const days = { imports: 30, reports: 30, sessions: 7, messages: 365, complaints: 5 * 365 } as const;

/**
 * Deletes what may no longer be kept and gives what it deleted: uploads and reports of imports (they hold people's rows), sessions and
 * codes that are over, the words of complaints closed five years ago (their key is destroyed). The journal and the log of reads stay:
 * their law asks for three years at least, and they say nothing of whoever was erased.
 */
export async function keepRetention(house: Pick<House, 'database'>, now = new Date(), dryRun = false): Promise<Retained[]> {
  const before = (count: number) => new Date(now.getTime() - count * 86_400_000).toISOString();
  const { owner } = house.database;
  const done: Retained[] = [];
  const count = async (what: string, rule: string, statement: ReturnType<typeof sql>, asked: ReturnType<typeof sql<{ n: number }>>) => {
    if (dryRun) done.push({ what, rule, count: (await asked.execute(owner)).rows[0]?.n ?? 0 });
    else done.push({ what, rule, count: Number((await statement.execute(owner)).numAffectedRows ?? 0) });
  };
  const old = (table: string, where: ReturnType<typeof sql>) =>
    [sql`delete from ${sql.raw(table)} where ${where}`, sql<{ n: number }>`select count(*)::int as n from ${sql.raw(table)} where ${where}`] as const;
  done.push({ what: 'import files', rule: `${days.imports} days`, count: deleteFolders(join(configFrom().dataFolder, 'imports'), now, days.imports, dryRun) });
  await count('sessions', `over for ${days.sessions} days`, ...old('access.session', sql`ends_at < ${before(days.sessions)}::timestamptz`));
  await count('one-time codes', 'over', ...old('access.code', sql`ends_at < ${before(0)}::timestamptz or used_at < ${before(1)}::timestamptz`));
  await count('challenges', 'over', ...old('access.challenge', sql`ends_at < ${before(0)}::timestamptz`));
  await count('attempts', 'over', ...old('access.attempt', sql`expire < ${now.getTime()}`));
  for (const county of await countiesOf(house)) {
    await count(
      'import reports',
      `${days.reports} days`,
      ...old('exchange.import', sql`county_code = ${county} and changed_at < ${before(days.reports)}::timestamptz`),
    );
    await count(
      'messages',
      `${days.messages} days`,
      ...old('care.message', sql`county_code = ${county} and status not in ('queued', 'sending') and next_at < ${before(days.messages)}::timestamptz`),
    );
    const closed = sql`county_code = ${county} and subject_id in (select id from rights.complaint where county_code = ${county} and coalesce(review_decided_on, decided_on) < ${before(days.complaints)}::date)`;
    await count(
      'words of complaints',
      '5 years after the decision',
      sql`update journal.subject_key set salt = null, destroyed_at = ${now.toISOString()}::timestamptz where county_code = ${county} and salt is not null and ${closed}`,
      sql<{ n: number }>`select count(*)::int as n from journal.subject_key where county_code = ${county} and salt is not null and ${closed}`,
    );
  }
  if (!dryRun) await report(house, done, now);
  return done;
}

/** Keeps what was deleted where the privacy officer reads it: one row a kind, those with nothing left out. */
async function report({ database }: Pick<House, 'database'>, done: readonly Retained[], now: Date): Promise<void> {
  const sums = Map.groupBy(
    done.filter(({ count }) => count > 0),
    ({ what }) => what,
  );
  for (const county_code of await countiesOf({ database }))
    for (const [what, same] of sums) {
      const deleted = same.reduce((sum, one) => sum + one.count, 0);
      await database.owner
        .insertInto('rights.retention')
        .values({ county_code, at: now.toISOString(), what, reason: same[0]?.rule ?? '', deleted })
        .execute();
    }
}

function deleteFolders(folder: string, now: Date, count: number, dryRun: boolean): number {
  const found = statSync(folder, { throwIfNoEntry: false }) ? readdirSync(folder) : [];
  const old = found.filter((name) => statSync(join(folder, name)).mtimeMs < now.getTime() - count * 86_400_000);
  if (!dryRun) for (const name of old) rmSync(join(folder, name), { recursive: true, force: true });
  return old.length;
}
