import type { Transaction } from 'kysely';
import type { Command } from '../kit/command.ts';
import type { Answers, Form } from '../kit/form.ts';
import type { Finding, ProblemBody } from '../kit/problem.ts';
import type { Keys } from './config.ts';
import { type Database, enter, type Scope, type Tx, txOf } from './database.ts';
import type { Entry } from './journal.ts';
import type { Packs } from './packs.ts';
import type { Tables } from './tables.generated.ts';

/** What a handler may use besides its entries: the transaction, the packs and the keys of blind indexes. No clock, no chance. */
export interface Room extends Tx {
  county_code: string;
  keys: Keys;
  packs: Packs;
  /**
   * Runs reads and writes whose effect must not depend on who acts (looking for duplicates, shutting a record) with the eyes of the
   * whole county, shut records included: a handler's effect has to be the same when the journal is replayed.
   */
  wholeCounty: <T>(work: () => Promise<T>) => Promise<T>;
}

/** The room of one transaction under a scope. */
export function roomOf(db: Transaction<Tables>, scope: Scope, house: Pick<House, 'keys' | 'packs'>): Room {
  let depth = 0;
  return {
    ...txOf(db),
    county_code: scope.county_code,
    keys: house.keys,
    packs: house.packs,
    async wholeCounty(work) {
      depth += 1;
      try {
        const { county_code, ledger } = scope;
        if (depth === 1) await enter(db, { county_code, place_code: county_code, people: true, restricted: true, desk: 'all', ledger });
        const result = await work();
        if (depth === 1) await enter(db, scope);
        return result;
      } finally {
        depth -= 1; // what the database refused is rolled back with its settings
      }
    },
  };
}

/** A command with what it does: works on the list of its entries, refuses single ones, throws only for all. */
export interface Handler {
  command: Command;
  prepare?: ((input: Record<string, unknown>) => Promise<Record<string, unknown>>) | undefined;
  work: (room: Room, entries: Entry[]) => Promise<void>;
}

export function handle<F extends Form>(
  command: Command<F>,
  work: (room: Room, entries: Entry<Answers<F>>[]) => Promise<void>,
  prepare?: (input: Answers<F>) => Promise<Answers<F>>,
): Handler {
  return { command: command as unknown as Command, work: work as unknown as Handler['work'], prepare: prepare as unknown as Handler['prepare'] };
}

/** A later chapter's answer to an earlier one's command, in the same transaction. */
export interface Listener {
  hears: string;
  work: (room: Room, entries: Entry[]) => Promise<void>;
}

/** The entries that break no rule; the others keep their findings and go no further. */
export function refuseEach<I>(entries: readonly Entry<I>[], check: (entry: Entry<I>) => Finding[]): Entry<I>[] {
  return entries.filter((entry) => {
    entry.findings = check(entry);
    return entry.findings.length === 0;
  });
}

/** A command as it comes in: its own id makes sure that sent twice it happens once. */
export interface Item {
  id: string;
  name: string;
  input: unknown;
}

export interface Outcome {
  id: string;
  status: 'done' | 'repeated' | 'refused';
  seq?: number | undefined;
  problem?: ProblemBody | undefined;
}

export interface House {
  database: Database;
  keys: Keys;
  packs: Packs;
  handlers: ReadonlyMap<string, Handler>;
  listeners: readonly Listener[];
}
