import { corridors, isOpened, roles, routes } from '../../src/app.ts';
import { demoPassword } from '../../src/demo/accounts.ts';
import { county } from '../../src/demo/ground.ts';
import { openHouse } from '../../src/house.ts';
import { periodOf } from '../../src/kit/period.ts';
import { must } from '../../src/kit/problem.ts';
import { visitsOf } from '../../src/modules/care/queries.ts';
import { figures, newestPeriod, placesOf } from '../../src/modules/evaluation/queries.ts';
import { bookOf } from '../../src/modules/evaluation/routes.ts';
import { clientsLike } from '../../src/modules/registry/queries.ts';
import type { Config } from '../../src/platform/config.ts';
import { type Db, enter } from '../../src/platform/database.ts';
import { serve } from '../../src/platform/http.ts';
import { p95, say } from './say.ts';

const rounds = 60;

/** What the wall around people costs: the same board and lists as the application under its scope, and as the owner whom no policy stops. */
export async function benchPeople(config: Config): Promise<void> {
  const house = await openHouse(config);
  try {
    const scope = { county_code: county, place_code: county, people: true };
    const book = bookOf(house);
    const period = await house.database.read(scope, (db) => newestPeriod(db, county));
    const one = await house.database.owner.selectFrom('care.visit').select('client_id').where('county_code', '=', county).executeTakeFirst();
    const asked: [string, (db: Db) => Promise<unknown>][] = [
      ['board', async (db) => figures(db, house.database, county, book, await placesOf(db, county, county, 'township'), [must(periodOf(period), 'period')])],
      ['list of clients', (db) => clientsLike(db, house.keys, county, '')],
      ['search by name', (db) => clientsLike(db, house.keys, county, '王')],
      ["a client's visits", (db) => visitsOf(db, county, one?.client_id ?? '')],
    ];
    for (const [name, ask] of asked) {
      const times = { walled: [] as number[], open: [] as number[] };
      for (let round = 0; round < rounds; round += 1) {
        for (const kind of ['walled', 'open'] as const) {
          const began = performance.now();
          if (kind === 'walled') await house.database.read(scope, ask);
          else
            await house.database.owner
              .transaction()
              .setAccessMode('read only')
              .execute(async (db) => {
                await enter(db, scope);
                return ask(db);
              });
          if (round > 5) times[kind].push(performance.now() - began);
        }
      }
      const median = (list: number[]) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)] as number;
      const [walled, open] = [median(times.walled), median(times.open)];
      say(`predicate overhead, ${name}: ${walled.toFixed(2)} ms walled, ${open.toFixed(2)} ms without`, `${Math.round((walled / open - 1) * 100)} %`, '≤ 30 %');
    }
    const app = await serve({ house, roles, routes, corridors, isOpened });
    const times: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const began = performance.now();
      const reply = await app.inject({ method: 'POST', url: '/api/session', payload: { login: 'county', password: demoPassword } });
      if (reply.statusCode !== 204) throw new Error(reply.body);
      times.push(performance.now() - began);
    }
    say('signing in, argon2id at 19 MiB, 2 passes, p95', `${Math.round(p95(times))} ms`, '≤ 400 ms');
    await app.close();
  } finally {
    await house.close();
  }
}
