import { theProgram } from '../platform/access.ts';
import { Line } from '../platform/pace.ts';
import type { House, Item } from '../platform/room.ts';
import { prepareRun } from '../platform/run.ts';
import { Chance } from './chance.ts';
import { county, type Ground, ground } from './ground.ts';
import { type DemoClient, people, twice } from './people.ts';
import { type Pace, visitsByMonth } from './visits.ts';

export interface DemoSize {
  clients: number;
  /** Of the county's real numbers of people. */
  scale: number;
  /** Years with numbers of people; a year without takes the last before it. */
  years: readonly number[];
  pace: Pace;
}

export const demoSizes: Record<'small' | 'full', DemoSize> = {
  small: { clients: 2400, scale: 1 / 62.5, years: [2022, 2025], pace: { refill: 0.075, screening: 0.045, preconception: 0.0042 } },
  full: { clients: 150_000, scale: 1, years: [2022, 2023, 2024, 2025, 2026], pace: { refill: 0.345, screening: 0.055, preconception: 0.0042 } },
};

/** All the commands of a demonstration county, in the order they happened; the same for the same seed. */
export function* demoItems(house: House, size: DemoSize, seed: number): Generator<Item[]> {
  const chance = new Chance(seed);
  const made = ground(chance, size.scale, size.years);
  yield made.items;
  // What has been given is let go: a whole county's commands at once would fill the memory.
  made.items = made.items.filter(({ name }) => name === 'supplies.receive');
  const clients = yield* registrations(chance, made, size);
  yield* visitsByMonth(chance, made, clients, house.packs, size.pace);
}

function* registrations(chance: Chance, made: Ground, size: DemoSize): Generator<Item[], DemoClient[]> {
  const { clients, items } = people(chance, made, size.clients);
  yield items;
  yield twice(chance, items, Math.max(6, Math.round(size.clients / 3000)));
  return clients;
}

/** Loads a demonstration county through the one door; gives the number of commands. Stops at the first that is refused: that is a bug. */
export async function loadDemo(house: House, size: DemoSize, seed: number, progress: (done: number) => void = () => {}, batch = 2000): Promise<number> {
  const actor = theProgram(county, [...house.handlers.keys()]);
  const line = new Line();
  let done = 0;
  for (const items of demoItems(house, size, seed)) {
    for (let at = 0; at < items.length; at += batch) {
      const some = items.slice(at, at + batch);
      const write = await prepareRun(house, actor, some);
      await line.next(async () => {
        const refused = (await write()).find((outcome) => outcome.status === 'refused');
        if (refused)
          throw new Error(`the demonstration is refused: ${JSON.stringify(refused.problem)} ${JSON.stringify(some.find((item) => item.id === refused.id))}`);
        if (Math.floor(Math.log10(done + some.length)) > Math.floor(Math.log10(done + 1)) || done % 500_000 < batch) await house.database.analyze();
        done += some.length;
        progress(done);
      });
    }
  }
  await line.settle();
  return done;
}
