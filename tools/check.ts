// Everything a compiler and its friends can say, in under a minute: node bin/run tools/check.ts
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../src/platform/config.ts';
import { docs } from './docs.ts';
import { tablesFile } from './tables.ts';

interface Outcome {
  name: string;
  isGood: boolean;
  said: string;
}

function command(name: string, file: string, ...args: string[]): Promise<Outcome> {
  return new Promise((done) => {
    const child = spawn(process.execPath, [join(root, 'node_modules', file), ...args], { cwd: root });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (said += chunk));
    child.on('exit', (code) => done({ name, isGood: code === 0, said }));
  });
}

/** dependency-cruiser finds nothing to complain of when it finds no modules: that is a failure too. */
async function boundaries(): Promise<Outcome> {
  const outcome = await command('boundaries', 'dependency-cruiser/bin/dependency-cruiser.mjs', 'src', '--config', '.dependency-cruiser.cjs');
  const count = Number(/\((\d+) modules/.exec(outcome.said)?.[1] ?? 0);
  return { ...outcome, isGood: outcome.isGood && count > 80 };
}

const plain = (text: string) => text.replace(/[\s'"`,;]/g, '');

async function fresh(): Promise<Outcome> {
  const wanted: [string, string][] = [['src/platform/tables.generated.ts', await tablesFile()], ...Object.entries(docs())];
  const stale = wanted.filter(([file, text]) => {
    try {
      return plain(readFileSync(join(root, file), 'utf8')) !== plain(text);
    } catch {
      return true;
    }
  });
  return {
    name: 'generated files are fresh',
    isGood: stale.length === 0,
    said: stale.map(([file]) => `${file} is stale: node bin/run tools/tables.ts && node bin/run tools/docs.ts`).join('\n'),
  };
}

/** All checks, two at a time for two cores. */
export async function check(say: (outcome: Outcome) => void): Promise<Outcome[]> {
  const projects = ['shared', 'server', 'web', 'tests'].map(
    (name) => () => command(`compiler: ${name}`, '@typescript/native/bin/tsc', '-p', `tsconfig.${name}.json`),
  );
  const jobs = [
    ...projects,
    () => command('lint', '@biomejs/biome/bin/biome', 'check', '--error-on-warnings', '.'),
    boundaries,
    () => command('unused code', 'knip/bin/knip.js'),
    fresh,
  ];
  const outcomes: Outcome[] = [];
  const work = async () => {
    for (let job = jobs.shift(); job; job = jobs.shift()) {
      const outcome = await job();
      outcomes.push(outcome);
      say(outcome);
    }
  };
  await Promise.all([work(), work()]);
  return outcomes;
}

if (import.meta.main) {
  const outcomes = await check(({ name, isGood, said }) => console.log(`${isGood ? '✓' : '✗'} ${name}${isGood ? '' : `\n${said}`}`));
  process.exitCode = outcomes.every((outcome) => outcome.isGood) ? 0 : 1;
}
