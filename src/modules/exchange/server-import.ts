import { sql } from 'kysely';
import type { Ask } from '../../kit/form.ts';
import { asUuid, idWithin } from '../../kit/id.ts';
import { type Finding, Problem } from '../../kit/problem.ts';
import type { Actor } from '../../platform/access.ts';
import type { Db } from '../../platform/database.ts';
import { breathe, type House, type Item, Line, type Outcome, type Prepare, prepareRun, rehearse } from '../../platform/run.ts';
import { digest } from '../../platform/seal.ts';
import { sayer, sentence, wordsOf } from '../../platform/words.ts';
import { followUpKinds } from '../care/follow-up.ts';
import { type Cell, type Labels, readCell } from './cells.ts';
import { type FoundRow, rowsOf } from './server-read.ts';
import { type Column, type Sheet, sheets } from './sheet.ts';

export interface Refusal {
  sheet: string;
  row: number;
  column: string;
  value: string;
  rule: string;
  says: { zh: string; en: string };
}

/** What an import would do, or did. */
export interface Report {
  rows: number;
  sheets: { name: string; added: number; changed: number; repeated: number; refused: number }[];
  /** Columns that are never taken in, by name, with how many values were dropped. */
  dropped: { sheet: string; column: string; reason: { zh: string; en: string }; values: number }[];
  /** Columns nobody knows: named, not read. */
  unknown: { sheet: string; column: string }[];
  refusals: Refusal[];
}

const batch = 1000;
const mostRefusals = 5000;

/** Reads the file and sends its rows through the one door; `dry` undoes everything. `progress` gets the rows done. */
export async function importFile(house: House, actor: Actor, path: string, { dry = false, progress = (_: number) => {} } = {}): Promise<Report> {
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

interface Row {
  sheet: Sheet;
  row: number;
  answers: Record<string, unknown>;
  raw: Map<string, Cell>;
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
  for await (const found of rowsOf(
    path,
    sheets.map((sheet) => sheet.name),
  )) {
    const row = reader.read(found);
    if (!row) continue;
    if (waiting.length >= batch || (waiting[0] && waiting[0].sheet !== row.sheet)) await flush();
    waiting.push(row);
    if (waiting.length % 50 === 0) await breathe();
  }
  await flush();
  await line.settle();
  if (!reader.knowsAny())
    throw new Problem('invalid', { field: 'file', rule: 'no_known_sheet', values: { value: sheets.map((sheet) => `${sheet.zh} ${sheet.name}`).join('、') } });
  return report;
}

interface Linked {
  row: Row;
  item: Item | undefined;
  findings: Finding[];
  isChange: boolean;
}

/** Notes what became of each row. */
function note(linked: readonly Linked[], sent: readonly Linked[], outcomes: readonly Outcome[], linker: Linker, report: Report): void {
  const byItem = new Map(sent.map((one, index) => [one, outcomes[index] as Outcome]));
  for (const one of linked) {
    const tally = tallyOf(report, one.row.sheet.name);
    const outcome = byItem.get(one);
    const findings = outcome?.problem?.findings ?? one.findings;
    if (outcome?.status === 'done') {
      if (one.isChange) tally.changed += 1;
      else tally.added += 1;
      linker.learn(one.row, one.item as Item);
    } else if (outcome?.status === 'repeated' || (!outcome && findings.length === 0)) tally.repeated += 1;
    else {
      tally.refused += 1;
      for (const finding of findings) if (report.refusals.length < mostRefusals) report.refusals.push(refusalOf(one.row, finding));
    }
  }
}

function tallyOf(report: Report, name: string) {
  let tally = report.sheets.find((sheet) => sheet.name === name);
  if (!tally) {
    tally = { name, added: 0, changed: 0, repeated: 0, refused: 0 };
    report.sheets.push(tally);
  }
  return tally;
}

const say = { zh: sayer('zh'), en: sayer('en') };

function refusalOf({ sheet, row, raw }: Row, finding: Finding): Refusal {
  const shown =
    { client_id: 'client_number', facility_id: 'facility_number', health_worker_id: 'worker_number', follow_up_id: 'visit_number', visit_id: 'visit_number' }[
      finding.field
    ] ?? finding.field;
  const cell = raw.get(shown);
  const value = cell instanceof Date ? cell.toISOString().slice(0, 10) : typeof cell === 'object' && cell ? `=${cell.formula}` : String(cell ?? '');
  return {
    sheet: sheet.name,
    row,
    column: shown,
    value: value.slice(0, 80),
    rule: finding.rule,
    says: { zh: sentence(say.zh, finding), en: sentence(say.en, finding) },
  };
}

/** Knows each sheet's headings once its first row has come, and turns the rows below into answers. */
class SheetReader {
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
    const raw = new Map<string, Cell>();
    for (const [index, cell] of cells.entries()) {
      const dropped = known.dropped[index];
      if (dropped && cell !== null && cell !== '') dropped.values += 1;
      const column = known.columns[index];
      if (!column) continue;
      raw.set(column.key, cell);
      const { value, finding } = readCell(column.key, column.ask, cell, labels);
      if (finding) answers[column.key] = finding;
      else if (value !== undefined) answers[column.key] = value;
    }
    return { sheet: known.sheet, row, answers, raw };
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
export const labels: Labels = (field, label) => optionCodes().get(`${field} ${label}`) ?? optionCodes().get(`${field} ${label.toLowerCase()}`);

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

/** Turns numbers people know into identifiers, and rows into commands whose ids follow from their content: imported twice, nothing is added. */
class Linker {
  readonly #house: House;
  readonly #actor: Actor;
  readonly #read: (<T>(query: (db: Db) => Promise<T>) => Promise<T>) | undefined;
  readonly #facilities = new Map<string, string>();
  readonly #workers = new Map<string, string>();
  /** Clients that this file has added: number → id. */
  readonly #added = new Map<string, string>();

  constructor(house: House, actor: Actor, read: (<T>(query: (db: Db) => Promise<T>) => Promise<T>) | undefined) {
    this.#house = house;
    this.#actor = actor;
    this.#read = read;
  }

  async items(rows: Row[]): Promise<Linked[]> {
    const [first] = rows;
    if (!first) return [];
    const numbers = rows
      .flatMap(({ answers }) => [answers['client_number'], answers['record_number']])
      .filter((one): one is string => typeof one === 'string' && !this.#added.has(one));
    const { name } = first.sheet.command;
    const known = name === 'registry.register' || name === 'care.record' ? await this.#clients([...new Set(numbers)]) : new Map();
    if (name === 'care.record' || name === 'registry.enrol_worker') await this.#learnFacilities(rows);
    const linked: Linked[] = [];
    for (const [index, row] of rows.entries()) {
      if (index % 50 === 49) await breathe();
      linked.push(this.#item(row, known));
    }
    return linked;
  }

  learn({ sheet, answers }: Row, item: Item): void {
    const input = item.input as Record<string, string>;
    if (sheet.name === 'clients' && typeof answers['record_number'] === 'string') this.#added.set(answers['record_number'], input['client_id'] as string);
    if (sheet.name === 'facilities') this.#facilities.set(String(answers['facility_number']), input['facility_id'] as string);
    if (sheet.name === 'health_workers') this.#workers.set(String(answers['worker_number']), input['health_worker_id'] as string);
  }

  #item(row: Row, known: Map<string, KnownClient>): Linked {
    const county = this.#actor.county_code;
    const findings = Object.values(row.answers).filter((value): value is Finding => typeof value === 'object' && value !== null && 'rule' in value);
    const { client_number, facility_number, worker_number, visit_number, ...answers } = row.answers;
    // The row as its form orders it: the same content gives the same id, in whatever order the columns stood.
    const content = JSON.stringify(row.sheet.columns.map(({ key }) => row.answers[key] ?? null));
    const make = (input: Record<string, unknown>, isChange = false, name = row.sheet.command.name) => {
      const id = asUuid(digest(county, name, row.sheet.name, isChange ? JSON.stringify(input) : '', content));
      return { row, item: { id, name, input }, findings, isChange };
    };
    const idFor = (kind: string, number: unknown) => asUuid(digest(county, kind, String(number)));
    switch (row.sheet.command.name) {
      case 'registry.open_facility':
        return make({ facility_id: idFor('facility', facility_number), facility_number, ...answers });
      case 'registry.enrol_worker':
        return make({ health_worker_id: idFor('worker', worker_number), worker_number, facility_number, ...answers });
      case 'supplies.receive':
        return make({ facility_number, ...answers });
      case 'registry.register': {
        const there = typeof answers['record_number'] === 'string' ? known.get(answers['record_number']) : undefined;
        if (!there) return make({ client_id: idFor('client', answers['record_number'] ?? JSON.stringify(answers)), ...answers });
        const changed = differences(answers, there);
        const first = make({ client_id: there.id, ...answers });
        if (Object.keys(changed).length === 0) return { ...first, item: undefined };
        return make({ client_id: there.id, version: there.version, ...changed }, true, 'registry.amend');
      }
      case 'care.record': {
        const client_id = this.#added.get(String(client_number)) ?? known.get(String(client_number))?.id;
        const facility_id = this.#facilities.get(String(facility_number));
        const health_worker_id = this.#workers.get(String(worker_number));
        if (!client_number) findings.push({ field: 'client_id', rule: 'required' });
        else if (!client_id) findings.push({ field: 'client_id', rule: 'unknown_client', values: { value: String(client_number) } });
        if (!facility_id)
          findings.push(
            facility_number
              ? { field: 'facility_id', rule: 'unknown_facility', values: { value: String(facility_number) } }
              : { field: 'facility_id', rule: 'required' },
          );
        if (worker_number && !health_worker_id) findings.push({ field: 'health_worker_id', rule: 'unknown_worker', values: { value: String(worker_number) } });
        if (!visit_number) findings.push({ field: 'visit_id', rule: 'required' });
        return make({ visit_id: idFor('visit', visit_number), client_id, facility_id, ...(health_worker_id ? { health_worker_id } : {}), ...answers });
      }
      case 'care.follow_up': {
        const { kind, step, ...rest } = answers;
        const index = followUpKinds.indexOf(kind as never);
        if (index < 0) findings.push({ field: 'kind', rule: 'required' });
        return make({ follow_up_id: idWithin(idFor('visit', visit_number), index * 100 + Number(step) + 1), ...rest });
      }
      default:
        return make(answers);
    }
  }

  async #clients(numbers: string[]): Promise<Map<string, KnownClient>> {
    if (numbers.length === 0) return new Map();
    const query = (db: Db) =>
      sql<KnownClient>`select id, record_number, version, place_code, name, sex, born_on, residence, follow_up_consented from registry.client
        where county_code = ${this.#actor.county_code} and record_number = any(${numbers})`.execute(db);
    const { rows } = await (this.#read ?? ((work) => this.#house.database.read(this.#actor, work)))(query);
    return new Map(rows.map((row) => [row.record_number, row]));
  }

  async #learnFacilities(rows: Row[]): Promise<void> {
    const isKnown = rows.every(
      ({ answers }) =>
        this.#facilities.has(String(answers['facility_number'])) && (!answers['worker_number'] || this.#workers.has(String(answers['worker_number']))),
    );
    if (isKnown) return;
    await this.#house.database.read(this.#actor, async (db) => {
      const facilities = await db
        .selectFrom('registry.facility')
        .select(['id', 'facility_number'])
        .where('county_code', '=', this.#actor.county_code)
        .execute();
      for (const row of facilities) this.#facilities.set(row.facility_number, row.id);
      const workers = await db
        .selectFrom('registry.health_worker')
        .select(['id', 'worker_number'])
        .where('county_code', '=', this.#actor.county_code)
        .execute();
      for (const row of workers) this.#workers.set(row.worker_number, row.id);
    });
  }
}

interface KnownClient {
  id: string;
  record_number: string;
  version: number;
  place_code: string;
  name: string;
  sex: string;
  born_on: string;
  residence: string;
  follow_up_consented: boolean;
}

/** What a row says differently from the record. Phone and ID number are sealed there: they are taken as unchanged. */
function differences(answers: Record<string, unknown>, there: KnownClient): Record<string, unknown> {
  const compared = ['place_code', 'name', 'sex', 'born_on', 'residence', 'follow_up_consented'] as const;
  return Object.fromEntries(
    compared.filter((field) => answers[field] !== undefined && answers[field] !== there[field]).map((field) => [field, answers[field]]),
  );
}
