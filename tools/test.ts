// Installs what the tests need, runs everything, closes with one line: node bin/run tools/test.ts
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../src/platform/config.ts';
import { check } from './check.ts';

let passed = 0;
let failed = 0;

/** Debian's Chromium, installed if it is not there and we may. */
function chromium(): string | undefined {
  const known = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync);
  if (known || process.platform !== 'linux') return known;
  console.log('installing Chromium for the browser tests');
  const sudo = process.getuid?.() === 0 ? [] : ['sudo', '-n'];
  for (const args of [
    ['apt-get', 'update', '-qq'],
    ['apt-get', 'install', '-y', '-qq', '--no-install-recommends', 'chromium'],
  ]) {
    const [file, ...rest] = [...sudo, ...args] as [string, ...string[]];
    spawnSync(file, rest, { stdio: ['ignore', 'ignore', 'inherit'], env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } });
  }
  return existsSync('/usr/bin/chromium') ? '/usr/bin/chromium' : undefined;
}

function run(file: string, args: string[], env: NodeJS.ProcessEnv = {}): Promise<number> {
  return new Promise((done) => {
    spawn(process.execPath, [join(root, 'node_modules', file), ...args], {
      cwd: root,
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { ...process.env, ...env },
    }).on('exit', (code) => done(code ?? 1));
  });
}

/** Adds a reporter's counts; a run that failed without a failed test counts as one failure. */
function add(good: number, bad: number, code: number): void {
  passed += good;
  failed += code !== 0 && bad === 0 ? 1 : bad;
}

function readReport<T>(file: string): T | undefined {
  const path = join(root, '.cache', file);
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as T) : undefined;
}

for (const { isGood } of await check(({ name, isGood, said }) => console.log(`${isGood ? '✓' : '✗'} ${name}${isGood ? '' : `\n${said}`}`)))
  add(isGood ? 1 : 0, isGood ? 0 : 1, 0);

rmSync(join(root, '.cache/vitest.json'), { force: true });
const unit = await run('vitest/vitest.mjs', ['run']);
const units = readReport<{ numPassedTests: number; numFailedTests: number }>('vitest.json');
add(units?.numPassedTests ?? 0, units?.numFailedTests ?? 0, unit);

const browser = chromium();
if (!browser) {
  console.error('no Chromium, and none could be installed: the browser tests did not run');
  failed += 1;
} else {
  rmSync(join(root, '.cache/playwright.json'), { force: true });
  const code = await run('@playwright/test/cli.js', ['test'], { CHROMIUM: browser });
  const stats = readReport<{ stats: { expected: number; unexpected: number; flaky: number } }>('playwright.json')?.stats;
  add(stats?.expected ?? 0, (stats?.unexpected ?? 0) + (stats?.flaky ?? 0), code);
}

console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
