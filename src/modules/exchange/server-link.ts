import { sql } from 'kysely';
import { asUuid, idWithin } from '../../kit/id.ts';
import type { Finding } from '../../kit/problem.ts';
import type { Actor } from '../../platform/access.ts';
import type { Db } from '../../platform/database.ts';
import { breathe } from '../../platform/pace.ts';
import type { House, Item } from '../../platform/room.ts';
import { digest } from '../../platform/seal.ts';
import { followUpKinds } from '../care/follow-up.ts';
import { slotOf } from '../care/schedule.ts';
import type { Row } from './server-rows.ts';

/** A row with its command, if it says anything new, and what is wrong with it before it is sent. */
export interface Linked {
  row: Row;
  item: Item | undefined;
  findings: Finding[];
  isChange: boolean;
  /** The entry that this very row would have made as a new one: when the journal has it, the row says nothing new. */
  firstId?: string;
}

/** Turns numbers people know into identifiers, and rows into commands whose ids follow from their content: imported twice, nothing is added. */
export class Linker {
  readonly #house: House;
  readonly #actor: Actor;
  readonly #read: (<T>(query: (db: Db) => Promise<T>) => Promise<T>) | undefined;
  readonly #facilities = new Map<string, string>();
  readonly #workers = new Map<string, string>();
  readonly #beginnings = new Map<string, string>();
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
      // A zero byte is in no number, and the database cannot even be asked for it: the form refuses it.
      .filter((one): one is string => typeof one === 'string' && !this.#added.has(one) && !one.includes('\0'));
    const { name } = first.sheet.command;
    const known = name === 'registry.register' || name === 'care.record' ? await this.#clients([...new Set(numbers)]) : new Map();
    if (name === 'care.record' || name === 'registry.enrol_worker') await this.#learnFacilities(rows);
    const linked: Linked[] = [];
    for (const [index, row] of rows.entries()) {
      if (index % 10 === 9) await breathe();
      linked.push(this.#item(row, known));
    }
    await this.#forgetRepeated(linked);
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
      // An entry's id begins as that of whom or what it is about, so that both lie side by side in their indexes.
      const about = String(input['visit_id'] ?? input['client_id'] ?? '').slice(0, 8);
      const own = digest(county, name, row.sheet.name, isChange ? JSON.stringify(input) : '', content);
      return { row, item: { id: asUuid(about + own), name, input }, findings, isChange };
    };
    const idFor = (kind: string, number: unknown) => asUuid(this.#beginning(kind, String(number)) + digest(county, kind, String(number)));
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
        return { ...make({ client_id: there.id, version: there.version, ...changed }, true, 'registry.amend'), firstId: first.item.id };
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
        if (!followUpKinds.includes(kind as never)) findings.push({ field: 'kind', rule: 'required' });
        return make({ follow_up_id: idWithin(idFor('visit', visit_number), slotOf(kind as (typeof followUpKinds)[number], Number(step))), ...rest });
      }
      default:
        return make(answers);
    }
  }

  /**
   * How the identifiers of a thousand neighbouring numbers begin alike: what a county numbers one after the other comes to lie together,
   * where identifiers that are all chance would touch every page of every index (measured: a fifth of an import's time). It tells
   * nothing of the number: a digest of all but its last three characters.
   */
  #beginning(kind: string, number: string): string {
    const group = `${kind} ${number.slice(0, -3)}`;
    let beginning = this.#beginnings.get(group);
    if (!beginning) {
      if (this.#beginnings.size > 10_000) this.#beginnings.clear();
      beginning = digest(this.#actor.county_code, group).slice(0, 8);
      this.#beginnings.set(group, beginning);
    }
    return beginning;
  }

  /** A row that was imported before and has been amended since is old news: the amendment stays. */
  async #forgetRepeated(linked: Linked[]): Promise<void> {
    const ids = linked.flatMap(({ firstId }) => firstId ?? []);
    if (ids.length === 0) return;
    const query = (db: Db) =>
      sql<{ id: string }>`select id from journal.entry where county_code = ${this.#actor.county_code} and id = any(${ids}::uuid[])`.execute(db);
    const { rows } = await this.#house.database.read({ ...this.#actor, ledger: true }, query);
    const told = new Set(rows.map((row) => row.id));
    for (const one of linked) if (one.firstId && told.has(one.firstId)) Object.assign(one, { item: undefined, isChange: false });
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
