import { followUpsOf, type Schedules } from './modules/care/schedule.ts';
import type { Visit } from './modules/care/visit.ts';
import { amendedFields } from './modules/registry/client.ts';
import type { Carried, Row } from './web/carried.ts';
import type { Command } from './web/outbox.ts';

/** What a phone carries, and laid over it what waits to be sent or has not come down yet. */
export interface View {
  clients: Map<string, Row>;
  visits: Map<string, Row>;
  followUps: Map<string, Row>;
  appointments: Map<string, Row>;
  /** Client → the amendments of hers that are not in her row yet. */
  amendments: Map<string, string[]>;
}

/** The rows as they will be when everything has been sent: nothing that came down is changed, what waits is laid over it. */
export function overlaid(carried: Carried, pending: readonly Command[], schedules: Schedules, day: string): View {
  const byId = (table: string) => new Map([...carried.rows(table)].map((row) => [String(row['id']), row]));
  const view: View = {
    clients: byId('registry.client'),
    visits: byId('care.visit'),
    followUps: byId('care.follow_up'),
    appointments: byId('care.appointment'),
    amendments: new Map(),
  };
  for (const command of pending) layOver[command.name]?.(view, command, schedules, day);
  return view;
}

/** What each command that may wait on a phone will have done. */
export const layOver: Record<string, (view: View, command: Command, schedules: Schedules, day: string) => void> = {
  'registry.register'({ clients }, { input }) {
    const id = String(input['client_id']);
    const purposes = input['follow_up_consented'] ? ['care', 'follow_up'] : ['care'];
    clients.set(id, { record_number: id.slice(-12).toUpperCase(), name_pinyin: '', name_initials: '', ...input, id, purposes, version: 1, ...clients.get(id) });
  },
  'registry.amend'({ clients, amendments }, { id: entry, input }) {
    const id = String(input['client_id']);
    const before = clients.get(id);
    if (!before) return;
    const changed = Object.fromEntries(amendedFields.flatMap((field) => (input[field] === undefined ? [] : [[field, input[field]]])));
    const said = changed['follow_up_consented'] as boolean | undefined;
    const others = (before['purposes'] as string[]).filter((one) => one !== 'follow_up');
    const purposes = said === undefined ? before['purposes'] : [...others, ...(said ? ['follow_up'] : [])];
    clients.set(id, { ...before, ...changed, purposes });
    amendments.set(id, [...(amendments.get(id) ?? []), entry]);
  },
  'care.record'({ clients, visits, followUps }, { input }, schedules, day) {
    const [id, client_id] = [String(input['visit_id']), String(input['client_id'])];
    if (visits.has(id)) return;
    visits.set(id, { ...input, id, voided: false, version: 0 });
    const client = clients.get(client_id);
    const purposes = [...((client?.['purposes'] as string[] | undefined) ?? ['care']), ...(input['follow_up_consented'] ? ['follow_up'] : [])];
    for (const due of followUpsOf(input as unknown as Visit, schedules, day, purposes))
      followUps.set(due.id, {
        ...due,
        client_id,
        visit_id: id,
        place_code: input['place_code'],
        done_on: null,
        status: 'requested',
        consented: true,
        voided: false,
      });
  },
  'care.amend'({ visits }, { input }) {
    const id = String(input['visit_id']);
    const before = visits.get(id);
    if (before) visits.set(id, { ...before, ...input, id, version: before['version'] });
  },
  'care.follow_up'({ followUps }, { input }) {
    const id = String(input['follow_up_id']);
    const before = followUps.get(id);
    if (before) followUps.set(id, { ...before, done_on: input['done_on'], outcome: input['outcome'], status: 'completed' });
  },
  'care.book'({ clients, appointments }, { input }) {
    const id = String(input['appointment_id']);
    const place_code = clients.get(String(input['client_id']))?.['place_code'];
    if (!appointments.has(id)) appointments.set(id, { ...input, id, place_code, status: input['walks_in'] ? 'arrived' : 'booked', queue_number: null });
  },
  'care.rebook'({ appointments }, { input }) {
    const { session_id, slot_at } = input;
    change(appointments, input['appointment_id'], { session_id, slot_at, status: 'booked' });
  },
  'care.cancel_appointment'({ appointments }, { input }) {
    change(appointments, input['appointment_id'], { status: 'cancelled' });
  },
  'care.check_in'({ appointments }, { input }) {
    change(appointments, input['appointment_id'], { status: 'arrived' });
  },
};

function change(rows: Map<string, Row>, id: unknown, changes: Row): void {
  const before = rows.get(String(id));
  if (before) rows.set(String(id), { ...before, ...changes });
}
