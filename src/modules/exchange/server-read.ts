import { on } from 'node:events';
import { createReadStream, readdirSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { Workbook } from '@cj-tech-master/excelts';
import { parse } from 'csv-parse';
import yauzl from 'yauzl';
import { Problem } from '../../kit/problem.ts';
import type { Cell } from './cells.ts';

/** A row as found: sheet, row number as people count (the heading is 1), and cells by position. */
export interface FoundRow {
  sheet: string;
  row: number;
  cells: Cell[];
}

const largestFile = 100 * 1024 * 1024;
const largestUnpacked = 1024 * 1024 * 1024;
const largestRatio = 150;

/** About how many rows will be read, headings and empty lines counted too: for telling how far an import is. A hostile file is refused here. */
export async function rowsIn(path: string, sheetNames: readonly string[]): Promise<number> {
  const found = statSync(path, { throwIfNoEntry: false });
  if (!found) return 0;
  if (!found.isDirectory() && !/\.csv$/i.test(path)) return weighed(path, found.size);
  const files = found.isDirectory() ? sheetNames.map((name) => join(path, `${name}.csv`)).filter((file) => statSync(file, { throwIfNoEntry: false })) : [path];
  let rows = 0;
  for (const file of files) for await (const chunk of createReadStream(file)) rows += occurrences(chunk as Buffer, '\n');
  return rows;
}

/** The rows of a workbook, a CSV file, or a folder of CSV files, some at a time. A file too large, or that unpacks too far, is refused before it is read. */
export async function* rowsOf(path: string, sheetNames: readonly string[]): AsyncGenerator<FoundRow[]> {
  const found = statSync(path, { throwIfNoEntry: false });
  if (!found) throw new Problem('missing', { field: 'file', rule: 'no_such_file', values: { value: path } });
  if (found.isDirectory()) {
    const files = new Set(readdirSync(path));
    const known = sheetNames.filter((name) => files.has(`${name}.csv`));
    if (known.length === 0)
      throw new Problem('invalid', { field: 'file', rule: 'no_known_csv', values: { value: sheetNames.map((name) => `${name}.csv`).join(' ') } });
    for (const name of known) yield* csvRows(join(path, `${name}.csv`), name);
    return;
  }
  if (/\.csv$/i.test(path)) {
    yield* csvRows(path, basename(path).replace(/\.csv$/i, ''));
    return;
  }
  await weighed(path, found.size);
  yield* workbookRows(path);
}

async function* csvRows(path: string, sheet: string): AsyncGenerator<FoundRow[]> {
  const options = { bom: true, relax_column_count: true, skip_empty_lines: true, max_record_size: 1_000_000, readableHighWaterMark: 256 };
  const parser = createReadStream(path).pipe(parse(options));
  let row = 0;
  try {
    for await (const _ of on(parser, 'readable', { close: ['end'] })) {
      const some: FoundRow[] = [];
      for (let cells = parser.read() as string[] | null; cells !== null; cells = parser.read() as string[] | null) {
        row += 1;
        some.push({ sheet, row, cells: cells.map(asCell) });
      }
      if (some.length > 0) yield some;
    }
  } catch (error) {
    throw new Problem('invalid', { field: 'file', rule: 'not_a_csv', values: { value: sheet, row: row + 1, why: (error as Error).message.slice(0, 120) } });
  }
}

/** What begins with an equals sign, and is not two of them, would be a formula: it never runs. */
const asCell = (cell: string): Cell => (cell.charCodeAt(0) === 61 && cell.length > 1 && cell.charCodeAt(1) !== 61 ? { formula: cell.slice(1) } : cell);

async function* workbookRows(path: string): AsyncGenerator<FoundRow[]> {
  try {
    const reader = Workbook.createStreamReader(path, { worksheets: 'emit', sharedStrings: 'cache', styles: 'cache', hyperlinks: 'ignore' } as never);
    for await (const sheet of reader as AsyncIterable<AsyncIterable<{ number: number; values: unknown[] }> & { name: string }>) {
      for await (const row of sheet) yield [{ sheet: sheet.name, row: row.number, cells: Array.from((row.values as unknown[]).slice(1), plain) }];
    }
  } catch (error) {
    if (error instanceof Problem) throw error;
    throw new Problem('invalid', { field: 'file', rule: 'not_a_workbook', values: { why: (error as Error).message.slice(0, 120) } });
  }
}

/** A cell's value without its dress. */
function plain(value: unknown): Cell {
  if (value === undefined || value === null) return null;
  if (value instanceof Date || typeof value === 'number' || typeof value === 'boolean' || typeof value === 'string') return value;
  const rich = value as { formula?: string; sharedFormula?: string; richText?: { text: string }[]; text?: unknown; error?: string };
  if (rich.formula !== undefined || rich.sharedFormula !== undefined) return { formula: String(rich.formula ?? rich.sharedFormula) };
  if (rich.richText) return rich.richText.map((part) => part.text).join('');
  return rich.text === undefined ? String(rich.error ?? '') : plain(rich.text);
}

/** Unpacks a workbook once into nothing and gives its rows: what a zip says of its own size is not believed. */
function weighed(path: string, packed: number): Promise<number> {
  if (packed > largestFile)
    throw new Problem('invalid', { field: 'file', rule: 'file_too_large', values: { size: megabytes(packed), max: megabytes(largestFile) } });
  return new Promise((done, fail) => {
    const refuse = (rule: string, values = {}) => fail(new Problem('invalid', { field: 'file', rule, values }));
    yauzl.open(path, { lazyEntries: true, validateEntrySizes: false }, (error, zip) => {
      if (error || !zip) return refuse('not_a_workbook', { why: error?.message ?? '' });
      let unpacked = 0;
      let rows = 0;
      const stop = () => {
        zip.close();
        refuse('zip_bomb', { size: megabytes(unpacked), packed: megabytes(packed) });
      };
      zip.on('error', (broken) => refuse('not_a_workbook', { why: broken.message }));
      zip.on('end', () => done(rows));
      zip.on('entry', (entry) => {
        if (/\/$/.test(entry.fileName)) return zip.readEntry();
        zip.openReadStream(entry, (broken, stream) => {
          if (broken || !stream) return refuse('not_a_workbook', { why: broken?.message ?? '' });
          stream.on('data', (chunk: Buffer) => {
            unpacked += chunk.length;
            if (/worksheets\/[^/]+\.xml$/.test(entry.fileName)) rows += occurrences(chunk, '</row>');
            if (unpacked > largestUnpacked || (unpacked > 20 * 1024 * 1024 && unpacked > packed * largestRatio)) {
              stream.destroy();
              stop();
            }
          });
          stream.on('error', (why) => refuse('not_a_workbook', { why: why.message }));
          stream.on('end', () => zip.readEntry());
        });
      });
      zip.readEntry();
    });
  });
}

/** How often a text stands in these bytes; one that is cut by the end of a chunk is let go. */
function occurrences(bytes: Buffer, text: string): number {
  let count = 0;
  for (let at = bytes.indexOf(text); at >= 0; at = bytes.indexOf(text, at + text.length)) count += 1;
  return count;
}

const megabytes = (bytes: number) => `${Math.round(bytes / 1024 / 1024)} MB`;
