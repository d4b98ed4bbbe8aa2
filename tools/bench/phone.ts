/// <reference lib="dom" />
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { chromium, type Page } from '@playwright/test';
import { demoPassword } from '../../src/demo/accounts.ts';
import { county } from '../../src/demo/ground.ts';
import { demoSizes, loadDemo } from '../../src/demo/load.ts';
import { openHouse } from '../../src/house.ts';
import { addDays, today } from '../../src/kit/day.ts';
import { newId } from '../../src/kit/id.ts';
import { theProgram } from '../../src/platform/access.ts';
import { type Config, root } from '../../src/platform/config.ts';
import type { Item } from '../../src/platform/room.ts';
import { run } from '../../src/platform/run.ts';
import { openSession } from '../../src/platform/session.ts';
import { aClient, aVisit } from '../../src/testing/house.ts';
import { browserArgs, p95, say } from './say.ts';

const township = '110118101';
const caseload = 10_000;
const phones = 200;
const visitsEach = 10;
/** The cheap phone: a processor this many times slower. */
const slowdown = 4;
const port = 8298;
const address = `http://127.0.0.1:${port}`;

interface Line {
  token: string;
  client_id: string;
  place_code: string;
  facility_id: string;
}

/** The phone on a cheap processor with a caseload of ten thousand clients, and two hundred phones at once. */
export async function benchPhone(config: Config, what: { one: boolean; many: boolean }): Promise<void> {
  const lines = await prepare(config);
  const server = spawn(process.execPath, [...process.execArgv, join(root, 'src/cli.ts'), 'serve'], {
    env: { ...process.env, PORT: String(port), ZHIYUAN_DATA: config.dataFolder },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  try {
    await new Promise<void>((done, fail) => {
      server.stderr.on('data', (text) => String(text).includes(address) && done());
      server.on('exit', () => fail(new Error('the server did not start')));
    });
    if (what.one) await benchBrowser();
    if (what.many) await benchMany(lines);
  } finally {
    server.kill('SIGTERM');
    await new Promise((done) => server.on('exit', done));
  }
}

/** The demonstration county, ten thousand clients more in one township, each with a visit, and two hundred village workers. */
async function prepare(config: Config): Promise<Line[]> {
  const house = await openHouse(config);
  try {
    await loadDemo(house, demoSizes.small, 1);
    const actor = theProgram(county, [...house.handlers.keys()]);
    const places = await house.database.owner.selectFrom('registry.place').select(['place_code', 'parent_code']).where('level', '=', 'village').execute();
    const rooms = await house.database.owner.selectFrom('registry.facility').select(['id', 'place_code']).execute();
    const villages = places.filter((place) => place.place_code.startsWith(township)).map((place) => place.place_code);
    const items: Item[] = [];
    const facility_id = rooms.find((room) => room.place_code === township)?.id ?? (rooms[0]?.id as string);
    for (let index = 0; index < caseload; index += 1) {
      const place_code = villages[index % villages.length] as string;
      const client = aClient({
        place_code,
        name: `${'赵钱孙李周吴郑王'[index % 8]}${'一二三四五六七八九十'[index % 10]}${index}`,
        born_on: addDays('1980-01-01', index % 9000),
      });
      items.push({ id: newId(), name: 'registry.register', input: client });
      const day = addDays(today(), -(index % 300));
      items.push({ id: newId(), name: 'care.record', input: aVisit(client.client_id, { place_code, facility_id, visited_on: day, served_on: day }) });
    }
    items.sort((a, b) => (a.name === b.name ? 0 : a.name === 'registry.register' ? -1 : 1));
    for (let at = 0; at < items.length; at += 1000) await sent(run(house, actor, items.slice(at, at + 1000)));
    const lines: Line[] = [];
    for (const { place_code } of places.slice(0, phones)) {
      const [account_id, client] = [newId(), aClient({ place_code })];
      const account = { account_id, place_code, login: `p${account_id.slice(-12)}`, display_name: '村医', role: 'village_worker', password: 'a long password' };
      await sent(
        run(house, actor, [
          { id: newId(), name: 'access.open_account', input: account },
          { id: newId(), name: 'registry.register', input: client },
        ]),
      );
      lines.push({
        token: await openSession(house.database, { county_code: county, account_id, kind: 'site' }),
        client_id: client.client_id,
        place_code,
        facility_id,
      });
    }
    await house.database.analyze();
    return lines;
  } finally {
    await house.close();
  }
}

async function sent(outcomes: ReturnType<typeof run>): Promise<void> {
  const refused = (await outcomes).find((outcome) => outcome.status === 'refused');
  if (refused) throw new Error(JSON.stringify(refused.problem));
}

/** What the page itself can time: rounds of the exchange, a command on the disk, and how long something takes to show. */
const stopwatch = () => {
  const watch = { syncs: [] as number[], clicked: 0, kept: 0 };
  Object.assign(window, { watch });
  const request = navigator.locks.request.bind(navigator.locks) as (...given: unknown[]) => Promise<unknown>;
  Object.assign(navigator.locks, {
    request: async (...given: unknown[]) => {
      const began = performance.now();
      try {
        return await request(...given);
      } finally {
        watch.syncs.push(performance.now() - began);
      }
    },
  });
  addEventListener('click', () => Object.assign(watch, { clicked: performance.now(), kept: 0 }), true);
  const open = IDBDatabase.prototype.transaction;
  IDBDatabase.prototype.transaction = function (this: IDBDatabase, ...given: Parameters<typeof open>) {
    const made = open.apply(this, given);
    if (given[1] === 'readwrite' && [given[0]].flat().join() === 'outbox')
      made.addEventListener('complete', () => {
        watch.kept ||= performance.now();
      });
    return made;
  };
};

declare global {
  interface Window {
    watch: { syncs: number[]; clicked: number; kept: number };
  }
}

/** Milliseconds from `act` in the page until `selector` holds `text`. */
function timed(page: Page, act: 'click' | 'type', target: string, typed: string, selector: string, text: string): Promise<number> {
  return page.evaluate(
    async ([what, where, words, wanted, holds]) => {
      const element = document.querySelector(where as string) as HTMLInputElement;
      const isThere = () => [...document.querySelectorAll(wanted as string)].some((one) => one.textContent?.includes(holds as string));
      const began = performance.now();
      const shown = new Promise<number>((done) => {
        const watching = new MutationObserver(() => {
          if (!isThere()) return;
          watching.disconnect();
          done(performance.now() - began);
        });
        watching.observe(document.body, { childList: true, characterData: true, subtree: true });
        setTimeout(() => done(Number.NaN), 20_000);
      });
      if (what === 'click') element.click();
      else {
        Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value')?.set?.call(element, words);
        element.dispatchEvent(new Event('input', { bubbles: true }));
      }
      return shown;
    },
    [act, target, typed, selector, text] as const,
  );
}

const median = (values: readonly number[]) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] as number;

async function benchBrowser(): Promise<void> {
  const browser = await chromium.launch({
    executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
    args: browserArgs,
  });
  const context = await browser.newContext({ viewport: { width: 390, height: 844 }, locale: 'zh-CN', baseURL: address });
  try {
    await context.addInitScript(stopwatch);
    const page = await context.newPage();
    page.on('dialog', (dialog) => dialog.accept());
    const slow = await context.newCDPSession(page);
    await slow.send('Emulation.setCPUThrottlingRate', { rate: slowdown });
    await page.goto('/sign-in');
    await page.locator('input[name=login]').fill('township');
    await page.locator('input[name=password]').fill(demoPassword);
    await page.locator('button[type=submit]').click();
    await page.getByRole('heading', { level: 1, name: '看板' }).waitFor();
    await page.goto('/phone');
    await page.evaluate(() => navigator.serviceWorker.ready);
    await page.locator('input[name=pin]').fill('246810');
    let began = performance.now();
    await page.getByRole('button', { name: '存到这部手机' }).click();
    await page.getByRole('button', { name: '立即同步' }).waitFor({ timeout: 120_000 });
    await page.waitForFunction(() => window.watch.syncs.length > 0, undefined, { timeout: 120_000 });
    const rows = (await page.getByText(/手机上有/).textContent())?.match(/\d[\d,]*/)?.[0];
    say(
      `first pull, ${rows} rows (${caseload} clients and more), encrypted, with making the key, CPU ×${slowdown} slower`,
      `${((performance.now() - began) / 1000).toFixed(1)} s`,
      '≤ 15 s',
    );

    const rounds: number[] = [];
    for (let round = 0; round < 5; round += 1) {
      const before = await page.evaluate(() => window.watch.syncs.length);
      await page.getByRole('button', { name: '立即同步' }).click();
      await page.waitForFunction((count) => window.watch.syncs.length > count, before);
      rounds.push(await page.evaluate(() => window.watch.syncs.at(-1) as number));
    }
    say('a further round of the exchange, with nothing or little new', `${Math.round(median(rounds))} ms`, '≤ 1 s');

    await context.setOffline(true);
    began = performance.now();
    await page.goto('/due');
    await page.getByText('手机上的记录已锁').waitFor();
    say('cold start without a network until the PIN is asked for', `${((performance.now() - began) / 1000).toFixed(2)} s`, '≤ 2 s');
    await page.locator('input[name=pin]').fill('246810');
    began = performance.now();
    await page.getByRole('button', { name: '打开' }).click();
    await page.getByRole('button', { name: '立即同步' }).waitFor();
    say('the PIN opens what is carried (600,000 rounds of PBKDF2 and every row)', `${((performance.now() - began) / 1000).toFixed(2)} s`, '');

    await page.getByRole('link', { name: '服务对象', exact: true }).click();
    await page.locator('table a').first().waitFor();
    const searches: number[] = [];
    for (const words of ['赵一', '王八', '李四35', '周', '吴六5'])
      searches.push(await timed(page, 'type', 'main input', words, '.listing tr:first-child a', words));
    say(`search as one types over ${caseload} clients until the first is shown`, `${Math.round(median(searches))} ms`, '≤ 100 ms');

    const opens: number[] = [];
    const saves: number[] = [];
    const shown: number[] = [];
    for (let round = 0; round < 5; round += 1) {
      await page.getByRole('link', { name: '服务对象', exact: true }).click();
      const link = page.locator('table a').nth(round);
      await link.waitFor();
      const name = (await link.textContent()) as string;
      await link.evaluate((element) => element.setAttribute('id', 'this-one'));
      opens.push(await timed(page, 'click', '#this-one', '', 'main:has(dl.facts):has(.listing td) h1', name));
      await page.getByRole('link', { name: '记录服务' }).click();
      await page.getByRole('radiogroup', { name: '本人决定' }).getByText('谢绝（同样完整有效）').click();
      await page.getByRole('radiogroup', { name: '服务对象类型' }).getByText('首次采用', { exact: true }).click();
      await page.getByRole('button', { name: '保存' }).evaluate((element) => element.setAttribute('id', 'save'));
      shown.push(await timed(page, 'click', '#save', '', 'h2', '服务记录'));
      saves.push(await page.evaluate(() => window.watch.kept - window.watch.clicked));
    }
    say('opening a client, visits and all', `${Math.round(median(opens))} ms`, '≤ 200 ms');
    say('saving a visit until it is on the disk, encrypted', `${Math.round(median(saves))} ms`, '≤ 100 ms');
    say("saving a visit until the client's page stands with it", `${Math.round(median(shown))} ms`, '(published: 5–15 s)');
  } finally {
    await browser.close();
  }
}

/** Until the counter, which began with the server, has counted the county: phones come back to a server that has been running. */
async function settled(line: Line, ask: (line: Line, path: string) => Promise<unknown>): Promise<void> {
  let before = '';
  for (let round = 0; round < 30; round += 1) {
    const { counted_at } = (await ask(line, '/api/board')) as { counted_at: string | null };
    if (counted_at && counted_at === before) return;
    before = counted_at ?? '';
    await new Promise((done) => setTimeout(done, 3000));
  }
}

/** Two hundred phones come back from their villages at the same moment, each with ten visits. */
async function benchMany(lines: readonly Line[]): Promise<void> {
  const ask = async (line: Line, path: string, body?: unknown) => {
    const headers = { cookie: `zhiyuan_session=${line.token}`, ...(body ? { 'content-type': 'application/json' } : {}) };
    const reply = await fetch(`${address}${path}`, { headers, ...(body ? { method: 'POST', body: JSON.stringify(body) } : {}) });
    if (!reply.ok) throw new Error(`${path} ${reply.status} ${await reply.text()}`);
    return reply.json() as Promise<never>;
  };
  const pullAll = async (line: Line, from: number): Promise<number> => {
    for (let after = from; ; ) {
      const page = (await ask(line, `/api/pull?after=${after}&limit=2000`)) as { checkpoint: number; more: boolean };
      after = page.checkpoint;
      if (!page.more) return after;
    }
  };
  const at = new Map<Line, number>();
  const firsts: number[] = [];
  for (const line of lines) {
    const began = performance.now();
    at.set(line, await pullAll(line, 0));
    firsts.push(performance.now() - began);
  }
  say(`first pull of a village at the server, p95 of ${phones}`, `${Math.round(p95(firsts))} ms`, '');
  await settled(lines[0] as Line, ask);
  const day = today();
  const batches = lines.map((line) =>
    Array.from({ length: visitsEach }, () => ({
      id: newId(),
      name: 'care.record',
      input: aVisit(line.client_id, { place_code: line.place_code, facility_id: line.facility_id, visited_on: day, served_on: day }),
    })),
  );
  let lost = 0;
  const times = await Promise.all(
    lines.map(async (line, index) => {
      const began = performance.now();
      await ask(line, '/api/session');
      const { outcomes } = (await ask(line, '/api/commands', { items: batches[index] })) as { outcomes: { status: string }[] };
      lost += outcomes.filter((outcome) => outcome.status !== 'done').length;
      await pullAll(line, at.get(line) ?? 0);
      await ask(line, '/api/sessions');
      return performance.now() - began;
    }),
  );
  const again = await Promise.all(
    lines.map(async (line, index) => ((await ask(line, '/api/commands', { items: batches[index] })) as { outcomes: { status: string }[] }).outcomes),
  );
  const kept = again.flat().filter((outcome) => outcome.status === 'repeated').length;
  say(`${phones} phones at once, each ${visitsEach} visits and a pull: p95 of a whole round`, `${(p95(times) / 1000).toFixed(2)} s`, '≤ 3 s');
  say(`of ${phones * visitsEach} visits not taken, and found in the journal when sent again`, `${lost}, ${kept}`, `0, ${phones * visitsEach}`);
}
