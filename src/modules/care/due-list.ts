import { addDays, type Day } from '../../kit/day.ts';
import type { DueKind } from './follow-up.ts';
import type { Schedules } from './schedule.ts';

/** A follow-up as the phone and the server keep it. */
export interface DueRow {
  id: string;
  client_id: string;
  place_code: string;
  kind: string;
  step: number;
  opens_on: Day;
  due_on: Day;
  closes_on: Day;
  done_on: Day | null;
  status: string;
  consented: boolean;
  voided: boolean;
  /** The hour of an appointment. */
  slot_at?: string | null;
}

export interface DueTask {
  id: string;
  client_id: string;
  name: string;
  place_code: string;
  kind: DueKind;
  step: number;
  due_on: Day;
  closes_on: Day;
  slot_at: string | null;
  state: 'soon' | 'open' | 'late';
  /** FHIR Task: nobody has begun it. */
  status: 'requested';
}

/** How many days before its window a follow-up is shown. */
export const soonDays = 7;

/**
 * Who is to be followed up, most pressing first: one function for the worker's phone, the station and the supervisor, so that their lists
 * are the same. Whoever declined, did not agree, or whose record is shut is on no list [R2, R4].
 */
export function dueList(
  rows: Iterable<DueRow>,
  clients: ReadonlyMap<string, { name: string; purposes: readonly string[] }>,
  kinds: Schedules['kinds'],
  day: Day,
): DueTask[] {
  const tasks: DueTask[] = [];
  for (const row of rows) {
    const client = clients.get(row.client_id);
    const schedule = kinds[row.kind as DueKind];
    if (!client || !schedule || row.voided || row.done_on || row.status !== 'requested') continue;
    if (!row.consented || !client.purposes.includes(schedule.consent)) continue;
    if (day < addDays(row.opens_on, -soonDays) || day > addDays(row.closes_on, schedule.grace_days)) continue;
    const state = day < row.opens_on ? 'soon' : day > row.closes_on ? 'late' : 'open';
    const { id, client_id, place_code, step, due_on, closes_on } = row;
    tasks.push({
      id,
      client_id,
      name: client.name,
      place_code,
      kind: row.kind as DueKind,
      step,
      due_on,
      closes_on,
      slot_at: row.slot_at ?? null,
      state,
      status: 'requested',
    });
  }
  const rank = { late: 0, open: 1, soon: 2 };
  return tasks.sort(
    (a, b) =>
      rank[a.state] - rank[b.state] ||
      kinds[a.kind].priority - kinds[b.kind].priority ||
      (a.due_on < b.due_on ? -1 : a.due_on > b.due_on ? 1 : a.id < b.id ? -1 : 1),
  );
}
