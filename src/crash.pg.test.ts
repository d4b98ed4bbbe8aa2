import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, describe, expect, it } from 'vitest';
import { root } from './platform/config.ts';
import { connectionOf } from './platform/database.ts';
import { startPostgres } from './platform/postgres.ts';
import { scratchConfig } from './testing/scratch.ts';

const { dataFolder } = scratchConfig('crash');
const files = join(dataFolder, 'files');
const clients = 6000;
mkdirSync(files, { recursive: true });
writeFileSync(
  join(files, 'places.csv'),
  'place_code,parent_code,level,name_zh,valid_from\n110118,,county,县,2020-01-01\n110118101,110118,township,镇,2020-01-01\n110118101001,110118101,village,村,2020-01-01\n',
);
writeFileSync(
  join(files, 'clients.csv'),
  `record_number,place_code,name,sex,born_on,residence,contact_reason,contacted_on,follow_up_consented\n${Array.from({ length: clients }, (_, i) => `K-${i},110118101001,甲${i},female,${1960 + (i % 40)}-01-${String(1 + (i % 28)).padStart(2, '0')},resident,came,2025-01-01,yes`).join('\n')}\n`,
);

const running: ChildProcess[] = [];
afterAll(() => {
  for (const child of running) child.kill('SIGKILL');
  rmSync(dataFolder, { recursive: true, force: true });
});

function cli(...args: string[]): { child: ChildProcess; done: Promise<{ code: number | null; out: string }> } {
  const child = spawn(process.execPath, [join(root, 'src/cli.ts'), ...args], {
    env: { ...process.env, ZHIYUAN_DATA: dataFolder, ZHIYUAN_PACKS: 'cn', DATABASE_URL: '', PORT: '0' },
  });
  running.push(child);
  let out = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (out += chunk));
  return { child, done: new Promise((done) => child.on('exit', (code) => done({ code, out }))) };
}

const importing = () => cli('import', files, '--county', '110118', '--accept-refusals', '--json');

/** Clients that stand in the table, asked beside the import; 0 while the database is not there yet. */
async function standing(): Promise<number> {
  const pidFile = join(dataFolder, 'postgres', 'postmaster.pid');
  const passwordFile = join(dataFolder, 'keys', 'postgres.password');
  if (!existsSync(pidFile) || !existsSync(passwordFile)) return 0;
  const socket = readFileSync(pidFile, 'utf8').split('\n')[4];
  const password = readFileSync(passwordFile, 'utf8');
  // The server is killed under this very connection; that is the point.
  const client = new pg.Client(connectionOf(`postgres://zhiyuan:${password}@/postgres?host=${encodeURIComponent(socket ?? '')}`));
  client.on('error', () => {});
  try {
    await client.connect();
    return (await client.query('select count(*)::int as n from registry.client')).rows[0].n;
  } catch {
    return 0;
  } finally {
    await client.end().catch(() => {});
  }
}

async function until(reached: number): Promise<number> {
  for (;;) {
    const n = await standing();
    if (n >= reached) return n;
    await new Promise((done) => setTimeout(done, 20));
  }
}

describe('kill -9 in the middle of an import loses no acknowledged row', () => {
  it('of the program, then of PostgreSQL; the next start recovers by itself and finishes', async () => {
    const first = importing();
    const seen = await until(1000);
    first.child.kill('SIGKILL');
    await first.done;

    const second = importing();
    const seenAgain = await until(seen + 1000);
    const postmaster = Number(readFileSync(join(dataFolder, 'postgres', 'postmaster.pid'), 'utf8').split('\n')[0]);
    process.kill(postmaster, 'SIGKILL');
    expect((await second.done).code).not.toBe(0);

    const third = await importing().done;
    expect(third.code, third.out).toBe(0);
    const report = JSON.parse(third.out.slice(third.out.indexOf('{'))) as { sheets: { name: string; added: number; repeated: number; refused: number }[] };
    const sheet = report.sheets.find((one) => one.name === 'clients');
    expect(sheet?.refused).toBe(0);
    expect((sheet?.added ?? 0) + (sheet?.repeated ?? 0)).toBe(clients);
    expect(sheet?.repeated).toBeGreaterThanOrEqual(seenAgain);

    const postgres = await startPostgres(dataFolder);
    const count = await standing();
    await postgres.stop();
    expect(count).toBe(clients);
  });
});

describe('a data folder that cannot be served is refused with what to do', () => {
  const refused = async () => {
    const { code, out } = await cli('migrate').done;
    expect(code).toBe(1);
    return out;
  };
  it('a second server on one folder is told where the first is', async () => {
    const first = cli('serve');
    for (let waited = 0; waited < 60_000 && !existsSync(join(dataFolder, 'server.json')); waited += 50) await new Promise((done) => setTimeout(done, 50));
    const second = await cli('serve').done;
    expect([second.code, /已在运行|Already running/.test(second.out)]).toEqual([1, true]);
    first.child.kill('SIGTERM');
    await first.done;
    expect(existsSync(join(dataFolder, 'server.json'))).toBe(false);
  });
  it('a newer format, a damaged label, a cluster without its version', async () => {
    const label = join(dataFolder, 'zhiyuan.json');
    writeFileSync(label, '{"format":2}');
    expect(await refused()).toContain('newer program');
    writeFileSync(label, '{"form');
    expect(await refused()).toContain('damaged');
    writeFileSync(label, '{"format":1}');
    const version = join(dataFolder, 'postgres', 'PG_VERSION');
    const kept = readFileSync(version);
    writeFileSync(version, '19\n');
    expect(await refused()).toContain('PostgreSQL 19');
    rmSync(version);
    expect(await refused()).toContain('PG_VERSION is missing');
    writeFileSync(version, kept);
  });
});
