import { firstDay } from '../../kit/day.ts';
import { daysOf, type Period } from '../../kit/period.ts';
import type { Measure } from './book.ts';
import type { Condition, Test } from './indicator.ts';
import { type By, type Source, sources } from './sources.ts';

/**
 * SQL from definitions. Values come from a book that was checked on loading; they are quoted here, and columns are taken from the
 * list of sources only, so that no text of a book ever becomes SQL.
 */
export function conditionSql(source: string, condition: Condition): string {
  const { columns } = sources[source] as Source;
  const parts = Object.entries(condition).map(([column, test]) => {
    const type = columns[column]?.type;
    if (!type) throw new Error(`${source} has no countable column ${column}`);
    return testSql(column, type, test);
  });
  return parts.length > 0 ? parts.join(' and ') : 'true';
}

function testSql(column: string, type: string, test: Test): string {
  if (typeof test === 'boolean') return test ? column : `not ${column}`;
  if (typeof test === 'string') return `${column} = ${quoted(test)}`;
  if (Array.isArray(test)) return `${column} in (${test.map(quoted).join(', ')})`;
  if ('given' in test) return `${column} is ${test.given ? 'not ' : ''}null`;
  if ('has' in test) return `${quoted(test.has)} = any(${column})`;
  if ('between' in test) return `${column} between ${Number(test.between[0])} and ${Number(test.between[1])}`;
  return type === 'list' ? `cardinality(${column}) >= ${Number(test.at_least)}` : `${column} >= ${Number(test.at_least)}`;
}

function quoted(value: string): string {
  return `'${value.replaceAll("'", "''")}'`;
}

/** How one measure is counted over the rows of a group. */
function countSql(measure: Measure, extra = 'true'): string {
  const where = [conditionSql(measure.source, measure.condition), extra].filter((part) => part !== 'true').join(' and ') || 'true';
  const sum = (sources[measure.source] as Source).sum;
  return sum ? `coalesce(sum(${sum}) filter (where ${where}), 0)` : `count(*) filter (where ${where})`;
}

/** First month that a measure needs for a period. */
export function firstMonthFor(measure: Measure, period: Period): number {
  return measure.window ? period.until - measure.window : period.from;
}

/**
 * One pass over one table for all measures that read it, at every place and every place above it: rows of `place_code` and one count
 * per measure. $1 is the county. People are counted once per place: the pass groups by place and person, the roll-up merges persons.
 * By facility: each stands alone, as its `place_code`.
 */
export function periodSql(source: string, measures: readonly Measure[], period: Period, by: By = 'place_code'): string {
  const { on, person, always } = sources[source] as Source;
  const { from, until } = daysOf(period);
  const earliest = measures.map((measure) => firstMonthFor(measure, period)).reduce((a, b) => Math.min(a, b));
  const since = (measure: Measure) =>
    firstMonthFor(measure, period) === earliest ? 'true' : `${on} >= '${measure.window ? firstDay(firstMonthFor(measure, period)) : from}'`;
  const events = measures.map((measure, index) => ({ measure, index })).filter(({ measure }) => measure.counts !== 'people');
  const people = measures.map((measure, index) => ({ measure, index })).filter(({ measure }) => measure.counts === 'people');
  const asPerson = people.length > 0;
  const keys = `${by}${by === 'place_code' ? '' : '::text as place_code'}${asPerson ? `, ${person} as person` : ''}`;
  const base = [
    ...events.map(({ measure, index }) => `${countSql(measure, since(measure))} as c${index}`),
    ...people.map(
      ({ measure, index }) =>
        `coalesce(bool_or(${[conditionSql(source, measure.condition), since(measure)].filter((part) => part !== 'true').join(' and ') || 'true'}), false) as c${index}`,
    ),
  ];
  const sums = (alias: string) => events.map(({ index }) => `sum(${alias}.c${index}) as c${index}`);
  const heads = (alias: string) => people.map(({ index }) => `count(*) filter (where ${alias}.c${index}) as c${index}`);
  const once = people.map(({ index }) => `bool_or(b.c${index}) as c${index}`);
  const merged = [...events.map(({ index }) => `sum(b.c${index}) as c${index}`), ...once];
  const list = measures.map((_, index) => `c${index}`).join(', ');
  return `with base as materialized (
  select ${keys}, ${base.join(',\n    ')}
    from ${source}
   where county_code = $1 and ${on} >= '${firstDay(earliest)}' and ${on} < '${until}' and ${always} and ${by} is not null
   group by ${by}${asPerson ? `, ${person}` : ''}
), above as materialized (
  select distinct b.place_code, p.place_code as place from (select distinct place_code from base) b
    join registry.place p on p.county_code = $1 and ${by === 'place_code' ? 'starts_with(b.place_code, p.place_code) and p.place_code <> b.place_code' : 'false'}
), own as (
  select b.place_code as place, ${[...sums('b'), ...heads('b')].join(', ')} from base b group by 1
), higher as (
  ${
    asPerson
      ? `select place, ${[...sums('m'), ...heads('m')].join(', ')} from (
    select a.place, b.person, ${merged.join(', ')} from base b join above a using (place_code) group by 1, 2) m group by 1`
      : `select a.place, ${sums('b').join(', ')} from base b join above a using (place_code) group by 1`
  }
)
select place as place_code, ${measures.map((_, index) => `sum(c${index})::bigint as c${index}`).join(', ')}
  from (select place, ${list} from own union all select place, ${list} from higher) t group by 1`;
}

const monthSql = (on: string) => `(extract(year from ${on})::int * 12 + extract(month from ${on})::int - 1)`;

/** Counts of rows per place (or facility) and month. $1 the county; `rows` stands for the table where only some of it is counted. */
export function tallySql(source: string, measures: readonly Measure[], by: By = 'place_code', rows = source): string {
  const { on, always } = sources[source] as Source;
  return `select ${by}::text as place_code, ${monthSql(on)} as month, array[${measures.map((measure) => countSql(measure)).join(', ')}]::bigint[] as counts
    from ${rows} where county_code = $1 and ${always} and ${by} is not null group by 1, 2`;
}

/** Months of people: per place (or facility), client and measure one bit for each of the 63 months from $2 on. $1 the county. */
export function maskSql(source: string, measures: readonly Measure[], by: By = 'place_code', where = 'true'): string {
  const { on, person, always } = sources[source] as Source;
  const bits = measures.map((measure) => `coalesce(bit_or(bit) filter (where ${conditionSql(source, measure.condition)}), 0)`);
  const used = [...new Set(measures.flatMap((measure) => Object.keys(measure.condition)))].join(', ');
  return `select ${person} as client_id, ${by}::text as place_code, array[${bits.join(', ')}]::bigint[] as masks from (
      select ${[person, by, used].filter(Boolean).join(', ')}, (1::bigint << (${monthSql(on)} - $2::int)) as bit
        from ${source} where county_code = $1 and ${always} and ${on} >= make_date($2::int / 12, $2::int % 12 + 1, 1)
         and ${on} < make_date(($2::int + 63) / 12, ($2::int + 63) % 12 + 1, 1) and ${by} is not null and ${where} offset 0) r
    group by 1, 2`;
}

/** One indicator's two numbers as a statement a person can read and run. */
export function readableSql(measures: readonly Measure[], period: Period): string {
  return measures
    .map((measure) => {
      const { on, person, always, sum } = sources[measure.source] as Source;
      const what = measure.counts === 'people' ? `count(distinct ${person})` : sum ? `sum(${sum})` : 'count(*)';
      const from = measure.window ? firstDay(firstMonthFor(measure, period)) : daysOf(period).from;
      return `-- ${measure.key}\nselect ${what} from ${measure.source}\n where county_code = :county and starts_with(place_code, :place)\n   and ${on} >= '${from}' and ${on} < '${daysOf(period).until}' and ${always}\n   and ${conditionSql(measure.source, measure.condition)};`;
    })
    .join('\n\n');
}
