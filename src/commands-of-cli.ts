import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { demoSizes, loadDemo } from './demo/load.ts';
import { type OpenHouse, openHouse } from './house.ts';
import { backupHouse, countiesOf, restoreHouse, rewrapKeys } from './keeping.ts';
import { today } from './kit/day.ts';
import { periodOf } from './kit/period.ts';
import { Problem } from './kit/problem.ts';
import { insideLevels } from './modules/evaluation/disclosed.ts';
import { refresh } from './modules/evaluation/listener.ts';
import { facilitiesOf, facilityLevel, figures, placesOf } from './modules/evaluation/queries.ts';
import { bookOf } from './modules/evaluation/routes.ts';
import { importFile } from './modules/exchange/server-import.ts';
import type { Report } from './modules/exchange/server-report.ts';
import { writeMarked, writeTemplate } from './modules/exchange/server-write.ts';
import { placeLevels } from './modules/registry/place.ts';
import { reopenClients } from './modules/registry/server-reopen.ts';
import { theProgram } from './platform/access.ts';
import { configFrom, Stop } from './platform/config.ts';
import { Database } from './platform/database.ts';
import { anchorsOf, makeAnchor, verifyChains } from './platform/looks.ts';
import { migrate, rolePassword } from './platform/migrate.ts';
import { replay } from './platform/replay.ts';
import { secretThreshold } from './platform/seal.ts';
import { keepRetention } from './retention.ts';
import { startServer } from './server.ts';

interface Options {
  json?: boolean;
  county?: string;
}

const say = (line: string) => console.error(line);
const print = (options: Options, value: unknown, words: string) => console.log(options.json ? JSON.stringify(value) : words);

/** One line on the terminal that is written over; every tenth step where there is no terminal. */
function progressLine(what: string): (done: number, total?: number) => void {
  const began = Date.now();
  let told = 0;
  return (done, total) => {
    const isTerminal = process.stderr.isTTY;
    if (!isTerminal && done - told < 50_000) return;
    told = done;
    const rate = Math.round(done / Math.max(0.001, (Date.now() - began) / 1000));
    const bar = total ? `${'█'.repeat(Math.round((20 * done) / total)).padEnd(20, '░')} ${Math.round((100 * done) / total)} % ` : '';
    process.stderr.write(`${isTerminal ? '\r' : ''}${what} ${bar}${done.toLocaleString('en')} · ${rate.toLocaleString('en')}/s${isTerminal ? '   ' : '\n'}`);
  };
}

async function inHouse<T>(work: (house: OpenHouse) => Promise<T>): Promise<T> {
  const house = await openHouse(configFrom());
  try {
    return await work(house);
  } finally {
    await house.close();
  }
}

function countyOf(house: OpenHouse, options: Options): string {
  const county = options.county ?? house.packs.countyCode;
  if (!county) throw new Stop('请用 --county 指明县代码 / name the county with --county');
  return county;
}

export async function serveUntilStopped(): Promise<void> {
  const starting = startServer(configFrom(), say, true);
  let isStopping = false;
  const stop = async () => {
    if (isStopping) return; // a group and its leader may both send the signal on
    isStopping = true;
    say('\n正在停止 / stopping');
    await (await starting).stop();
    process.exit(0);
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => void stop());
  await starting;
}

export async function migrateOnly(): Promise<void> {
  await inHouse(async () => console.log('数据库结构已是最新 / the database is up to date'));
}

export async function loadDemoCounty(options: Options & { size: string; seed: string }): Promise<void> {
  const size = demoSizes[options.size as keyof typeof demoSizes];
  if (!size || !/^\d{1,9}$/.test(options.seed)) throw new Stop('--size small|full，--seed 为整数 / --size small|full, --seed a whole number');
  await inHouse(async (house) => {
    const county = countyOf(house, options);
    const there = await house.database.owner.selectFrom('registry.place').select('place_code').where('county_code', '=', county).executeTakeFirst();
    if (there) throw new Stop(`县 ${county} 已有数据；演示县只载入空库，请换一个 ZHIYUAN_DATA / County ${county} holds data already; use another ZHIYUAN_DATA`);
    const began = Date.now();
    const estimate = options.size === 'full' ? 4_150_000 : 40_000;
    const show = progressLine('演示县 demo');
    const commands = await loadDemo(house, size, Number(options.seed), (done) => show(Math.min(done, estimate), estimate));
    const loaded = (Date.now() - began) / 1000;
    await refresh(house.database, county, bookOf(house));
    const seconds = (Date.now() - began) / 1000;
    print(
      options,
      { commands, seconds: loaded, with_figures: seconds },
      `\n${commands.toLocaleString('en')} commands in ${loaded.toFixed(1)} s; figures counted after ${seconds.toFixed(1)} s`,
    );
  });
}

export async function template(options: { out: string }): Promise<void> {
  await writeTemplate(options.out);
  console.log(options.out);
}

export async function importFrom(file: string, options: Options & { dryRun?: boolean; acceptRefusals?: boolean; marked?: string }): Promise<void> {
  await inHouse(async (house) => {
    const actor = theProgram(
      countyOf(house, options),
      [...house.handlers.keys()].filter((name) => name !== 'access.open_account'),
    );
    const checked =
      options.dryRun || !options.acceptRefusals ? await importFile(house, actor, file, { dry: true, progress: progressLine('检查 check') }) : undefined;
    if (checked && options.marked) await writeMarked(file, checked.refusals, options.marked);
    const isRefused = (checked?.refusals.length ?? 0) > 0;
    if (checked && (options.dryRun || isRefused)) {
      print(options, checked, reportWords(checked));
      if (isRefused) process.exitCode = 1;
      if (isRefused && !options.dryRun)
        say(
          '有内容未被接受，未写入任何数据；改正后再试，或加 --accept-refusals 导入其余部分。\nSome rows are refused and nothing was written; mend them, or import the rest with --accept-refusals.',
        );
      return;
    }
    const began = Date.now();
    const report = await importFile(house, actor, file, { progress: progressLine('导入 import') });
    const seconds = (Date.now() - began) / 1000;
    await refresh(house.database, actor.county_code, bookOf(house));
    print(options, { ...report, seconds }, `\n${reportWords(report)}\n${(report.rows / seconds).toFixed(0)} rows/s`);
    if (report.refusals.length > 0) process.exitCode = 1;
  });
}

function reportWords(report: Report): string {
  const lines = report.sheets.map(
    (sheet) =>
      `${sheet.name.padEnd(22)} 新增 added ${sheet.added}  更改 changed ${sheet.changed}  已有 repeated ${sheet.repeated}  未接受 refused ${sheet.refused}`,
  );
  for (const drop of report.dropped)
    lines.push(`已丢弃列 dropped column ${drop.sheet} “${drop.column}” (${drop.reason.zh} / ${drop.reason.en}): ${drop.values} 个值 values`);
  for (const { sheet, column } of report.unknown) lines.push(`不认识的列 unknown column ${sheet} “${column}”`);
  for (const { sheet, row, column, value, says } of report.refusals.slice(0, 20))
    lines.push(`${sheet} 第 ${row} 行 row · ${column} · “${value}”\n   ${says.zh}\n   ${says.en}`);
  if (report.refusals.length > 20) lines.push(`… ${report.refusals.length - 20} more`);
  return lines.join('\n');
}

export async function measure(options: Options & { period: string; level: string; indicator?: string; cold?: boolean; disclosed?: boolean }): Promise<void> {
  const period = periodOf(options.period);
  if (!period) throw new Problem('invalid', { field: 'period', rule: 'not_a_period', values: { value: options.period } });
  const levels: readonly string[] = [...placeLevels, facilityLevel];
  if (!levels.includes(options.level)) throw new Stop(`--level ${levels.join('|')}`);
  await inHouse(async (house) => {
    const county = countyOf(house, options);
    const whole = bookOf(house);
    const indicators = whole.book.indicators.filter((one) => !options.indicator || one.code === options.indicator);
    if (indicators.length === 0)
      throw new Stop(`没有这个指标：${options.indicator} / no such indicator. ${whole.book.indicators.map((one) => one.code).join(' ')}`);
    const book = { ...whole, book: { ...whole.book, indicators } };
    if (!options.cold) await refresh(house.database, county, whole);
    const rows = await house.database.read({ county_code: county, place_code: county }, async (db) => {
      const places = options.level === facilityLevel ? await facilitiesOf(db, county, county) : await placesOf(db, county, county, options.level);
      const tree = (await placesOf(db, county, county)).filter((place) => !insideLevels.includes(place.level));
      if (options.disclosed && insideLevels.includes(options.level)) throw new Problem('forbidden', { field: 'level', rule: 'R6_not_below_township' });
      const outside = options.disclosed ? { tree, threshold: (key: string) => secretThreshold(house.keys, key) } : undefined;
      const found = await figures(db, house.database, county, book, places, [period], { cold: options.cold === true, outside });
      // A facility is known by its number.
      const numbers = new Map(places.map((place) => [place.place_code, 'facility_number' in place ? String(place.facility_number) : place.place_code]));
      return found.map((figure) => ({ ...figure, place_code: numbers.get(figure.place_code) ?? figure.place_code }));
    });
    if (!options.disclosed)
      say('精确数字，仅供服务团队；对外请加 --disclosed（R6） / exact figures, for the care team alone: add --disclosed for anybody else (R6)');
    const lines = rows.map(({ indicator, place_code, period: code, numerator, denominator, value, low, high, verdict }) => ({
      indicator,
      place_code,
      period: code,
      numerator,
      denominator,
      value,
      low,
      high,
      verdict,
    }));
    const cell = (x: number | null) => (x === null ? '–' : String(Math.round(x * 10_000) / 10_000)).padStart(12);
    if (options.json) console.log(JSON.stringify(lines));
    else
      for (const row of lines)
        console.log(
          row.indicator.padEnd(11),
          row.place_code.padEnd(13),
          row.period,
          cell(row.numerator),
          cell(row.denominator),
          cell(row.value),
          cell(row.low),
          cell(row.high),
          row.verdict,
        );
  });
}

export async function replayInto(options: Options & { into: string }): Promise<void> {
  await inHouse(async (house) => {
    await migrate(options.into, house.keys);
    const database = new Database(options.into, rolePassword(house.keys), 4);
    try {
      const used = await database.owner.selectFrom('journal.entry').select('seq').limit(1).executeTakeFirst();
      if (used) throw new Stop('目标数据库的日志不是空的，未作任何改动 / the target’s journal is not empty; nothing was changed');
      const entries = await replay(house, { ...house, database }, countyOf(house, options), progressLine('重放 replay'));
      print(options, { entries }, `\n${entries} entries`);
    } finally {
      await database.close();
    }
  });
}

export async function backupTo(folder: string, options: Options): Promise<void> {
  await inHouse(async (house) => {
    const rows = await backupHouse(house, folder, undefined, (table) => process.stderr.isTTY && say(table));
    print(
      options,
      { rows, folder },
      `${rows} 行 rows → ${folder}（已加密 encrypted）\n密钥不在备份中，请另存 ${house.config.dataFolder}/keys，只留最新一份 / the keys are not in it: keep ${house.config.dataFolder}/keys elsewhere, the newest copy alone`,
    );
  });
}

export async function restoreFrom(folder: string, options: Options): Promise<void> {
  await inHouse(async (house) => {
    const rows = await restoreHouse(house, folder, undefined, (table) => process.stderr.isTTY && say(table));
    print(options, { rows }, `${rows} 行 rows`);
  });
}

/** Recomputes the chains of the journal and of the log of reads; ends with failure and says where when a row was touched. */
export async function auditVerify(options: Options & { anchors?: string }): Promise<void> {
  await inHouse(async (house) => {
    const outside = options.anchors ? anchorsSchema.parse(JSON.parse(readFileSync(options.anchors, 'utf8'))) : [];
    const found = await verifyChains(house.database, house.keys, countyOf(house, options), outside);
    const words = found.breaks.map(({ chain, at, kind }) => `✗ ${chain} ${at}: ${kind}`);
    print(options, found, [...words, `${found.entries} 条日志 entries · ${found.looks} 条查看 looks · ${found.breaks.length} 处断裂 breaks`].join('\n'));
    if (found.breaks.length > 0) process.exitCode = 1;
  });
}

const anchorsSchema = z.array(z.object({ day: z.string(), look_n: z.number(), look_hash: z.string(), journal_seq: z.number(), journal_hash: z.string() }));

/** Keeps today's anchor and prints all of them, to be printed on paper or sent out. */
export async function auditAnchor(options: Options): Promise<void> {
  await inHouse(async (house) => {
    const county = countyOf(house, options);
    await makeAnchor(house.database, county, today());
    const anchors = await house.database.read({ county_code: county, place_code: county }, (db) => anchorsOf(db, county));
    console.log(JSON.stringify(anchors, null, options.json ? undefined : 1));
  });
}

/** Changes the installation's keys while it works: a new wrapping key for all clients' keys; with --index new blind indexes too. */
export async function rotateKeys(options: Options & { index?: boolean }): Promise<void> {
  await inHouse(async (house) => {
    const wrap = house.keys.addVersion('wrap');
    const clients = await rewrapKeys(house, progressLine('换钥 rewrap'));
    const index = options.index ? house.keys.addVersion('index') : undefined;
    let indexed = 0;
    if (index) for (const county of await countiesOf(house)) indexed += await reopenClients(house, county, 'indexes');
    print(options, { wrap, clients, index: index ?? null, indexed }, `wrap-${wrap}: ${clients} 把密钥 keys${index ? ` · index-${index}: ${indexed}` : ''}`);
  });
}

/** Deletes what may no longer be kept, or with --dry-run only says what that would be. */
export async function retain(options: Options & { dryRun?: boolean }): Promise<void> {
  await inHouse(async (house) => {
    const done = await keepRetention(house, new Date(), options.dryRun === true);
    print(options, done, done.map(({ what, count, rule }) => `${what.padEnd(22)} ${String(count).padStart(8)}  ${rule}`).join('\n'));
  });
}
