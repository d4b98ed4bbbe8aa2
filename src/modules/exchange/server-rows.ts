import type { Ask } from '../../kit/form.ts';
import type { House } from '../../platform/room.ts';
import { sayer, wordsOf } from '../../platform/words.ts';
import { type Cell, type Labels, readCell } from './cells.ts';
import type { FoundRow } from './server-read.ts';
import type { Report } from './server-report.ts';
import { type Column, type Sheet, sheets } from './sheet.ts';

/** A row as answers to its form's questions, with the cells as they were found. */
export interface Row {
  sheet: Sheet;
  row: number;
  answers: Record<string, unknown>;
  /** The cell of a column as it was found. */
  raw: (column: string) => Cell | undefined;
}

const say = { zh: sayer('zh'), en: sayer('en') };

/** Knows each sheet's headings once its first row has come, and turns the rows below into answers. */
export class SheetReader {
  readonly #report: Report;
  readonly #house: House;
  readonly #headings = new Map<string, { sheet: Sheet; columns: (Column | undefined)[]; dropped: (Report['dropped'][number] | undefined)[] } | undefined>();

  constructor(house: House, report: Report) {
    this.#house = house;
    this.#report = report;
  }

  read({ sheet: name, row, cells }: FoundRow): Row | undefined {
    if (!this.#headings.has(name)) {
      this.#headings.set(name, this.#heading(name, cells));
      return undefined;
    }
    const known = this.#headings.get(name);
    if (!known || isExample(cells) || cells.every((cell) => cell === null || cell === '')) return undefined;
    this.#report.rows += 1;
    const answers: Record<string, unknown> = { ...known.sheet.fixed };
    for (const [index, cell] of cells.entries()) {
      const dropped = known.dropped[index];
      if (dropped && cell !== null && cell !== '') dropped.values += 1;
      const column = known.columns[index];
      if (!column) continue;
      const { value, finding } = readCell(column.key, column.ask, cell, labels);
      if (finding) answers[column.key] = finding;
      else if (value !== undefined) answers[column.key] = value;
    }
    return { sheet: known.sheet, row, answers, raw: (key) => cells[known.columns.findIndex((column) => column?.key === key)] };
  }

  knowsAny(): boolean {
    return [...this.#headings.values()].some(Boolean);
  }

  #heading(name: string, cells: Cell[]) {
    const sheet = sheets.find((one) => [one.name, one.zh, one.en].includes(name.trim()));
    if (!sheet) return undefined;
    const dropped: (Report['dropped'][number] | undefined)[] = [];
    const columns = cells.map((cell, index) => {
      const heading = String(cell ?? '')
        .trim()
        .replace(/[*＊]$/, '')
        .trim();
      if (heading === '' || heading === '说明') return undefined;
      const never = this.#house.packs.neverImported.find((one) => one.headings.some((each) => heading.toLowerCase().includes(each.toLowerCase())));
      if (never) {
        dropped[index] = { sheet: sheet.name, column: heading, reason: never.reason, values: 0 };
        this.#report.dropped.push(dropped[index]);
        return undefined;
      }
      const column = sheet.columns.find((one) => [one.key, say.zh(`field.${one.key}`), say.en(`field.${one.key}`)].includes(heading));
      if (!column) this.#report.unknown.push({ sheet: sheet.name, column: heading });
      return column;
    });
    return { sheet, columns, dropped };
  }
}

const isExample = (cells: Cell[]) => String(cells[0] ?? '').startsWith('示例');

/** Labels of options in both languages back to their codes. */
const labels: Labels = (field, label) => optionCodes().get(`${field} ${label}`) ?? optionCodes().get(`${field} ${label.toLowerCase()}`);

let codes: Map<string, string> | undefined;
function optionCodes(): Map<string, string> {
  if (!codes) {
    codes = new Map();
    const words = [wordsOf('zh'), wordsOf('en')];
    for (const { columns } of sheets) {
      for (const { key, ask } of columns) {
        for (const option of optionsOf(ask)) {
          for (const language of words) {
            const label = language[`option.${key}.${option}`] ?? language[`option.${option}`];
            if (label) codes.set(`${key} ${label}`, option).set(`${key} ${label.toLowerCase()}`, option);
          }
        }
      }
    }
  }
  return codes;
}

export const optionsOf = (ask: Ask): readonly string[] => (ask.kind === 'choice' || ask.kind === 'many' ? ask.options : []);
