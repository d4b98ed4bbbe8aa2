// Prints every figure the issues ask for, with the comparison beside it: npm run bench [-- --full FOLDER]
// Without --full a full demonstration county is made in the temporary folder first (about ten minutes, 6 GB).
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { demoSizes, loadDemo } from '../src/demo/load.ts';
import { openHouse } from '../src/house.ts';
import { refresh } from '../src/modules/evaluation/listener.ts';
import { bookOf } from '../src/modules/evaluation/routes.ts';
import { type Config, configFrom } from '../src/platform/config.ts';
import { benchBook, benchPages } from './bench/full-county.ts';
import { benchImport, loads } from './bench/import.ts';
import { benchPeople } from './bench/people.ts';
import { benchPhone } from './bench/phone.ts';
import { benchRecording } from './bench/recording.ts';
import { benchSite } from './bench/site.ts';
import { yardstick } from './bench/yardstick.ts';

const { values } = parseArgs({ options: { full: { type: 'string' }, only: { type: 'string' } } });
const wanted = (name: string) => !values.only || values.only.split(',').includes(name);
const scratch = mkdtempSync(join(tmpdir(), 'zhiyuan-bench-'));
chmodSync(scratch, 0o755);

console.log(`node ${process.version}, ${process.platform}-${process.arch}; embedded PostgreSQL, durable settings (fsync on)\n${yardstick(scratch)}\n`);
try {
  if (wanted('recording')) await benchRecording({ ...configFrom({}), dataFolder: join(scratch, 'recording'), port: 0 });
  if (wanted('import')) await benchImport({ ...configFrom({}), dataFolder: join(scratch, 'import'), port: 0 }, join(scratch, 'files'), loads.part);
  // Five years of a whole county as files, 2.9 million rows: five minutes, and asked for by its name.
  if (values.only?.includes('county'))
    await benchImport({ ...configFrom({}), dataFolder: join(scratch, 'county'), port: 0 }, join(scratch, 'county-files'), loads.full);
  if (wanted('people')) {
    const config = { ...configFrom({}), dataFolder: values.full ?? join(scratch, 'people'), port: 0 };
    if (!values.full) await loadSmall(config);
    await benchPeople(config);
  }
  if (wanted('full')) {
    const dataFolder = values.full ?? join(scratch, 'full');
    await benchBook({ ...configFrom({}), dataFolder, port: 0 });
    await benchPages({ ...configFrom({}), dataFolder, port: 0 });
  }
  if (wanted('phone') || wanted('phones'))
    await benchPhone({ ...configFrom({}), dataFolder: join(scratch, 'phone'), port: 0 }, { one: wanted('phone'), many: wanted('phones') });
  if (wanted('site')) await benchSite({ ...configFrom({}), dataFolder: join(scratch, 'site'), port: 0 });
} finally {
  rmSync(scratch, { recursive: true, force: true });
}

/** The small demonstration county, counted. */
async function loadSmall(config: Config): Promise<void> {
  const house = await openHouse(config);
  await loadDemo(house, demoSizes.small, 1);
  await refresh(house.database, '110118', bookOf(house));
  await house.database.analyze();
  await house.close();
}
