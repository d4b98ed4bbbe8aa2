import { Kysely, PostgresDialect, sql, type Transaction } from 'kysely';
import pg from 'pg';
import { isId } from '../kit/id.ts';
import { isPlaceCode } from '../kit/scope.ts';
import { usedColumns } from './rows.ts';
import type { Tables } from './tables.generated.ts';

pg.types.setTypeParser(20, Number); // bigint: our counts and journal numbers stay far below 2^53
pg.types.setTypeParser(1082, (text) => text); // date: a label, never converted
pg.types.setTypeParser(1184, (text) => new Date(text).toISOString());
pg.types.setTypeParser(1016 as never, (text) => (text === '{}' ? [] : text.slice(1, -1).split(',').map(Number))); // bigint[]

/** Reads inside one transaction that knows whose county and place it serves. */
export type Db = Kysely<Tables>;

/** Whose eyes: the county and the place inside it that row-level security lets through, and whether to people's rows at all. */
export interface Scope {
  county_code: string;
  place_code: string;
  /** Sees clients' rows in its place: the care team, and the program itself. */
  people?: boolean;
  /** Sees shut records too (care withdrawn, restricted): the work of rights alone. */
  restricted?: boolean;
  /** Sees this one client's rows, wherever they are: the client herself, or who broke the glass. */
  client_id?: string | undefined;
  /** Sees the journal, the log of looks and the emergencies: the program's own work of numbering, checking and replaying. */
  ledger?: boolean | undefined;
  /** Sees the imports of this account. */
  account_id?: string | undefined;
  /** Sees what lies on a desk of rights: complaints (ombudsperson), requests about own data (privacy officer). */
  desk?: 'complaints' | 'privacy' | 'all' | undefined;
}

/** Writes inside one transaction: the only way to change a table. Every row written carries its entry's number. */
export interface Tx {
  db: Transaction<Tables>;
  insertRows: <T extends keyof Tables>(table: T, rows: readonly RowOf<T>[], onConflict?: string) => Promise<void>;
  /** Sets the given columns on the rows found by `keys`; a row that is not there is left out. */
  updateRows: <T extends keyof Tables>(table: T, keys: readonly (keyof Tables[T] & string)[], rows: readonly Partial<RowOf<T>>[]) => Promise<void>;
}

/** A row as it is written: every column that has a value. */
export type RowOf<T extends keyof Tables> = { [K in keyof Tables[T]]?: Tables[T][K] | undefined } & { county_code: string };

/** The three ways in: as the application (row security on), as the counter (whole county, only counts), as the owner (schema). */
export class Database {
  readonly app: Kysely<Tables>;
  readonly count: Kysely<Tables>;
  readonly owner: Kysely<Tables>;
  readonly appPool: pg.Pool;
  readonly ownerPool: pg.Pool;
  readonly urls: { app: string; count: string; owner: string };

  constructor(ownerUrl: string, password: string, max = 10) {
    this.urls = { owner: ownerUrl, app: withUser(ownerUrl, 'zhiyuan_app', password), count: withUser(ownerUrl, 'zhiyuan_count', password) };
    this.appPool = pool(this.urls.app, max);
    this.ownerPool = pool(this.urls.owner, 4, 0);
    this.app = kysely(this.appPool);
    this.count = kysely(pool(this.urls.count, 2, 0));
    this.owner = kysely(this.ownerPool);
  }

  /** Runs `read` in a read-only transaction under the scope. */
  read<T>(scope: Scope, read: (db: Db) => Promise<T>): Promise<T> {
    return this.#under(scope, 'read only', read);
  }

  /** Runs `work` in a transaction under the scope; what it throws undoes everything. */
  within<T>(scope: Scope, work: (db: Transaction<Tables>) => Promise<T>): Promise<T> {
    return this.#under(scope, 'read write', work);
  }

  /** One transaction; it begins, and is told whose eyes it has, in one message: on small ones the way there and back is most of the time. */
  #under<T>(scope: Scope, mode: 'read only' | 'read write', work: (db: Transaction<Tables>) => Promise<T>): Promise<T> {
    return this.app.connection().execute(async (db) => {
      try {
        await sql.raw(`begin ${mode}; ${settingsOf(scope)}`).execute(db);
        const result = await work(db as Transaction<Tables>);
        await sql`commit`.execute(db);
        return result;
      } catch (error) {
        // A connection that broke has nothing to undo: the pool throws it away.
        await sql`rollback`.execute(db).catch(() => {});
        throw error;
      }
    });
  }

  /**
   * Reads under the scope, as of one moment, in one message to the server and back, where a transaction takes five: for what every
   * request asks first. The statements are texts; what they hold has been made a literal with `literal`.
   */
  async readAtOnce(scope: Scope, statements: readonly string[]): Promise<unknown[][]> {
    const client = await this.appPool.connect();
    try {
      const results = await client.query(['begin isolation level repeatable read read only', settingsOf(scope), ...statements, 'commit'].join(';'));
      client.release();
      return (results as unknown as pg.QueryResult[]).filter(({ command }) => command === 'SELECT').map(({ rows }) => rows);
    } catch (error) {
      client.release(true); // broken off within a transaction: thrown away, not used again
      throw error;
    }
  }

  /** Runs `write` in a transaction under the scope; what it throws undoes everything. */
  write<T>(scope: Scope, write: (tx: Tx) => Promise<T>): Promise<T> {
    return this.within(scope, (db) => write(txOf(db)));
  }

  /** Tells the planner how large the tables have grown; asked for while much is loaded, ahead of the server's own rounds. */
  async analyze(): Promise<void> {
    const tables = [
      'journal.entry',
      'journal.subject_key',
      'registry.client',
      'registry.duplicate',
      'registry.population',
      'care.visit',
      'care.follow_up',
      'supplies.stock_movement',
      'supplies.stock_on_hand',
    ];
    for (const table of tables) await sql.raw(`analyze ${table}`).execute(this.owner);
  }

  async close(): Promise<void> {
    await Promise.all([this.app.destroy(), this.count.destroy(), this.owner.destroy()]);
  }
}

/** Row-level security reads these settings; literal SET LOCAL is the only form that reaches Citus workers (docs/adr/0003). */
export async function enter(db: Db, scope: Scope): Promise<void> {
  await sql.raw(settingsOf(scope)).execute(db);
}

/** A value as a literal of a statement. */
export const literal = (value: string): string => pg.escapeLiteral(value);

function settingsOf(scope: Scope): string {
  if (!isPlaceCode(scope.county_code) || !isPlaceCode(scope.place_code)) throw new Error('a scope must be made of place codes');
  for (const id of [scope.client_id, scope.account_id]) if (id !== undefined && !isId(id)) throw new Error('somebody is named by an identifier');
  const on = (held: boolean | undefined) => (held ? 'on' : 'off');
  return `set local app.county = '${scope.county_code}'; set local app.place = '${scope.place_code}'; set local app.people = ${on(scope.people)}; set local app.restricted = ${on(scope.restricted)}; set local app.desk = '${scope.desk ?? 'none'}'; set local app.ledger = ${on(scope.ledger)}; set local app.client = '${scope.client_id ?? ''}'; set local app.account = '${scope.account_id ?? ''}'`;
}

export function txOf(db: Transaction<Tables>): Tx {
  return {
    db,
    async insertRows(table, rows, onConflict = '') {
      if (rows.length === 0) return;
      const used = usedColumns(table, rows);
      await sql`insert into ${sql.raw(table)} (${sql.raw(used.names)}) select ${used.values} from ${used.source} ${sql.raw(onConflict)}`.execute(db);
    },
    async updateRows(table, keys, rows) {
      if (rows.length === 0) return;
      const used = usedColumns(table, rows, keys);
      const set = used.list
        .filter((column) => !(keys as readonly string[]).includes(column))
        .map((column) => sql`${sql.raw(column)} = ${used.asWritten(column)}`);
      const match = sql.raw(keys.map((key) => `t.${key} = x.${key}`).join(' and '));
      const { county_code } = rows[0] as { county_code: string };
      await sql`update ${sql.raw(table)} t set ${sql.join(set)} from ${used.source} where t.county_code = ${county_code} and ${match}`.execute(db);
    },
  };
}

function pool(url: string, max: number, statementTimeout = 30_000): pg.Pool {
  // A foreign key's check is planned once per session: planned on an empty table it would read the whole table ever after. Every
  // daily statement has an index that begins with the county, so reading whole tables is never the better plan for the application.
  const options = url.includes('zhiyuan_app') ? '-c enable_seqscan=off' : undefined;
  const made = new pg.Pool({
    ...connectionOf(url),
    max,
    statement_timeout: statementTimeout,
    application_name: 'zhiyuan',
    ...(options ? { options } : {}),
  });
  made.on('connect', (client) => {
    client.on('error', () => {});
    if (options) remember(client);
  });
  made.on('error', () => {}); // an idle connection that breaks is replaced; the query that meets a broken one reports it
  return made;
}

/** How many statements a connection remembers. */
const mostRemembered = 400;

/** Statements with values are planned once a connection, not each time: for a few rows planning takes longer than the work. */
function remember(client: pg.PoolClient): void {
  const names = new Map<string, string>();
  const plain = client.query.bind(client) as (...given: unknown[]) => unknown;
  const named = (text: unknown, values?: unknown, ...rest: unknown[]) => {
    if (typeof text !== 'string' || !Array.isArray(values) || values.length === 0 || rest.length > 0) return plain(text, values, ...rest);
    if (!names.has(text) && names.size < mostRemembered) names.set(text, `z${names.size}`);
    const name = names.get(text);
    return name ? plain({ name, text, values }) : plain(text, values);
  };
  client.query = named as typeof client.query;
}

/** What `pg` needs of a URL; a `host` parameter names a folder with a Unix socket. */
export function connectionOf(url: string): pg.ClientConfig {
  const parsed = new URL(url.replace('@/', '@localhost/'));
  return {
    host: parsed.searchParams.get('host') ?? parsed.hostname,
    port: Number(parsed.searchParams.get('port') ?? parsed.port) || 5432,
    user: decodeURIComponent(parsed.username),
    password: decodeURIComponent(parsed.password),
    database: decodeURIComponent(parsed.pathname.slice(1)),
    ...(parsed.searchParams.get('sslmode') === 'require' ? { ssl: { rejectUnauthorized: false } } : {}),
  };
}

function kysely(pool: pg.Pool): Kysely<Tables> {
  return new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) });
}

function withUser(url: string, user: string, password: string): string {
  return url.replace(/^(\w+:\/\/)[^@]*@/, `$1${user}:${encodeURIComponent(password)}@`);
}

/** The same server, another database. */
export function withDatabase(url: string, name: string): string {
  return url.replace(/^(\w+:\/\/[^@]*@[^/]*\/)[^?]*/, `$1${name}`);
}
