import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { handlers, listeners } from './app.ts';
import { type Config, keysOf, Stop } from './platform/config.ts';
import { Database } from './platform/database.ts';
import { migrate, rolePassword } from './platform/migrate.ts';
import { loadPacks } from './platform/packs.ts';
import { type Postgres, startPostgres } from './platform/postgres.ts';
import type { House } from './platform/room.ts';

/** The house with its lights on. */
export interface OpenHouse extends House {
  config: Config;
  postgres: Postgres | undefined;
  close: () => Promise<void>;
}

/** Opens the house of these settings: database started or joined, schema up to date, packs read. */
export async function openHouse(config: Config, { max = 10, settings = {} as Record<string, string> } = {}): Promise<OpenHouse> {
  const packs = loadPacks(config.packs);
  checkFolder(config.dataFolder);
  const postgres = config.databaseUrl ? undefined : await startPostgres(config.dataFolder, settings);
  const keys = keysOf(config);
  const url = config.databaseUrl ?? (postgres as Postgres).url;
  try {
    await migrate(url, keys);
  } catch (error) {
    await postgres?.stop();
    throw error;
  }
  const database = new Database(url, rolePassword(keys), max);
  return {
    config,
    postgres,
    database,
    keys,
    packs,
    handlers,
    listeners,
    async close() {
      await database.close();
      await postgres?.stop();
    },
  };
}

const format = 1;

/** A folder that a newer program wrote, or that is something else, is left alone. */
function checkFolder(folder: string): void {
  mkdirSync(folder, { recursive: true });
  const label = join(folder, 'zhiyuan.json');
  if (!existsSync(label)) {
    writeFileSync(label, `${JSON.stringify({ format })}\n`);
    return;
  }
  let found: number | undefined;
  try {
    found = JSON.parse(readFileSync(label, 'utf8')).format;
  } catch {
    throw new Stop(
      `数据文件夹的标签已损坏：${label}。恢复备份，或确认无误后删除它。\nThe label of the data folder is damaged: ${label}. Restore a backup, or remove it when you are sure.`,
    );
  }
  if (found !== format)
    throw new Stop(
      `数据文件夹由更新版本写成（格式 ${found}）。请使用新版本。\nThe data folder was written by a newer program (format ${found}). Use that version.`,
    );
}

/** Takes the data folder for one server; a second one is told so. Gives the way to let it go. */
export function takeFolder(folder: string, address: string): () => void {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, 'server.json');
  if (existsSync(path)) {
    const held = JSON.parse(readFileSync(path, 'utf8')) as { pid: number; address: string; started: string };
    if (isAlive(held.pid, held.started))
      throw new Stop(`已在运行：${held.address}（进程 ${held.pid}）\nAlready running at ${held.address} (process ${held.pid})`);
  }
  writeFileSync(path, JSON.stringify({ pid: process.pid, address, started: startedAt(process.pid) }));
  return () => rmSync(path, { force: true });
}

function isAlive(pid: number, started: string): boolean {
  try {
    process.kill(pid, 0);
    return startedAt(pid) === started;
  } catch {
    return false;
  }
}

/** When a process began, where the system tells (Linux): a number used again by another process is not taken for ours. */
function startedAt(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ')[19] ?? '';
  } catch {
    return '';
  }
}
