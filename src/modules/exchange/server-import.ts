import { Problem } from '../../kit/problem.ts';
import type { Actor } from '../../platform/access.ts';
import type { Db } from '../../platform/database.ts';
import { breathe, Line } from '../../platform/pace.ts';
import type { House, Item } from '../../platform/room.ts';
import { type Prepare, prepareRun, rehearse } from '../../platform/run.ts';
import { Linker } from './server-link.ts';
import { rowsIn, rowsOf } from './server-read.ts';
import { note, type Report } from './server-report.ts';
import { type Row, SheetReader } from './server-rows.ts';
import { type Sheet, sheets } from './sheet.ts';

const batch = 1000;
const sheetNames = sheets.map((sheet) => sheet.name);

/** Reads the file and sends its rows through the one door; `dry` undoes everything. `progress` gets the rows done and about how many there are. */
export async function importFile(
  house: House,
  actor: Actor,
  path: string,
  { dry = false, progress: tell = (_: number, __: number) => {} } = {},
): Promise<Report> {
  const total = await rowsIn(path, sheetNames);
  const progress = (rows: number) => tell(rows, Math.max(rows, total));
  if (!dry)
    return importRows(
      house,
      actor,
      path,
      (items) => prepareRun(house, actor, items),
      (read) => house.database.read(actor, read),
      progress,
    );
  return rehearse(house, actor, (prepare) => importRows(house, actor, path, prepare, undefined, progress));
}

async function importRows(
  house: House,
  actor: Actor,
  path: string,
  prepare: Prepare,
  read: (<T>(query: (db: Db) => Promise<T>) => Promise<T>) | undefined,
  progress: (rows: number) => void,
): Promise<Report> {
  const report: Report = { rows: 0, sheets: [], dropped: [], unknown: [], refusals: [] };
  const reader = new SheetReader(house, report);
  const linker = new Linker(house, actor, read);
  const line = new Line();
  let waiting: Row[] = [];
  let sheet: Sheet | undefined;
  let nextAnalyze = 5000;
  const flush = async () => {
    const [first] = waiting;
    if (!first) return;
    const rows = waiting;
    waiting = [];
    // Rows of one sheet do not refer to each other; those of the next refer to what this one brings.
    if (first.sheet !== sheet) {
      await line.settle();
      nextAnalyze = Math.min(nextAnalyze, report.rows + 2 * batch); // another table begins to fill
    }
    sheet = first.sheet;
    const linked = await linker.items(rows);
    const sendable = linked.filter((one) => one.item && one.findings.length === 0);
    const write = await prepare(sendable.map((one) => one.item as Item));
    await line.next(async () => {
      note(linked, sendable, sendable.length > 0 ? await write() : [], linker, report);
      progress(report.rows);
      if (read && report.rows > nextAnalyze) {
        nextAnalyze *= 8;
        await house.database.analyze();
      }
    });
  };
  for await (const some of rowsOf(path, sheetNames)) {
    for (const found of some) {
      const row = reader.read(found);
      if (!row) continue;
      if (waiting.length >= batch || (waiting[0] && waiting[0].sheet !== row.sheet)) await flush();
      waiting.push(row);
      if (waiting.length % 10 === 0) await breathe();
    }
  }
  await flush();
  await line.settle();
  if (!reader.knowsAny())
    throw new Problem('invalid', { field: 'file', rule: 'no_known_sheet', values: { value: sheets.map((sheet) => `${sheet.zh} ${sheet.name}`).join('、') } });
  return report;
}
