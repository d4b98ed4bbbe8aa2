import { sql } from 'kysely';
import { columnsOf, type Tables } from './tables.generated.ts';

/** A JSON value as the text it is kept as. */
export class JsonText {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/**
 * The columns that rows use, and the rows as one array a column: the database reads arrays in half the time of JSON, and Node writes
 * them in a third. A column that says the same in every row travels once, as a bound value.
 */
export function usedColumns<T extends keyof Tables>(table: T, rows: readonly object[], keys: readonly string[] = []) {
  const types = columnsOf[table] as Record<string, string>;
  const list = Object.keys(types).filter((column) => rows.some((row) => (row as Record<string, unknown>)[column] !== undefined));
  for (const row of rows) for (const column in row) if (!types[column]) throw new Error(`${table} has no column ${column}`);
  if (types['seq'] && !list.includes('seq')) throw new Error(`${table}: a row written without its entry's number`);
  const first = rows[0] as Record<string, unknown>;
  const isAlike = (column: string) =>
    typeof first[column] !== 'object' && !keys.includes(column) && rows.every((row) => (row as Record<string, unknown>)[column] === first[column]);
  const alike = new Set(rows.length > 1 ? list.filter(isAlike) : []);
  const varied = list.filter((column) => !alike.has(column));
  if (varied.length === 0) throw new Error(`${table}: rows that differ in nothing`);
  const arrays = varied.map((column) => {
    const type = types[column] as string;
    const values = rows as readonly Record<string, unknown>[];
    if (type === 'json' || type === 'jsonb') return sql`string_to_array(${jsonList(values, column)}, chr(31), chr(30))::${sql.raw(type)}[]`;
    return sql`${arrayText(values, column)}::${sql.raw(type.endsWith('[]') ? 'text' : type)}[]`;
  });
  const asWritten = (column: string) => {
    const type = types[column] as string;
    if (alike.has(column)) return sql`${first[column]}::${sql.raw(type)}`;
    return sql.raw(type.endsWith('[]') ? `x.${column}::${type}` : `x.${column}`);
  };
  return {
    list,
    asWritten,
    names: list.join(', '),
    values: sql.join(list.map(asWritten)),
    source: sql`unnest(${sql.join(arrays)}) as x(${sql.raw(varied.join(', '))})`,
  };
}

/** One column of JSON values as one text, a control character between them: JSON holds none, so that nothing in it need be escaped. */
function jsonList(rows: readonly Record<string, unknown>[], column: string): string {
  return rows
    .map((row) => {
      const value = row[column];
      return value === undefined || value === null ? '\u001e' : value instanceof JsonText ? value.text : JSON.stringify(value);
    })
    .join('\u001f');
}

/** One column of rows as the text of a PostgreSQL array; a column that itself holds arrays stands as their texts. */
function arrayText(rows: readonly Record<string, unknown>[], column: string): string {
  let text = '';
  for (const row of rows) {
    const value = row[column];
    if (text !== '') text += ',';
    if (value === undefined || value === null) text += 'NULL';
    else if (typeof value === 'number' || typeof value === 'boolean') text += value;
    else text += quoted(Array.isArray(value) ? listText(value) : String(value));
  }
  return `{${text}}`;
}

const listText = (values: readonly unknown[]): string =>
  `{${values.map((value) => (value === null ? 'NULL' : typeof value === 'number' ? value : quoted(String(value)))).join(',')}}`;

/** Quotes always stand, so that the word NULL is a word; what is quoted or escaped inside is escaped. */
const quoted = (text: string): string => `"${needsEscape.test(text) ? text.replace(/["\\]/g, '\\$&') : text}"`;
const needsEscape = /["\\]/;
