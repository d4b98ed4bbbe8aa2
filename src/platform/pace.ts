import type { Database } from './database.ts';

/** How many of a county's writers go to the database at once: one holds the pen, the other gets ready. More would only wait there, on connections that readers need. */
const writers = 2;
const gates = new WeakMap<Database, Map<string, { busy: number; waiting: (() => void)[] }>>();

export async function oneOfFew<T>(database: Database, county: string, write: () => Promise<T>): Promise<T> {
  const ofHouse = gates.get(database) ?? new Map<string, { busy: number; waiting: (() => void)[] }>();
  gates.set(database, ofHouse);
  const gate = ofHouse.get(county) ?? { busy: 0, waiting: [] };
  ofHouse.set(county, gate);
  if (gate.busy >= writers) await new Promise<void>((go) => gate.waiting.push(go));
  else gate.busy += 1;
  try {
    return await write();
  } finally {
    const next = gate.waiting.shift();
    if (next) next();
    else gate.busy -= 1;
  }
}

/** Lets answers of the database in: whoever holds the pen waits for them, and long reading must not keep them in the queue. */
export function breathe(): Promise<void> {
  return new Promise((done) => setImmediate(done));
}

/**
 * Starts each work as soon as the one before has reached the database, so that rows are made ready while the database writes; waits
 * for all of them, then throws what the first that failed threw.
 */
export async function overlapping(...works: (() => Promise<void>)[]): Promise<void> {
  const started: Promise<unknown>[] = [];
  for (const work of works) {
    started.push(
      work().then(
        () => undefined,
        (error) => ({ error }),
      ),
    );
    await breathe();
  }
  for (const result of await Promise.all(started)) if (result) throw (result as { error: unknown }).error;
}

/** Does prepared lists one after the other, while the next is prepared. `settle` waits for the last; what fails is thrown by the next call. */
export class Line {
  #last: Promise<void> = Promise.resolve();

  async next(doIt: () => Promise<void>): Promise<void> {
    await this.#last;
    this.#last = doIt();
    this.#last.catch(() => {}); // thrown where it is awaited
  }

  settle(): Promise<void> {
    return this.#last;
  }
}
