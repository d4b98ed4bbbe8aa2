import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { expect, it } from 'vitest';
import { demoSizes, loadDemo } from '../demo/load.ts';
import { backupHouse, restoreHouse } from '../keeping.ts';
import { aHouse } from '../testing/house.ts';

it('a backup restored into an empty database gives the same rows; a changed file or a used database is refused and nothing is changed', async () => {
  const [house, copy] = [await aHouse(), await aHouse()];
  await loadDemo(house, { ...demoSizes.small, clients: 60, scale: 1 / 1000, years: [2025] }, 11);
  const base = mkdtempSync(join(tmpdir(), 'zhiyuan-backup-'));
  const [folder, subjects] = [join(base, 'made'), join(base, 'subjects.sealed')];
  const rows = await backupHouse(house, folder, subjects);
  expect(rows).toBeGreaterThan(1000);

  const file = join(folder, 'care.visit.csv.gz.sealed');
  const whole = readFileSync(file);
  const other = readFileSync(join(folder, 'care.follow_up.csv.gz.sealed'));
  writeFileSync(file, other);
  await expect(restoreHouse(copy, folder, subjects)).rejects.toThrow();
  const left = await sql<{ n: number }>`select count(*)::int as n from registry.place`.execute(copy.database.owner);
  expect(left.rows).toEqual([{ n: 0 }]);

  writeFileSync(file, whole);
  expect(await restoreHouse(copy, folder, subjects)).toBe(rows);
  for (const table of ['registry.client', 'care.visit', 'care.follow_up', 'journal.entry', 'journal.subject_key', 'supplies.stock_on_hand']) {
    const both = await Promise.all(
      [house, copy].map((one) => sql<{ text: string }>`select t::text as text from ${sql.raw(table)} t order by 1`.execute(one.database.owner)),
    );
    expect(both[1]?.rows, table).toEqual(both[0]?.rows);
  }
  await expect(restoreHouse(copy, folder, subjects)).rejects.toThrow('not empty');
});
