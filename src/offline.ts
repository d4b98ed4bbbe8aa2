import { today } from './kit/day.ts';
import { type DueRow, dueList } from './modules/care/due-list.ts';
import type { Schedules } from './modules/care/schedule.ts';
import { layOver, overlaid, type View } from './overlay.ts';
import { answerOffline } from './web/api.ts';
import type { Row } from './web/carried.ts';
import { enqueue, type Kept, phone } from './web/sync.ts';

/** How many clients a page lists at a time, as the server does. */
const pageSize = 50;

let made: { of: number; day: string; view: View; sorted: Row[]; visitsBy: Map<string, Row[]>; followUpsBy: Map<string, Row[]> } | undefined;

/** The view as it is now, made anew when something changed. */
function now(kept: Kept) {
  const day = today();
  if (made && made.of === phone.version && made.day === day) return made;
  const view = overlaid(phone.carried, phone.pending, kept.schedules as Schedules, day);
  const sorted = [...view.clients.values()].filter((row) => !row['merged_into_id']).sort((a, b) => (String(a['name']) < String(b['name']) ? -1 : 1));
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
  if (url.pathname === `/api/places/${kept.session.place_code}/particulars`) return kept.particulars;
  const { view, sorted, day, visitsBy, followUpsBy } = now(kept);
  const place = url.searchParams.get('place') ?? kept.session.place_code;
  if (url.pathname === '/api/due') {
    const here = [...view.followUps.values()].filter((row) => String(row['place_code']).startsWith(place));
    const tasks = dueList(here as unknown as DueRow[], view.clients as never, (kept.schedules as Schedules).kinds, day);
    return { total: tasks.length, day, tasks: tasks.slice(0, Number(url.searchParams.get('limit') ?? 200)) };
  }
  if (url.pathname === '/api/clients') return { clients: clientsLike(sorted, url.searchParams) };
  const [, id, part] = /^\/api\/clients\/([0-9a-f-]{36})(?:\/(\w+))?$/.exec(url.pathname) ?? [];
  const client = id ? view.clients.get(id) : undefined;
  if (!id || !client || client['merged_into_id']) return undefined;
  if (part === undefined) return { phone: null, id_number_end: null, ...client, seen: view.amendments.get(id)?.join(' ') };
  if (part === 'conflicts') return { conflicts: phone.carried.of(id, 'registry.conflict').filter((row) => row['status'] === 'open') };
  if (part !== 'visits') return undefined;
  const newest = (a: Row, b: Row) => (String(a['visited_on']) < String(b['visited_on']) ? 1 : -1);
  return { visits: (visitsBy.get(id) ?? []).toSorted(newest), follow_ups: (followUpsBy.get(id) ?? []).filter((row) => !row['voided']) };
}

/** Clients whose name, its sound, birth day or number begins with what was typed; those after the last one shown, when one is named. */
function clientsLike(sorted: readonly Row[], asked: URLSearchParams): Row[] {
  const words = (asked.get('find') ?? '').trim().toLowerCase();
  const found: Row[] = [];
  let isAfter = !asked.has('after_id');
  for (const row of sorted) {
    if (!isAfter) isAfter = row['id'] === asked.get('after_id');
    else if (
      words === '' ||
      likeFields.some((field) =>
        String(row[field] ?? '')
          .toLowerCase()
          .startsWith(words),
      )
    )
      found.push(row);
    if (found.length === pageSize) break;
  }
  return found;
}
const likeFields = ['name', 'name_pinyin', 'name_initials', 'record_number', 'born_on'];

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
