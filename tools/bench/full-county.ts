import { sql } from 'kysely';
import { corridors, roles, routes } from '../../src/app.ts';
import { demoPassword } from '../../src/demo/accounts.ts';
import { demoSizes, loadDemo } from '../../src/demo/load.ts';
import { type OpenHouse, openHouse } from '../../src/house.ts';
import { firstDay } from '../../src/kit/day.ts';
import { newId } from '../../src/kit/id.ts';
import { daysOf, type Period, periodOf } from '../../src/kit/period.ts';
import type { Measure } from '../../src/modules/evaluation/book.ts';
import { conditionSql, firstMonthFor } from '../../src/modules/evaluation/compile.ts';
import { refresh } from '../../src/modules/evaluation/listener.ts';
import { coldCounts } from '../../src/modules/evaluation/queries.ts';
import { bookOf } from '../../src/modules/evaluation/routes.ts';
import { sources } from '../../src/modules/evaluation/sources.ts';
import type { Config } from '../../src/platform/config.ts';
import { enter } from '../../src/platform/database.ts';
import { serve } from '../../src/platform/http.ts';
import { p95, say } from './say.ts';

const county = '110118';
const year = periodOf('2025') as Period;

/** The house with a full county in it, loaded if it is empty. */
async function openFull(config: Config): Promise<OpenHouse> {
  const house = await openHouse(config);
  const there = await house.database.owner.selectFrom('registry.place').select('place_code').limit(1).executeTakeFirst();
  if (!there) {
    const began = performance.now();
    const commands = await loadDemo(house, demoSizes.full, 1, (done) => done % 200_000 === 0 && console.error(`  loading ${done.toLocaleString('en')}`));
    say(
      'loading the full demonstration county, commands',
      `${Math.round((commands / (performance.now() - began)) * 1000)} /s`,
      `${commands.toLocaleString('en')} commands`,
    );
    await house.database.analyze();
  }
  return house;
}

/** The whole book for a year from cold, beside one plain statement per table that computes the same cells. */
export async function benchBook(config: Config): Promise<void> {
  const house = await openFull(config);
  try {
    const rows = await house.database.ownerPool.query(
      'select (select count(*) from care.visit) + (select count(*) from care.follow_up) + (select count(*) from supplies.stock_movement) as events, (select count(*) from registry.client) as clients',
    );
    console.log(
      `  full county: ${Number(rows.rows[0].events).toLocaleString('en')} events (visits, follow-ups, stock movements), ${Number(rows.rows[0].clients).toLocaleString('en')} clients`,
    );
    const book = bookOf(house);
    const [ours, theirs]: [number[], number[]] = [[], []];
    let cells = new Map<string, readonly number[]>();
    let plain = new Map<string, number[]>();
    for (let round = 0; round < 3; round += 1) {
      let began = performance.now();
      cells = await coldCounts(house.database, county, book, year);
      ours.push(performance.now() - began);
      began = performance.now();
      plain = await plainCounts(house, book.measures);
      theirs.push(performance.now() - began);
    }
    const different = [...cells].filter(([place, counts]) => counts.some((count, index) => count !== (plain.get(place)?.[index] ?? 0))).length;
    const [mine, other] = [median(ours), median(theirs)];
    say(
      `the whole book for 2025: county, townships, villages, ${book.measures.length} measures, from cold`,
      `${(mine / 1000).toFixed(2)} s`,
      `plain statements ${(other / 1000).toFixed(2)} s; ratio ${(mine / other).toFixed(2)} (≤ 3); ${different} of ${cells.size} places differ`,
    );
  } finally {
    await house.close();
  }
}

const median = (values: number[]) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] as number;

/** One statement per table, as one would write it by hand: filters, distinct persons, grouping sets over the three levels. */
async function plainCounts(house: OpenHouse, measures: readonly Measure[]): Promise<Map<string, number[]>> {
  const found = new Map<string, number[]>();
  await house.database.count.transaction().execute(async (db) => {
    await enter(db, { county_code: county, place_code: county });
    await sql`set local work_mem = '256MB'`.execute(db);
    for (const [source, list] of Map.groupBy(measures, (measure) => measure.source)) {
      const { on, person, sum, always } = sources[source] as (typeof sources)[string];
      const first = Math.min(...list.map((measure) => firstMonthFor(measure, year)));
      const columns = list.map((measure) => {
        const where = `${conditionSql(source, measure.condition)} and ${on} >= '${firstDay(firstMonthFor(measure, year))}'`;
        return measure.counts === 'people'
          ? `count(distinct ${person}) filter (where ${where})`
          : `${sum ? `sum(${sum})` : 'count(*)'} filter (where ${where})`;
      });
      const { rows } = await sql
        .raw<Record<string, unknown>>(
          `select coalesce(village, township, county) as place, ${columns.map((column, index) => `${column} as c${index}`).join(', ')}
           from (select left(place_code, 6) as county, left(place_code, 9) as township, place_code as village, * from ${source}
                  where county_code = '${county}' and ${on} >= '${firstDay(first)}' and ${on} < '${daysOf(year).until}' and ${always}) t
          group by grouping sets ((county), (township), (village))`,
        )
        .execute(db);
      for (const row of rows) {
        const counts = found.get(row['place'] as string) ?? new Array<number>(measures.length).fill(0);
        for (const [index, measure] of list.entries())
          counts[measures.indexOf(measure)] = Math.max(counts[measures.indexOf(measure)] as number, Number(row[`c${index}`] ?? 0));
        found.set(row['place'] as string, counts);
      }
    }
  });
  return found;
}

/** Pages' data on the full county, and how soon after a visit the board is right. */
export async function benchPages(config: Config): Promise<void> {
  const house = await openFull(config);
  const app = await serve({ house, roles, routes, corridors });
  try {
    const book = bookOf(house);
    let began = performance.now();
    const done = await refresh(house.database, county, book);
    say(`figures of five years, all periods and places, counted again (${done})`, `${((performance.now() - began) / 1000).toFixed(1)} s`, 'in the background');
    const signed = await app.inject({ method: 'POST', url: '/api/session', payload: { login: 'county', password: demoPassword } });
    const cookie = String(signed.headers['set-cookie']).split(';')[0] as string;
    const get = async (url: string) => {
      const start = performance.now();
      const reply = await app.inject({ method: 'GET', url, headers: { cookie } });
      if (reply.statusCode !== 200) throw new Error(`${url} ${reply.statusCode} ${reply.body}`);
      return { ms: performance.now() - start, body: reply.json() };
    };
    const client = (await get('/api/clients')).body.clients[0].id as string;
    const pages = [
      '/api/board?period=2025',
      '/api/board?place=110118101&period=2025',
      '/api/board?period=2025-Q3',
      '/api/board?period=2025-03',
      '/api/indicators/Q1?period=2025',
      '/api/indicators/Q10?period=2025&level=village',
      '/api/indicators/Q12/rows?place=110118&period=2025',
      '/api/places/110118/particulars',
      '/api/places',
      '/api/clients',
      `/api/clients?find=${encodeURIComponent('王芳')}`,
      '/api/clients?find=wangfang',
      '/api/clients?find=zx',
      '/api/clients?find=10012345678',
      `/api/clients/${client}`,
      `/api/clients/${client}/visits`,
      '/api/duplicates',
      '/api/imports',
    ];
    let worst = { page: '', ms: 0 };
    for (const page of pages) {
      const times: number[] = [];
      for (let round = 0; round < 25; round += 1) times.push((await get(page)).ms);
      const ms = p95(times.slice(2));
      if (ms > worst.ms) worst = { page, ms };
      say(`  ${decodeURIComponent(page)}`, `${ms.toFixed(0)} ms`, 'p95');
    }
    say(`any page's data on the full county, 95th percentile, the slowest (${worst.page})`, `${worst.ms.toFixed(0)} ms`, '≤ 150 ms');
    const before = (await get('/api/board?period=2025')).body.figures.find((figure: { indicator: string }) => figure.indicator === 'P3').denominator as number;
    const facility = (await get('/api/places/110118/particulars')).body.facilities[0].id as string;
    const visit = {
      visit_id: newId(),
      client_id: client,
      facility_id: facility,
      place_code: (await get(`/api/clients/${client}`)).body.place_code,
      visited_on: '2025-05-05',
      service: 'contraception',
      decision: 'accepted',
      served_on: '2025-05-05',
      follow_up_consented: false,
      charge_fen: 0,
      client_is: 'continuing',
      method_chosen: 'condom',
      method_received: true,
      product_code: 'condom',
      quantity: 10,
    };
    began = performance.now();
    await app.inject({ method: 'POST', url: '/api/commands', headers: { cookie }, payload: { items: [{ id: newId(), name: 'care.record', input: visit }] } });
    await refresh(house.database, county, book);
    const after = (await get('/api/board?period=2025')).body.figures.find((figure: { indicator: string }) => figure.indicator === 'P3').denominator as number;
    say(
      `a single visit until the board is right (${before} → ${after}), and up to 0.4 s until the counter looks`,
      `${((performance.now() - began) / 1000).toFixed(2)} s`,
      '≤ 2 s',
    );
  } finally {
    await app.close();
    await house.close();
  }
}
