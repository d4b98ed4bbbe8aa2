import { corridors, roles, routes } from '../../src/app.ts';
import { demoPassword } from '../../src/demo/accounts.ts';
import { Chance } from '../../src/demo/chance.ts';
import { county, ground } from '../../src/demo/ground.ts';
import { demoSizes } from '../../src/demo/load.ts';
import { people } from '../../src/demo/people.ts';
import { visitsByMonth } from '../../src/demo/visits.ts';
import { openHouse } from '../../src/house.ts';
import { theProgram } from '../../src/platform/access.ts';
import type { Config } from '../../src/platform/config.ts';
import { serve } from '../../src/platform/http.ts';
import type { Item } from '../../src/platform/room.ts';
import { run } from '../../src/platform/run.ts';
import { p95, say } from './say.ts';

const size = 500;
const batches = 120;
const together = 2;

/** Visits with their stock and journal, in batches of 500 through the HTTP door. */
export async function benchRecording(config: Config): Promise<void> {
  const house = await openHouse(config);
  const app = await serve({ house, roles, routes, corridors });
  try {
    const address = await app.listen({ port: 0, host: '127.0.0.1' });
    const chance = new Chance(5);
    const made = ground(chance, demoSizes.small.scale, [2025]);
    const { clients, items } = people(chance, made, 6000);
    const actor = theProgram(county, [...house.handlers.keys()]);
    for (const list of [made.items, items]) for (let at = 0; at < list.length; at += 1000) await run(house, actor, list.slice(at, at + 1000));
    await house.database.analyze();
    const visits: Item[] = [];
    for (const month of visitsByMonth(chance, made, clients, house.packs, { refill: 0.35, screening: 0, preconception: 0 })) {
      visits.push(...month.filter((item) => item.name === 'care.record' && 'product_code' in (item.input as object)));
      if (visits.length >= size * (batches + 20)) break;
    }
    const bodies = Array.from({ length: batches + 20 }, (_, index) => JSON.stringify({ items: visits.slice(index * size, (index + 1) * size) }));
    const signed = await fetch(`${address}/api/session`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ login: 'county', password: demoPassword }),
    });
    const cookie = String(signed.headers.get('set-cookie')).split(';')[0] as string;
    const send = async (body: string | undefined) => {
      const began = performance.now();
      const reply = await fetch(`${address}/api/commands`, { method: 'POST', headers: { 'content-type': 'application/json', cookie }, body: body ?? '' });
      const { outcomes } = (await reply.json()) as { outcomes: { status: string; problem?: unknown }[] };
      const wrong = outcomes.find((outcome) => outcome.status !== 'done');
      if (wrong) throw new Error(JSON.stringify(wrong.problem));
      return performance.now() - began;
    };
    for (const body of bodies.splice(0, 20)) await send(body);
    await house.database.analyze();
    const times: number[] = [];
    const began = performance.now();
    const client = async () => {
      for (let body = bodies.shift(); body; body = bodies.shift()) times.push(await send(body));
    };
    await Promise.all(Array.from({ length: together }, client));
    const seconds = (performance.now() - began) / 1000;
    say(
      `recording visits with stock and journal, batches of ${size}, ${together} at once, client included`,
      `${Math.round((times.length * size) / seconds)} /s`,
      '≥ 5,000 /s (published: 5,200 entities/s at 1.2 s)',
    );
    say('  a batch, 95th percentile', `${Math.round(p95(times))} ms`, '≤ 500 ms');
  } finally {
    await app.close();
    await house.close();
  }
}
