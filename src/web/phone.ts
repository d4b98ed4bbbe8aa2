import { newId } from '../kit/id.ts';
import { Carried } from './carried.ts';
import { draftName, draftOf, keepDraft } from './drafts.ts';
import { awake, keepMeta, type LocalDb, lockOf, metaOf, wipe } from './local-db.ts';
import { type Command, holderOf, keepCommand, type Pending, pushSome, readOutbox } from './outbox.ts';
import { keepPage, type Page, pageSize, readSegments, tidy } from './segments.ts';
import { type Lock, mostWrong, newLock, newPasskeyLock, opened, openLock, openPasskeyLock, type PasskeyLock, type Sealed, sealed } from './vault.ts';

/** Who is signed in, as far as the phone needs to know. */
export interface Holder {
  account_id: string;
  place_code: string;
  role: string;
  reads: readonly string[];
}

/** Where the phone stands; always told as it is. */
export interface SyncState {
  isCarrying: boolean;
  isOpen: boolean;
  hasPasskey: boolean;
  rows: number;
  waiting: number;
  /** Commands that wait on this phone for another person to sign in. */
  ofOthers: number;
  refused: Command[];
  at: string | undefined;
  trouble: string | undefined;
}

/** The world around a phone: its storage, the server, the clock; a test gives it others. */
export interface World<K> {
  local: LocalDb;
  /** Asks the server; what it refuses, and no connection, is thrown. */
  ask: <T>(path: string, body?: unknown) => Promise<T>;
  /** What the pages need without a network besides rows: what changes every day on top of what was kept before, all of it when that is old. */
  fetchKept: (holder: Holder, before: K | undefined) => Promise<K>;
  /** Runs alone among all tabs. */
  alone: <T>(work: () => Promise<T>) => Promise<T>;
  /** What went wrong, as the name of a rule. */
  ruleOf: (error: unknown) => string;
  now: () => Date;
  /** Told that something changed. */
  tell: () => void;
}

/** Rows asked for at once on a line that breaks; how long answers are kept, in milliseconds. */
const smallestPage = 50;
const keptFor = 12 * 3600_000;

/**
 * A phone that carries a place's records under a PIN: what changed comes down, commands go up, each kept on the disk before anything is
 * said. The rules of the exchange: an acknowledgement takes off only what was sent; an acknowledged command is shown until what it did
 * has come down; rows are never changed here, what waits is laid over them; a refused command blocks nobody.
 */
export class Phone<K = unknown> {
  readonly #world: World<K>;
  #key: CryptoKey | undefined;
  #carried = new Carried();
  #pending: Pending[] = [];
  #kept: K | undefined;
  #trouble: string | undefined;
  /** The checkpoint that the opened rows stand at: another tab may have gone on. */
  #at = 0;
  /** Grows with every change of what the phone knows: views made of it are made anew. */
  version = 0;

  constructor(world: World<K>) {
    this.#world = world;
  }

  get isOpen(): boolean {
    return this.#key !== undefined;
  }
  get carried(): Carried {
    return this.#carried;
  }
  get kept(): K | undefined {
    return this.#kept;
  }
  /** Commands whose effect has not come down yet, oldest first: waiting ones, and those sent since the last pull. */
  get pending(): readonly Command[] {
    return this.#pending.filter(({ state }) => state !== 'refused');
  }

  async state(): Promise<SyncState> {
    const { local } = this.#world;
    const account = await holderOf(local);
    const waiting = await local.outbox.where('state').equals('waiting').toArray();
    return {
      isCarrying: (await lockOf(local)) !== undefined,
      isOpen: this.isOpen,
      hasPasskey: (await metaOf(local, 'passkey')) !== undefined,
      rows: this.#carried.size,
      waiting: waiting.length,
      ofOthers: waiting.filter(({ account_id }) => account !== '' && account_id !== account).length,
      refused: this.#pending.filter(({ state }) => state === 'refused'),
      at: await metaOf<string>(local, 'synced_at'),
      trouble: this.#trouble,
    };
  }

  /** Begins to carry records on this phone, under a PIN of six digits or more. */
  async carry(pin: string): Promise<void> {
    const { local } = this.#world;
    const made = await newLock(pin);
    await wipe(local);
    await keepMeta(local, 'lock', made.lock);
    await this.#openWith(made.key);
    await this.sync();
  }

  /** Opens with the PIN; gives how many tries are left when it was wrong. The last one wipes. */
  async unlock(pin: string): Promise<number | undefined> {
    const { local } = this.#world;
    const lock = (await lockOf(local)) as Lock;
    const key = await openLock(lock, pin);
    if (key) {
      if (lock.wrong > 0) await keepMeta(local, 'lock', { ...lock, wrong: 0 });
      await this.#openWith(key);
      return undefined;
    }
    const wrong = lock.wrong + 1;
    if (wrong >= mostWrong) await this.forget();
    else await keepMeta(local, 'lock', { ...lock, wrong });
    this.#world.tell();
    return mostWrong - wrong;
  }

  /** Opens with a key that was unlocked another way. */
  async openWith(key: CryptoKey): Promise<void> {
    await this.#openWith(key);
  }

  /** From now on the phone's own lock opens it too; gives false when the PIN is wrong. */
  async addPasskey(pin: string, name: string): Promise<boolean> {
    const { local } = this.#world;
    const made = await newPasskeyLock((await lockOf(local)) as Lock, pin, name);
    if (made) await keepMeta(local, 'passkey', made);
    this.#world.tell();
    return made !== undefined;
  }

  /** Opens with the phone's own lock: fingerprint, face or screen lock. */
  async unlockWithPasskey(): Promise<void> {
    const lock = await metaOf<PasskeyLock>(this.#world.local, 'passkey');
    if (lock) await this.#openWith(await openPasskeyLock(lock));
  }

  close(): void {
    this.#key = undefined;
    this.#carried = new Carried();
    this.#pending = [];
    this.#kept = undefined;
    this.#changed();
  }

  /** Leaves nothing behind. */
  async forget(): Promise<void> {
    await wipe(this.#world.local);
    this.close();
  }

  /** Keeps a command until it can be sent: it is on the disk when this returns. */
  async enqueue(name: string, input: Record<string, unknown>, id = newId()): Promise<void> {
    const key = this.#key;
    if (!key) throw new Error('the phone is locked');
    await awake(this.#world.local);
    const pending = await keepCommand(this.#world.local, key, { id, name, input, at: this.#world.now().toISOString() });
    if (pending) this.#pending = [...this.#pending, pending];
    this.#changed();
  }

  /** Keeps what is half filled in about a client, so that an app that is killed loses nothing; undefined takes it off. */
  async keepDraft(about: string, draft: unknown): Promise<void> {
    const key = this.#key;
    if (!key) return;
    await awake(this.#world.local);
    await keepDraft(this.#world.local, key, about, draft);
  }

  /** What was half filled in about a client. */
  async draftOf<T>(about: string): Promise<T | undefined> {
    return this.#key && draftOf<T>(this.#world.local, this.#key, about);
  }

  /** A refused command that the person has seen is thrown away. */
  async dismiss(id: string): Promise<void> {
    await this.#world.local.outbox.where('id').equals(id).delete();
    await this.#readOutbox();
  }

  /** Sends refused commands once more: what stood in their way may have been put right. */
  async retry(): Promise<void> {
    await this.#world.local.outbox.where('state').equals('refused').modify({ state: 'waiting' });
    await this.#readOutbox();
    await this.sync();
  }

  /** Sends what waits, then fetches what changed; one tab at a time. What goes wrong is told and tried again the next time. */
  async sync(): Promise<void> {
    const key = this.#key;
    if (!key) return;
    await this.#world.alone(async () => {
      try {
        await awake(this.#world.local);
        const holder = await this.#world.ask<Holder>('/api/session');
        if (!(await this.#keepScope(holder))) return;
        await this.#readOutbox();
        await this.#push(key, holder);
        await this.#fetchChanges(key);
        await this.#fetchKept(key, holder);
        this.#trouble = undefined;
        await keepMeta(this.#world.local, 'synced_at', this.#world.now().toISOString());
      } catch (error) {
        this.#trouble = this.#world.ruleOf(error);
        // A revoked phone forgets everything; one merely signed out keeps what waits.
        if (this.#trouble === 'session_revoked') await this.forget();
      }
    });
    this.#changed();
  }

  /** Reads what another tab of this phone wrote. */
  async reread(): Promise<void> {
    if (this.#key) await this.#openWith(this.#key);
  }

  async #openWith(key: CryptoKey): Promise<void> {
    const { local } = this.#world;
    const carried = new Carried();
    for (const changes of await readSegments(local, key)) carried.take(changes);
    const kept = await metaOf<Sealed>(local, 'kept');
    this.#kept = kept && (await opened<K>(key, kept));
    this.#carried = carried;
    this.#at = (await metaOf<number>(local, 'checkpoint')) ?? 0;
    this.#key = key;
    await this.#readOutbox();
  }

  async #readOutbox(): Promise<void> {
    if (this.#key) this.#pending = await readOutbox(this.#world.local, this.#key);
    this.#changed();
  }

  #changed(): void {
    this.version += 1;
    this.#world.tell();
  }

  /** Another duty or place, or none that carries records: what was carried is not this one's to see. What waits stays. */
  async #keepScope({ account_id, place_code, role, reads }: Holder): Promise<boolean> {
    const { local } = this.#world;
    const may = reads.includes('pull');
    const scope = [account_id, place_code, role].join(' ');
    const before = await metaOf<string>(local, 'scope');
    if (!may || (before !== undefined && before !== scope)) {
      await local.transaction('rw', [local.segments, local.meta], async () => {
        await local.segments.clear();
        await local.meta.bulkDelete(['checkpoint', 'kept', 'kept_at']);
        await local.meta.where('name').startsWith(draftName('')).delete();
      });
      this.#carried = new Carried();
      this.#at = 0;
      this.#kept = undefined;
    }
    if (before !== scope) await keepMeta(local, 'scope', scope);
    if (!may) this.#trouble = 'not_your_duty';
    return may;
  }

  /** What came in meanwhile waits for the next round; only what was sent is acknowledged. */
  async #push(key: CryptoKey, { account_id }: Holder): Promise<void> {
    while (await pushSome(this.#world.local, key, account_id, this.#world.ask)) await this.#readOutbox();
  }

  /** Page after page, each kept together with its checkpoint: cut anywhere, it goes on from the last whole page. */
  async #fetchChanges(key: CryptoKey): Promise<void> {
    const { local } = this.#world;
    if (this.#at !== ((await metaOf<number>(local, 'checkpoint')) ?? 0)) await this.#openWith(key);
    for (;;) {
      const after = this.#at;
      const limit = (await metaOf<number>(local, 'page')) ?? pageSize;
      const page = await this.#world.ask<Page>(`/api/pull?after=${after}&limit=${limit}`).catch(async (error) => {
        await keepMeta(local, 'page', Math.max(smallestPage, Math.floor(limit / 2)));
        throw error;
      });
      await keepPage(local, key, page, this.#pending);
      this.#carried.take(page.changes);
      this.#at = page.checkpoint;
      if (limit < pageSize) await keepMeta(local, 'page', Math.min(pageSize, limit * 2));
      await this.#readOutbox();
      if (!page.more) break;
    }
    await tidy(local, key, this.#carried);
  }

  async #fetchKept(key: CryptoKey, holder: Holder): Promise<void> {
    const { local } = this.#world;
    const at = (await metaOf<number>(local, 'kept_at')) ?? 0;
    const now = this.#world.now().getTime();
    const isOld = Math.abs(now - at) > keptFor;
    const kept = await this.#world.fetchKept(holder, isOld ? undefined : this.#kept);
    await keepMeta(local, 'kept', await sealed(key, kept));
    if (isOld) await keepMeta(local, 'kept_at', now);
    this.#kept = kept;
  }
}
