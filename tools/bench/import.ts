import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Chance } from '../../src/demo/chance.ts';
import { ground } from '../../src/demo/ground.ts';
import { demoSizes } from '../../src/demo/load.ts';
import { people } from '../../src/demo/people.ts';
import { visitsByMonth } from '../../src/demo/visits.ts';
import type { Report } from '../../src/modules/exchange/server-report.ts';
import { sheets } from '../../src/modules/exchange/sheet.ts';
import { type Config, root } from '../../src/platform/config.ts';
import { loadPacks } from '../../src/platform/packs.ts';
import type { Item } from '../../src/platform/room.ts';
import { say } from './say.ts';

/** How much a county brings. */
export interface Load {
  clients: number;
  visits: number;
  /** Of the county's real numbers of people, and the years they are told for. */
  years: readonly number[];
}

export const loads = {
  part: { clients: 20_000, visits: 120_000, years: [2025] },
  full: { clients: 150_000, visits: Number.POSITIVE_INFINITY, years: demoSizes.full.years },
} satisfies Record<string, Load>;

/** A folder of CSV as a county would bring it, imported: places, facilities, people in numbers, clients, visits. */
export async function benchImport(config: Config, folder: string, load: Load): Promise<void> {
  const rows = await writeFiles(folder, load);
  const child = spawn(
    process.execPath,
    [...process.execArgv, join(root, 'src/cli.ts'), 'import', folder, '--county', '110118', '--accept-refusals', '--json'],
    {
      env: { ...process.env, ZHIYUAN_DATA: config.dataFolder, ZHIYUAN_PACKS: 'cn' },
      stdio: ['ignore', 'pipe', 'ignore'],
    },
  );
  let peak = 0;
  const watch = setInterval(() => {
    peak = Math.max(peak, residentKilobytes(child.pid));
  }, 100);
  let out = '';
  child.stdout.on('data', (chunk) => {
    out += chunk;
  });
  await once(child, 'exit');
  clearInterval(watch);
  const report = JSON.parse(out) as Report & { seconds: number };
  if (report.refusals[0]) throw new Error(JSON.stringify(report.refusals[0]));
  say(
    `zhiyuan import of ${rows.toLocaleString('en')} rows of CSV (${load.clients.toLocaleString('en')} clients and their visits), journal and stock`,
    `${Math.round(report.rows / report.seconds)} rows/s`,
    '≥ 10,000 rows/s',
  );
  say('  memory of the importing process, peak', `${Math.round(peak / 1000)} MB`, '≤ 600 MB');
}

/** Linux tells a process's resident memory in /proc; elsewhere 0. */
function residentKilobytes(pid: number | undefined): number {
  try {
    return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}

/** Writes the demonstration's commands as the CSV sheets of the template; gives the number of rows. */
async function writeFiles(folder: string, { clients, visits, years }: Load): Promise<number> {
  mkdirSync(folder, { recursive: true });
  const chance = new Chance(9);
  const made = ground(chance, 1, years);
  const registered = people(chance, made, clients);
  const numberOf = new Map(registered.items.map(({ input }) => [(input as Row)['client_id'], (input as Row)['record_number']]));
  const facilityOf = new Map(
    made.items.filter((item) => item.name === 'registry.open_facility').map(({ input }) => [(input as Row)['facility_id'], (input as Row)['facility_number']]),
  );
  const streams = new Map(sheets.map((sheet) => [sheet.name, { sheet, stream: undefined as ReturnType<typeof createWriteStream> | undefined }]));
  let rows = 0;
  const write = async (name: string, row: Row) => {
    const held = streams.get(name);
    if (!held) return;
    if (!held.stream) {
      held.stream = createWriteStream(join(folder, `${name}.csv`));
      held.stream.write(`${held.sheet.columns.map((column) => column.key).join(',')}\n`);
    }
    rows += 1;
    if (!held.stream.write(`${held.sheet.columns.map(({ key }) => cell(row[key])).join(',')}\n`)) await once(held.stream, 'drain');
  };
  const sheetOf = new Map(sheets.filter((sheet) => !sheet.name.startsWith('visits')).map((sheet) => [sheet.command.name, sheet.name]));
  for (const { name, input } of [...made.items, ...registered.items]) if (sheetOf.has(name)) await write(sheetOf.get(name) as string, input as Row);
  let written = 0;
  for (const month of visitsByMonth(chance, made, registered.clients, loadPacks(['cn']), demoSizes.full.pace)) {
    for (const { name, input } of month as (Item & { input: Row })[]) {
      if (name !== 'care.record' || written >= visits) continue;
      written += 1;
      await write(`visits_${input['service']}`, {
        ...input,
        // As a county numbers its visits: one after the other.
        visit_number: `V${String(written).padStart(8, '0')}`,
        client_number: numberOf.get(input['client_id']),
        facility_number: facilityOf.get(input['facility_id']),
      });
    }
    if (written >= visits) break;
  }
  for (const { stream } of streams.values()) if (stream) await once(stream.end(), 'finish');
  return rows;
}

type Row = Record<string, unknown>;

const cell = (value: unknown) =>
  value === undefined
    ? ''
    : Array.isArray(value)
      ? value.join('、')
      : typeof value === 'boolean'
        ? value
          ? 'yes'
          : 'no'
        : /[",\n]/.test(String(value))
          ? `"${String(value).replaceAll('"', '""')}"`
          : String(value);
