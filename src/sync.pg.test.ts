import { IDBFactory, IDBKeyRange } from 'fake-indexeddb';
import fc from 'fast-check';
import { sql } from 'kysely';
import { beforeAll, describe, expect, it } from 'vitest';
import { pulled } from './app.ts';
import { addDays, today } from './kit/day.ts';
import { idWithin, newId } from './kit/id.ts';
import { schedulesOf } from './modules/care/server-schedules.ts';
import { amendedFields } from './modules/registry/client.ts';
import { overlaid, type View } from './overlay.ts';
import type { Actor } from './platform/access.ts';
import { pull } from './platform/pull.ts';
import type { House, Item, Outcome } from './platform/room.ts';
import { run } from './platform/run.ts';
import { aClient, aGround, aHouse, aPerson, aVisit, facilityId, program, send } from './testing/house.ts';
import { type Change, openLocal } from './web/local-db.ts';
import { type Holder, Phone } from './web/phone.ts';

/** How many histories of clients are lived through; each world holds `clients` of them side by side. */
const histories = Number(process.env['ZHIYUAN_HISTORIES'] ?? 10_000);
const clientsOfWorld = 200;
const stepsOfWorld = 900;
/** Worlds lived through side by side, each in its own county. */
const atOnce = 5;

/** What a broken exchange would do: each must be found out. */
type Fault = 'forgets_what_was_sent' | 'loses_the_order' | 'forgets_what_waits' | 'lays_nothing_over' | 'keeps_no_conflict' | 'overwrites';

let house: House;
beforeAll(async () => {
  house = await aHouse();
});

/** A phone in a world where lines break at any point, disks refuse, clocks are wrong and apps are killed. */
class Handset {
  readonly actor: Actor;
  readonly local;
  phone: Phone;
  readonly #key: CryptoKey;
  readonly #chance: () => number;
  readonly #fault: Fault | undefined;
  /** Days by which its clock is wrong. */
  readonly skew: number;
  isCalm = false;
  /** What it was told to keep, and what it was told is kept by the server. */
  readonly kept = new Map<string, Item>();

  constructor(actor: Actor, key: CryptoKey, chance: () => number, skew: number, fault: Fault | undefined) {
    this.actor = actor;
    this.#key = key;
    this.#chance = chance;
    this.#fault = fault;
    this.skew = skew;
    this.local = openLocal(newId(), { indexedDB: new IDBFactory(), IDBKeyRange });
    this.phone = this.#started();
  }

  #started(): Phone {
    return new Phone<unknown>({
      local: this.local,
      ask: (path, body) => this.#ask(path, body) as never,
      fetchKept: async () => ({}),
      alone: (work) => work(),
      ruleOf: (error) => (error as Error).message,
      now: () => new Date(Date.now() + this.skew * 86_400_000),
      tell: () => {},
    });
  }

  /** Killed, and opened again with its key: what was on the disk is all it knows. */
  async restart(): Promise<void> {
    this.phone = this.#started();
    await this.phone.openWith(this.#key);
  }

  async keep(name: string, input: Record<string, unknown>): Promise<string | undefined> {
    const id = newId();
    const whole = this.local.transaction.bind(this.local);
    if (!this.isCalm && this.#chance() < 0.02) this.local.transaction = () => Promise.reject(new Error('no room')) as never;
    try {
      await this.phone.enqueue(name, input, id);
    } catch {
      return undefined; // the person was told that it was not kept
    } finally {
      this.local.transaction = whole;
    }
    this.kept.set(id, { id, name, input });
    return id;
  }

  async sync(): Promise<void> {
    const whole = this.local.transaction.bind(this.local);
    if (!this.isCalm && this.#chance() < 0.1) {
      let left = Math.floor(this.#chance() * 4);
      this.local.transaction = ((...given: unknown[]) => {
        left -= 1;
        return left < 0 ? Promise.reject(new Error('no room')) : (whole as (...all: unknown[]) => unknown)(...given);
      }) as never;
    }
    await this.phone.sync();
    this.local.transaction = whole;
  }

  /** The line: cut on the way there, cut on the way back, or whole; what comes over it is text. */
  async #ask(path: string, body?: unknown): Promise<unknown> {
    const cut = this.isCalm ? 1 : this.#chance();
    if (cut < 0.08) throw new Error('no_connection');
    const answer = JSON.stringify(await this.#serve(path, JSON.parse(JSON.stringify(body ?? null))));
    if (cut < 0.2) return JSON.parse(answer.slice(0, Math.floor(answer.length * this.#chance())));
    return JSON.parse(answer);
  }

  async #serve(path: string, body: unknown): Promise<unknown> {
    const { actor } = this;
    if (path === '/api/session')
      return { account_id: actor.account_id, place_code: actor.place_code, role: actor.role.name, reads: actor.role.reads } satisfies Holder;
    if (path === '/api/commands') {
      let { items } = body as { items: Item[] };
      const asSent = items.map((item) => item.id);
      if (this.#fault === 'forgets_what_was_sent') items = items.map((item) => ({ ...item, id: newId() }));
      if (this.#fault === 'loses_the_order') items = items.toReversed();
      if (this.#fault === 'forgets_what_waits') items = items.map((item) => ({ ...item, input: { ...(item.input as object), seen: undefined } }));
      if (this.#fault === 'overwrites')
        items = items.map((item) => (item.name === 'registry.amend' ? { ...item, input: { ...(item.input as object), version: undefined } } : item));
      if (this.#fault === 'overwrites')
        for (const item of items.filter(({ name }) => name === 'registry.amend')) {
          const client_id = (item.input as { client_id: string }).client_id;
          const { rows } = await sql<{
            version: number;
          }>`select version from registry.client where county_code = ${actor.county_code} and id = ${client_id}`.execute(house.database.owner);
          Object.assign(item.input as object, { version: rows[0]?.version ?? 1 });
        }
      let outcomes = await run(house, actor, items);
      if (this.#fault === 'loses_the_order') outcomes = outcomes.toReversed();
      if (this.#fault === 'keeps_no_conflict') await sql`delete from registry.conflict where county_code = ${actor.county_code}`.execute(house.database.owner);
      return { outcomes: outcomes.map((outcome, index) => ({ ...outcome, id: asSent[index] })) };
    }
    const asked = new URL(path, 'http://phone').searchParams;
    return serverPull(actor, Number(asked.get('after')), Number(asked.get('limit')));
  }
}

const serverPull = (actor: Actor, after: number, limit: number) => pull(house.database, actor, pulled, after, limit);

interface Edit {
  id: string;
  client_id: string;
  name: string;
  /** The name that the editor was looking at. */
  seen: string;
}

let nextCounty = 300_000;

/** Lives through one world of phones and a station, and tells what went wrong in it: nothing, when the exchange is right. */
async function live(seed: number, clients = clientsOfWorld, steps = stepsOfWorld, fault?: Fault): Promise<string[]> {
  const chance = randomFrom(seed);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(chance() * list.length)] as T;
  nextCounty += 1;
  const county = String(nextCounty);
  await aGround(house, county);
  const key = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt']);
  const village = (code: string) => aPerson('village_worker', county + code, county);
  const handsets = [village('101001'), village('101001'), aPerson('village_worker', `${county}101`, county), village('102001')].map(
    (actor) => new Handset(actor, key, chance, chance() < 0.3 ? Math.floor(chance() * 20) - 10 : 0, fault),
  );
  for (const handset of handsets) await handset.phone.openWith(key);
  const schedules = schedulesOf(house.packs);
  const places = ['101001', '101002', '102001', '102002'].map((code) => county + code);
  const station = program(county);
  const sessions = [newId(), newId()];
  const hours = { opens_at: '08:00', closes_at: '09:00', slot_minutes: 30, places_per_slot: 3 };
  for (const session_id of sessions)
    await send(house, station, 'care.open_session', { session_id, facility_id: facilityId, place_code: county, held_on: addDays(today(), 3), ...hours });
  const wrong: string[] = [];
  const edits: Edit[] = [];
  const begun: string[] = [];
  const left = new Set<string>(); // clients who at some time left a place or were shut
  let serial = 0;
  const atStation = async (name: string, input: Record<string, unknown>) => {
    const [outcome] = await run(house, station, [{ id: newId(), name, input }]);
    return outcome as Outcome;
  };
  const views = new WeakMap<Phone, { version: number; view: View }>();
  const viewOf = ({ phone }: Handset): View => {
    const known = views.get(phone);
    if (known?.version === phone.version) return known.view;
    const view = overlaid(phone.carried, fault === 'lays_nothing_over' ? [] : phone.pending, schedules, today());
    views.set(phone, { version: phone.version, view });
    return view;
  };

  const acts: [number, (handset: Handset) => Promise<void>][] = [
    [
      0.2,
      async (handset) => {
        if (begun.length >= clients) return;
        const place = places.filter((code) => code.startsWith(handset.actor.place_code));
        const client = aClient({ place_code: pick(place), name: `名${serial++}` });
        if (await handset.keep('registry.register', client)) begun.push(client.client_id);
      },
    ],
    [
      0.2,
      async (handset) => {
        const client = pick([...viewOf(handset).clients.values()]);
        if (!client) return;
        const day = addDays(today(), handset.skew - 1);
        const visit = aVisit(String(client['id']), {
          place_code: String(client['place_code']),
          visited_on: day,
          served_on: day,
          follow_up_consented: chance() < 0.7,
        });
        const id = await handset.keep('care.record', visit);
        if (id && !viewOf(handset).visits.has(visit.visit_id)) wrong.push('a recorded visit is not shown on the phone that recorded it');
      },
    ],
    [
      0.2,
      async (handset) => {
        const client = pick([...viewOf(handset).clients.values()].filter((row) => !row['merged_into_id']));
        if (!client) return;
        const client_id = String(client['id']);
        const name = `改${serial++}`;
        const seen = viewOf(handset).amendments.get(client_id)?.join(' ');
        const input = { client_id, version: client['version'], name, ...(chance() < 0.3 ? { residence: pick(['resident', 'migrant']) } : {}) };
        const id = await handset.keep('registry.amend', { ...input, ...(seen ? { seen } : {}) });
        if (!id) return;
        edits.push({ id, client_id, name, seen: String(client['name']) });
        if (viewOf(handset).clients.get(client_id)?.['name'] !== name) wrong.push(`an edit is not shown on the phone that made it: ${name}`);
      },
    ],
    [
      0.05,
      async (handset) => {
        const due = pick([...viewOf(handset).followUps.values()].filter((row) => !row['done_on'] && row['status'] === 'requested'));
        if (due) await handset.keep('care.follow_up', { follow_up_id: due['id'], done_on: today(), outcome: 'well' });
      },
    ],
    [
      0.04,
      async (handset) => {
        const client = pick([...viewOf(handset).clients.values()]);
        if (!client) return;
        const input = {
          appointment_id: newId(),
          client_id: client['id'],
          session_id: pick(sessions),
          slot_at: pick(['08:00', '08:30']),
          service: 'contraception',
        };
        await handset.keep('care.book', input);
      },
    ],
    [0.13, (handset) => handset.sync()],
    [0.03, (handset) => handset.restart()],
    [
      0.06,
      async () => {
        const { rows } = await sql<{ id: string; version: number; name: string }>`
          select id, version, name from registry.client where county_code = ${county} and not restricted order by id limit 1 offset ${Math.floor(chance() * begun.length)}`.execute(
          house.database.owner,
        );
        const [client] = rows;
        if (!client) return;
        const id = newId();
        const name = `站${serial++}`;
        const outcomes = await run(house, station, [{ id, name: 'registry.amend', input: { client_id: client.id, version: client.version, name } }]);
        if (outcomes[0]?.status === 'done') edits.push({ id, client_id: client.id, name, seen: client.name });
      },
    ],
    [
      0.03,
      async () => {
        // Two records turn out to be one person; a third of the time one that was merged is taken apart again.
        const isApart = chance() < 0.35;
        const { rows } = await sql<{ id: string; merged_into_id: string | null }>`
          select id, merged_into_id from registry.client where county_code = ${county} and not restricted and (merged_into_id is not null) = ${isApart} order by id`.execute(
          house.database.owner,
        );
        const [kept, other] = [pick(rows), pick(rows)];
        if (!kept || !other || (!isApart && kept.id === other.id)) return;
        left.add(other.id);
        if (isApart) await atStation('registry.unmerge', { kept_id: other.merged_into_id as string, other_id: other.id });
        else await atStation('registry.merge', { kept_id: kept.id, other_id: other.id });
      },
    ],
    [
      0.06,
      async () => {
        const client_id = pick(begun);
        if (!client_id) return;
        left.add(client_id);
        const what = chance();
        if (what < 0.4) await atStation('rights.withdraw_consent', { client_id, purpose: 'care', withdrawn_on: today() });
        else if (what < 0.6) {
          const { rows } = await sql<{
            version: number;
          }>`select version from registry.client where county_code = ${county} and id = ${client_id} and not restricted`.execute(house.database.owner);
          if (rows[0]) await atStation('registry.amend', { client_id, version: rows[0].version, place_code: pick(places) });
        } else if (what < 0.8) {
          const said = {
            purpose: 'care',
            text_version: '2026-1',
            language: 'zh',
            given_on: today(),
            given_by: 'client',
            given_alone: true,
            how: 'verbal',
            witness: '她选的人',
          };
          await run(house, { ...station, restricted: true }, [
            { id: newId(), name: 'rights.give_consent', input: { consent_id: newId(), client_id, ...said } },
          ]);
        } else await atStation('rights.withdraw_consent', { client_id, purpose: 'follow_up', withdrawn_on: today() });
      },
    ],
  ];
  for (let step = 0; step < steps; step += 1) {
    let which = chance();
    const act = acts.find(([share]) => {
      which -= share;
      return which < 0;
    });
    await act?.[1](pick(handsets));
  }

  for (const handset of handsets) {
    handset.isCalm = true;
    await handset.restart();
  }
  for (let round = 0; round < 2; round += 1) for (const handset of handsets) await handset.sync();
  await check(county, handsets, edits, left, wrong);
  for (const handset of handsets) handset.local.close();
  return wrong;
}

/** What must be true once every phone has been in step: nothing lost, nothing doubled, nothing overwritten unseen, everything the same. */
async function check(county: string, handsets: readonly Handset[], edits: readonly Edit[], left: ReadonlySet<string>, wrong: string[]): Promise<void> {
  const { rows: entries } = await sql<{ id: string; seq: number; command: string; subject: string }>`
    select id, seq, command, coalesce(input ->> 'client_id', '') as subject from journal.entry where county_code = ${county} order by seq`.execute(
    house.database.owner,
  );
  const inJournal = new Map(entries.map((entry) => [entry.id, entry]));
  for (const [n, handset] of handsets.entries()) {
    const state = await handset.phone.state();
    if (state.waiting > 0) wrong.push(`phone ${n}: ${state.waiting} still wait: ${state.trouble}`);
    const refused = new Map(state.refused.map((command) => [command.id, command]));
    for (const [id, item] of handset.kept) {
      const was = refused.get(id);
      if (!inJournal.has(id) && !was) wrong.push(`phone ${n}: ${item.name} ${id} was kept and is lost`);
      if (inJournal.has(id) && was) wrong.push(`phone ${n}: ${item.name} is in the journal and told as refused: ${was.findings?.[0]?.rule}`);
    }
    for (const { name, input, findings } of state.refused) {
      const rule = findings?.[0]?.rule ?? '';
      const client = String(input['client_id'] ?? '');
      const isGone = ['not_found', 'not_your_place'].includes(rule) && (left.has(client) || client === '' || name === 'care.follow_up');
      const isMerged = rule === 'merged_already' && (left.has(client) || client === '');
      const isWrongDay = rule === 'in_the_future' && handset.skew > 0;
      const isFull = name === 'care.book' && ['slot_full', 'booked_already'].includes(rule);
      if (!isGone && !isMerged && !isWrongDay && !isFull && !(rule === 'done_already' && name === 'care.follow_up'))
        wrong.push(`phone ${n}: ${name} refused: ${rule}`);
    }
    await sameRows(n, handset, wrong);
  }
  const { rows: slots } = await sql<{ taken: number }>`
    select count(*)::int as taken from care.appointment where county_code = ${county} and status <> 'cancelled' group by session_id, slot_at`.execute(
    house.database.owner,
  );
  for (const { taken } of slots) if (taken > 3) wrong.push(`a slot of three places is booked ${taken} times`);
  await namesKept(county, edits, inJournal, wrong);
}

/** What a phone carries is what its place's rows are. */
async function sameRows(n: number, handset: Handset, wrong: string[]): Promise<void> {
  const there = new Map<string, string>();
  for (let after = 0; ; ) {
    const page = await serverPull(handset.actor, after, 2000);
    for (const { table, row } of page.changes as Change[]) if (table !== 'departure') there.set(`${table} ${row['id']}`, JSON.stringify(row));
    after = page.checkpoint;
    if (!page.more) break;
  }
  await handset.restart(); // from the disk, not from memory
  const here = new Map(handset.phone.carried.changes().map(({ table, row }) => [`${table} ${row['id']}`, JSON.stringify(row)]));
  for (const [name, row] of there) if (here.get(name) !== row) wrong.push(`phone ${n}: ${name} differs: ${here.get(name)?.slice(0, 300) ?? 'missing'}`);
  for (const name of here.keys()) if (!there.has(name)) wrong.push(`phone ${n}: carries ${name}, which is not its own`);
  const clients = new Set((await handset.local.segments.toArray()).flatMap((segment) => segment.clients));
  const known = new Set([...there.keys()].filter((name) => name.startsWith('registry.client ')).map((name) => name.slice(16)));
  for (const client of clients) if (!known.has(client)) wrong.push(`phone ${n}: something of ${client} lies on its disk`);
}

/** Every name that was given stands, was seen by whoever replaced it, or is kept beside the one that stands. */
async function namesKept(county: string, edits: readonly Edit[], inJournal: ReadonlyMap<string, { seq: number }>, wrong: string[]): Promise<void> {
  const { rows: clients } = await sql<{ id: string; name: string }>`select id, name from registry.client where county_code = ${county}`.execute(
    house.database.owner,
  );
  const { rows: conflicts } = await sql<{ id: string }>`select id from registry.conflict where county_code = ${county} and field = 'name'`.execute(
    house.database.owner,
  );
  const kept = new Set(conflicts.map((row) => row.id));
  const index = amendedFields.indexOf('name') + 1;
  const taken = edits.filter(({ id }) => inJournal.has(id)).sort((a, b) => (inJournal.get(a.id)?.seq ?? 0) - (inJournal.get(b.id)?.seq ?? 0));
  for (const { id: client_id, name } of clients) {
    let standing: string | undefined;
    for (const edit of taken.filter((one) => one.client_id === client_id)) {
      const wasSeen = standing === undefined || edit.seen === standing;
      const isBeside = kept.has(idWithin(edit.id, index));
      if (wasSeen && isBeside) wrong.push(`${edit.name} was taken for a conflict though its maker had seen ${standing}`);
      if (!wasSeen && !isBeside) wrong.push(`${edit.name} met ${standing}, which its maker had not seen, and is not kept beside it`);
      if (wasSeen) standing = edit.name;
    }
    if (standing !== undefined && standing !== name) wrong.push(`${standing} should stand and ${name} does`);
  }
}

/** Numbers between 0 and 1 that follow from a seed (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

describe('phones, cuts, full disks, wrong clocks, kills, edits, withdrawals, moves and merges', () => {
  it(`${histories} histories: the phones and the server come to the same, nothing lost, doubled or overwritten unseen`, async () => {
    const several = fc.array(fc.integer({ min: 1 }), { minLength: atOnce, maxLength: atOnce });
    await fc.assert(
      fc.asyncProperty(several, async (seeds) => {
        const wrong = await Promise.all(seeds.map(async (seed) => (await live(seed)).map((what) => `world ${seed}: ${what}`)));
        expect(wrong.flat()).toEqual([]);
      }),
      { numRuns: Math.ceil(histories / clientsOfWorld / atOnce), endOnFailure: true },
    );
  }, 900_000);

  it.each<Fault>(['forgets_what_was_sent', 'loses_the_order', 'forgets_what_waits', 'lays_nothing_over', 'keeps_no_conflict', 'overwrites'])(
    'an exchange that %s is found out',
    async (fault) => {
      const found = [...(await live(7, 60, 400, fault)), ...(await live(8, 60, 400, fault))];
      expect(found).not.toEqual([]);
    },
  );
});
