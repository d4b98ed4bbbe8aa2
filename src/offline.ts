import { today } from './kit/day.ts';
import { type DueRow, dueList } from './modules/care/due-list.ts';
import type { Schedules } from './modules/care/schedule.ts';
import { layOver, overlaid, type View } from './overlay.ts';
import { answerOffline } from './web/api.ts';
import type { Row } from './web/carried.ts';
import { enqueue, type Kept, phone } from './web/sync.ts';

/** How many clients a page lists at a time, as the server does. */
const pageSize = 50;

/** A client with what she is found by. */
interface Findable {
  row: Row;
  key: string;
}

let made: { of: number; day: string; view: View; sorted: Findable[]; visitsBy: Map<string, Row[]>; followUpsBy: Map<string, Row[]> } | undefined;

/** The view as it is now, made anew when something changed. */
function now(kept: Kept) {
  const day = today();
  if (made && made.of === phone.version && made.day === day) return made;
  const view = overlaid(phone.carried, phone.pending, kept.schedules as Schedules, day);
  const there = [...view.clients.values()].filter((row) => !row['merged_into_id']);
  const sorted = there.sort((a, b) => (String(a['name']) < String(b['name']) ? -1 : 1)).map((row) => ({ row, key: keyOf(row) }));
  const by = (rows: Map<string, Row>) => Map.groupBy(rows.values(), (row) => String(row['client_id']));
  made = { of: phone.version, day, view, sorted, visitsBy: by(view.visits), followUpsBy: by(view.followUps) };
  return made;
}

/** What the pages are told from the phone: the same questions; undefined where it does not know. */
function answer(path: string): unknown {
  const { kept } = phone;
  if (!kept) return undefined;
  const url = new URL(path, location.origin);
  if (url.pathname === '/api/session') return kept.session;
  if (url.pathname === '/api/places') return kept.places;
  if (url.pathname === '/api/products') return kept.products;
  if (url.pathname === '/api/schedules') return kept.schedules;
  if (url.pathname === '/api/sessions') return kept.sessions;
  if (url.pathname === `/api/places/${kept.session.place_code}/particulars`) return kept.particulars;
  const { view, sorted, day, visitsBy, followUpsBy } = now(kept);
  const place = url.searchParams.get('place') ?? kept.session.place_code;
  if (url.pathname === '/api/due') {
    const here = [...view.followUps.values(), ...appointmentsDue(view, sessionsOf(kept))].filter((row) => String(row['place_code']).startsWith(place));
    const tasks = dueList(here as unknown as DueRow[], view.clients as never, (kept.schedules as Schedules).kinds, day);
    return { total: tasks.length, day, tasks: tasks.slice(0, Number(url.searchParams.get('limit') ?? 200)) };
  }
  if (url.pathname === '/api/clients') return { clients: clientsLike(sorted, url.searchParams) };
  const [, id, part] = /^\/api\/clients\/([0-9a-f-]{36})(?:\/(\w+))?$/.exec(url.pathname) ?? [];
  const client = id ? view.clients.get(id) : undefined;
  if (!id || !client || client['merged_into_id']) return undefined;
  if (part === undefined) return { phone: null, id_number_end: null, ...client, seen: view.amendments.get(id)?.join(' ') };
  if (part === 'conflicts') return { conflicts: phone.carried.of(id, 'registry.conflict').filter((row) => row['status'] === 'open') };
  if (part === 'appointments') return { appointments: appointmentsOf(view, id, sessionsOf(kept), day), contact: null, messages: [] };
  if (part !== 'visits') return undefined;
  const newest = (a: Row, b: Row) => (String(a['visited_on']) < String(b['visited_on']) ? 1 : -1);
  return { visits: (visitsBy.get(id) ?? []).toSorted(newest), follow_ups: (followUpsBy.get(id) ?? []).filter((row) => !row['voided']) };
}

type Sessions = ReadonlyMap<string, { held_on: string; name_zh: string; name_en: string | null }>;
const sessionsOf = (kept: Kept): Sessions =>
  new Map(
    ((kept.sessions as { sessions: { id: string; held_on: string; name_zh: string; name_en: string | null }[] }).sessions ?? []).map((one) => [one.id, one]),
  );

/** The day of an appointment, also of one that waits to be sent. */
const dayOfAppointment = (row: Row, sessions: Sessions) => String(sessions.get(String(row['session_id']))?.held_on ?? row['held_on'] ?? '');

/** Appointments to come, as the due list takes them. */
const appointmentsDue = ({ appointments }: View, sessions: Sessions): Row[] =>
  [...appointments.values()]
    .filter((row) => row['status'] === 'booked')
    .map((row) => {
      const day = dayOfAppointment(row, sessions);
      const days = { opens_on: day, due_on: day, closes_on: day, done_on: null };
      return { ...row, ...days, kind: 'appointment', step: 0, status: 'requested', consented: true, voided: false };
    });

/** A client's appointments to come and those she kept; one that was missed is not shown. */
const appointmentsOf = ({ appointments }: View, id: string, sessions: Sessions, day: string): Row[] =>
  [...appointments.values()]
    .filter((row) => row['client_id'] === id)
    .map((row) => {
      const { name_zh, name_en } = sessions.get(String(row['session_id'])) ?? { name_zh: '', name_en: null };
      return { ...row, held_on: dayOfAppointment(row, sessions), name_zh, name_en };
    })
    .filter((row) => row.held_on >= day || (row as Row)['status'] === 'fulfilled');

/** What a client is found by, each behind a mark, so that one look tells whether any of it begins with what was typed. */
const keyOf = (row: Row): string =>
  likeFields
    .map((field) => `\n${row[field] ?? ''}`)
    .join('')
    .toLowerCase();
const likeFields = ['name', 'name_pinyin', 'name_initials', 'record_number', 'born_on'];

/** Clients whose name, its sound, birth day or number begins with what was typed; those after the last one shown, when one is named. */
function clientsLike(sorted: readonly Findable[], asked: URLSearchParams): Row[] {
  const words = `\n${(asked.get('find') ?? '').trim().toLowerCase()}`;
  const found: Row[] = [];
  let isAfter = !asked.has('after_id');
  for (const { row, key } of sorted) {
    if (!isAfter) isAfter = row['id'] === asked.get('after_id');
    else if (key.includes(words)) found.push(row);
    if (found.length === pageSize) break;
  }
  return found;
}

/** From now on the pages go on without a network, as far as the phone carries what they need. */
export function standIn(): void {
  answerOffline({
    isOpen: () => phone.isOpen,
    isAhead: () => phone.pending.length > 0,
    answer,
    keeps: (name) => name in layOver,
    enqueue,
  });
}
