import { clock } from '../kit/day.ts';
import { call, post, Refused, type Session } from './api.ts';
import { openLocal } from './local-db.ts';
import { type Holder, Phone, type SyncState as PhoneState } from './phone.ts';
import { isStorageError } from './storage.ts';

/** What the phone knows without a network: as the pages ask for it. */
export interface Kept {
  session: Session;
  places: unknown;
  products: unknown;
  particulars: unknown;
  schedules: unknown;
  sessions: unknown;
}

/** Where the phone stands, with what the browser says of its storage. */
export interface SyncState extends PhoneState {
  /** How full the storage is, 0 to 1, where the browser tells. */
  full: number | undefined;
  /** Whether the browser promised not to clear it. */
  isPersistent: boolean;
  /** What this phone carried before the browser cleared it: how many commands were not sent yet, and when it last was in step. */
  evicted: { waiting: number; at: string | undefined } | undefined;
  /** By how many minutes this phone's clock is wrong. */
  clockWrong: number;
}

const heard = new Set<() => void>();
const local = openLocal();
const others = typeof BroadcastChannel === 'undefined' ? undefined : new BroadcastChannel('zhiyuan');
const marker = 'zhiyuan-carries';

const tellAll = () => {
  void mark();
  for (const hear of heard) hear();
};

async function fetchKept({ place_code }: Holder, before: Kept | undefined): Promise<Kept> {
  if (before) return { ...before, sessions: await call('/api/sessions') };
  const [session, places, products, particulars, schedules, sessions] = await Promise.all([
    call<Session>('/api/session'),
    call('/api/places'),
    call('/api/products'),
    call(`/api/places/${place_code}/particulars`),
    call('/api/schedules'),
    call('/api/sessions'),
  ]);
  return { session, places, products, particulars, schedules, sessions };
}

/** The phone in this browser. */
export const phone = new Phone<Kept>({
  local,
  ask: (path, body) => (body === undefined ? call(path) : post(path, body)),
  fetchKept,
  alone: (work) => navigator.locks.request('zhiyuan-sync', work) as never,
  ruleOf: (error) => {
    if (error instanceof Refused) return error.body.findings[0]?.rule ?? 'our_mistake';
    return isStorageError(error) ? 'storage_full' : 'our_mistake';
  },
  now: () => new Date(),
  tell: tellAll,
});

export const onSync = (hear: () => void) => {
  heard.add(hear);
  return () => void heard.delete(hear);
};

others?.addEventListener('message', () => void phone.reread());

/** Asks the browser to keep what the phone carries, then begins. */
export async function carry(pin: string): Promise<void> {
  await navigator.storage?.persist?.().catch(() => false);
  await phone.carry(pin);
  others?.postMessage('carried');
}

export async function syncNow(): Promise<void> {
  await phone.sync();
  others?.postMessage('synced');
}

/** Keeps a command on the phone and sends it as soon as there is a network. */
export async function enqueue(name: string, input: Record<string, unknown>, id: string): Promise<void> {
  await phone.enqueue(name, input, id);
  clearTimeout(soon);
  soon = setTimeout(syncNow, 400);
}
/** What is kept is sent a moment later: first the page that waits for it. */
let soon: ReturnType<typeof setTimeout> | undefined;

export async function stateOf(): Promise<SyncState> {
  const state = await phone.state();
  const estimate = await navigator.storage?.estimate?.().catch(() => undefined);
  const told = JSON.parse(localStorage.getItem(marker) ?? 'null') as { waiting: number; at: string | undefined } | null;
  return {
    ...state,
    full: estimate?.quota ? (estimate.usage ?? 0) / estimate.quota : undefined,
    isPersistent: (await navigator.storage?.persisted?.().catch(() => false)) ?? false,
    evicted: !state.isCarrying && told ? told : undefined,
    clockWrong: Math.round(clock.ahead_ms / 60_000),
  };
}

/** Remembers beside the storage that there was something in it, so that a browser that clears it is found out. */
async function mark(): Promise<void> {
  const { isCarrying, waiting, at } = await phone.state();
  if (isCarrying) localStorage.setItem(marker, JSON.stringify({ waiting, at }));
}

/** Forgets all, and that there was something. */
export async function forget(): Promise<void> {
  await phone.forget();
  localStorage.removeItem(marker);
}

export const forgetEviction = () => {
  localStorage.removeItem(marker);
  tellAll();
};
