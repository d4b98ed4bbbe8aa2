import { today } from './kit/day.ts';
import { type DueRow, dueList } from './modules/care/due-list.ts';
import { answerOffline } from './web/api.ts';
import { enqueue, isOpen, keptAnswers, keptRows, waitingCommands } from './web/sync.ts';

type Row = Record<string, unknown>;

const pageSize = 50;

/** What the pages are told without a network: the same questions, answered from what the phone carries; undefined where it does not know. */
async function answer(path: string): Promise<unknown> {
  const url = new URL(path, location.origin);
  const kept = await keptAnswers();
  if (!kept) return undefined;
  if (url.pathname === '/api/session') return kept.session;
  if (url.pathname === '/api/places') return kept.places;
  if (url.pathname === '/api/products') return kept.products;
  if (url.pathname.endsWith('/particulars')) return kept.particulars;
  const rows = await keptRows();
  const clients = (rows.get('registry.client') ?? []).filter((row) => !row['merged_into_id']);
  if (url.pathname === '/api/due') {
    const byId = new Map(clients.map((row) => [row['id'] as string, row as never]));
    const tasks = dueList((rows.get('care.follow_up') ?? []) as unknown as DueRow[], byId, kept.schedules.kinds, today());
    return { total: tasks.length, day: today(), tasks: tasks.slice(0, 200) };
  }
  if (url.pathname === '/api/clients') return { clients: clientsLike(clients, url.searchParams.get('find') ?? '') };
  const [, id, part] = /^\/api\/clients\/([0-9a-f-]{36})(?:\/(\w+))?$/.exec(url.pathname) ?? [];
  if (!id) return undefined;
  const client = clients.find((row) => row['id'] === id);
  if (part === undefined) return client && { phone: null, id_number_end: null, ...client };
  return part === 'visits' ? visitsOf(rows, id) : undefined;
}

function clientsLike(clients: Row[], typed: string): Row[] {
  const words = typed.trim().toLowerCase();
  const has = (value: unknown) =>
    String(value ?? '')
      .toLowerCase()
      .startsWith(words);
  return clients
    .filter((row) => words === '' || ['name', 'name_pinyin', 'name_initials', 'record_number', 'born_on'].some((field) => has(row[field])))
    .sort((a, b) => (String(a['name']) < String(b['name']) ? -1 : 1))
    .slice(0, pageSize);
}

/** Her visits and follow-ups as they came down, and on top those that still wait to be sent. */
async function visitsOf(rows: Map<string, Row[]>, id: string) {
  const own = (table: string) => (rows.get(table) ?? []).filter((row) => row['client_id'] === id);
  const waiting = (await waitingCommands())
    .filter(({ name, input }) => name === 'care.record' && input['client_id'] === id)
    .map(({ input }) => ({ ...input, id: input['visit_id'], voided: false, version: 0 }));
  const newest = (a: Row, b: Row) => (String(a['visited_on']) < String(b['visited_on']) ? 1 : -1);
  return { visits: [...waiting, ...own('care.visit').sort(newest)], follow_ups: own('care.follow_up').filter((row) => !row['voided']) };
}

/** From now on the pages go on without a network, as far as the phone carries what they need. */
export function standIn(): void {
  answerOffline({ isOpen, answer, enqueue });
}
