import type { Change } from './local-db.ts';

export type Row = Record<string, unknown>;

/** Whose row it is. */
export const clientOf = ({ table, row }: Pick<Change, 'table' | 'row'>): string => String(table === 'registry.client' ? row['id'] : row['client_id']);

/** Everything a phone carries, opened: by table and identifier, and by client. */
export class Carried {
  readonly tables = new Map<string, Map<string, Row>>();
  readonly #byClient = new Map<string, Map<string, Change>>();

  get size(): number {
    let size = 0;
    for (const rows of this.tables.values()) size += rows.size;
    return size;
  }

  /** Takes changes in, in their order: a departure takes off all that came down about somebody before it. */
  take(changes: readonly Change[]): void {
    const gone = departures(changes);
    for (const client of gone.keys()) this.#forget(client);
    for (const change of changes) {
      if (change.table === 'departure' || change.seq < (gone.get(clientOf(change)) ?? 0)) continue;
      const id = String(change.row['id']);
      const before = this.tables.get(change.table)?.get(id);
      if (before) this.#byClient.get(clientOf({ table: change.table, row: before }))?.delete(`${change.table} ${id}`);
      mapIn(this.tables, change.table).set(id, change.row);
      mapIn(this.#byClient, clientOf(change)).set(`${change.table} ${id}`, change);
    }
  }

  rows(table: string): IterableIterator<Row> {
    return (this.tables.get(table) ?? new Map<string, Row>()).values();
  }

  row(table: string, id: string): Row | undefined {
    return this.tables.get(table)?.get(id);
  }

  /** All there is of a table about one client. */
  of(client: string, table: string): Row[] {
    return [...(this.#byClient.get(client)?.values() ?? [])].filter((change) => change.table === table).map((change) => change.row);
  }

  /** All there is, as changes, for writing it anew. */
  changes(): Change[] {
    return [...this.#byClient.values()].flatMap((rows) => [...rows.values()]);
  }

  #forget(client: string): void {
    for (const { table, row } of this.#byClient.get(client)?.values() ?? []) this.tables.get(table)?.delete(String(row['id']));
    this.#byClient.delete(client);
  }
}

/** Who left in these changes, and at which number. */
export const departures = (changes: readonly Change[]): Map<string, number> =>
  new Map(changes.filter(({ table }) => table === 'departure').map(({ seq, row }) => [String(row['client_id']), seq]));

function mapIn<K, V>(maps: Map<K, Map<string, V>>, key: K): Map<string, V> {
  let map = maps.get(key);
  if (!map) {
    map = new Map();
    maps.set(key, map);
  }
  return map;
}
