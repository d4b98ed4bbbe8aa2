import { WebAuthnError } from '@simplewebauthn/browser';
import { keepPreviousData, QueryClient, useQuery } from '@tanstack/react-query';
import { clock } from '../kit/day.ts';
import type { Answers, Form } from '../kit/form.ts';
import { newId } from '../kit/id.ts';
import type { Finding, ProblemBody } from '../kit/problem.ts';
import { isStorageError } from './storage.ts';

/** What the server refused, as it said it. */
export class Refused extends Error {
  readonly body: ProblemBody;

  constructor(body: ProblemBody) {
    super(body.title);
    this.body = body;
  }
}

export const queries = new QueryClient({
  defaultOptions: {
    mutations: { networkMode: 'always' },
    queries: { networkMode: 'always', retry: (count, error) => !(error instanceof Refused) && count < 2, staleTime: 1000, refetchOnWindowFocus: true },
  },
});

/** What goes on without a network, when the phone carries records: the questions it can answer, the commands that may wait on it. */
interface StandIn {
  isOpen: () => boolean;
  /** Whether something has not been sent and come back yet: then the phone knows more than the server. */
  isAhead: () => boolean;
  answer: (path: string) => unknown;
  keeps: (name: string) => boolean;
  enqueue: (name: string, input: Record<string, unknown>, id: string) => Promise<void>;
}
let standIn: StandIn | undefined;
export const answerOffline = (given: StandIn): void => {
  standIn = given;
};

/** How long a phone that knows the answer itself waits for the server's, in milliseconds. */
const patience = 2500;

/** Asks the server; a refusal is thrown with its findings, no connection as one of ours. */
export async function call<T>(path: string, init: RequestInit = {}): Promise<T> {
  const response = await fetch(path, init).catch(() => {
    throw new Refused({ type: '', code: 'offline', status: 0, title: 'offline', findings: [{ field: '', rule: 'no_connection' }] });
  });
  readClock(response);
  if (response.status === 204) return undefined as T;
  const body = await response
    .json()
    .catch(() => ({ findings: [{ field: '', rule: 'our_mistake' }], title: 'bug', code: 'bug', status: response.status, type: '' }));
  if (!response.ok) throw new Refused(body as ProblemBody);
  return body as T;
}

/** The server's clock is the right one. */
function readClock(response: Response): void {
  const at = Date.parse(response.headers.get('date') ?? '');
  const ahead = at - Date.now();
  // Within a minute or two it is the way of the answer, not the clock.
  if (Number.isFinite(ahead)) clock.ahead_ms = Math.abs(ahead) > 120_000 ? ahead : 0;
  if (Number.isFinite(ahead)) localStorage.setItem('zhiyuan-clock', String(clock.ahead_ms));
}
clock.ahead_ms = Number(localStorage.getItem('zhiyuan-clock') ?? 0) || 0;

/**
 * Asks whoever knows best: the server; the phone when it holds what has not come back from the server yet, when there is no network, or
 * when the server lets it wait.
 */
async function ask<T>(path: string): Promise<T> {
  const phone = standIn?.isOpen() ? standIn : undefined;
  if (!phone) return call<T>(path);
  const known = phone.answer(path) as T | undefined;
  if (known === undefined) return call<T>(path);
  if (!navigator.onLine || (phone.isAhead() && path !== '/api/session')) return known;
  try {
    return await call<T>(path, { signal: AbortSignal.timeout(patience) });
  } catch (error) {
    if (error instanceof Refused && error.body.code !== 'offline') throw error;
    return known;
  }
}

export const post = <T>(path: string, body: unknown) =>
  call<T>(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });

/** A question that stays fresh on the page; `keep`: the last answer stands until the next one is there. */
export function useAsked<T>(path: string, options: { every?: number; enabled?: boolean; keep?: boolean } = {}) {
  const { every = false, enabled = true, keep = false } = options;
  return useQuery({ queryKey: [path], queryFn: () => ask<T>(path), refetchInterval: every, enabled, ...(keep ? { placeholderData: keepPreviousData } : {}) });
}

/** Does something at the server; gives what was wrong, nothing when it was done, and asks everything on the page anew. */
export async function tried(work: () => Promise<unknown>): Promise<readonly Finding[]> {
  try {
    await work();
    void queries.invalidateQueries();
    return [];
  } catch (error) {
    if (error instanceof Refused) return error.body.findings;
    return [{ field: '', rule: ruleOf(error as Error) }];
  }
}

const ruleOf = (error: Error): string => {
  if (error.name === 'NotAllowedError') return 'passkey_too_late';
  if (error.message === 'no_prf') return 'no_prf';
  // A passkey's trouble bears names that a full disk's bears too.
  return isStorageError(error) && !(error instanceof WebAuthnError) ? 'storage_full' : 'our_mistake';
};

/** Sends one command by its name; gives its findings, none when it was done or is kept on the phone, which sends it as soon as it can. */
export async function tell(name: string, input: unknown, id = newId()): Promise<readonly Finding[]> {
  const phone = standIn;
  if (phone?.isOpen() && phone.keeps(name)) return tried(() => phone.enqueue(name, input as Record<string, unknown>, id));
  return tried(async () => {
    const { outcomes } = await post<{ outcomes: { status: string; problem?: ProblemBody }[] }>('/api/commands', { items: [{ id, name, input }] });
    const problem = outcomes[0]?.problem;
    if (problem) throw new Refused(problem);
  });
}

/** Sends one command; gives its findings, none when it was done. */
export const send = <F extends Form>(command: { name: string; form: F }, input: Answers<F>, id = newId()): Promise<readonly Finding[]> =>
  tell(command.name, input, id);

export interface Session {
  display_name: string;
  role: string;
  county_code: string;
  place_code: string;
  account_id: string;
  client_id?: string;
  must_change?: boolean;
  facility_id?: string;
  health_worker_id?: string;
  commands: string[];
  reads: string[];
  synthetic: boolean;
  titles: { zh: string; en: string }[];
}

export interface Place {
  place_code: string;
  parent_code: string | null;
  level: string;
  name_zh: string;
  name_en: string | null;
}

/** Who is signed in; not asked at the door. */
export const useSession = (enabled = true) => useAsked<Session>('/api/session', { enabled });

const nowhere = new Map<string, Place>();
const byCode = new WeakMap<object, Map<string, Place>>();

/** The places in the scope, by code. */
export function usePlaces(): Map<string, Place> {
  const { data } = useAsked<{ places: Place[] }>('/api/places');
  if (!data) return nowhere;
  let places = byCode.get(data);
  if (!places) {
    places = new Map(data.places.map((place) => [place.place_code, place]));
    byCode.set(data, places);
  }
  return places;
}
