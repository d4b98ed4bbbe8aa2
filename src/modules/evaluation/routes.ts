import { z } from 'zod';
import { monthOf, today } from '../../kit/day.ts';
import { type Period, periodOf, seriesTo } from '../../kit/period.ts';
import { must, Problem } from '../../kit/problem.ts';
import { type Actor, allow } from '../../platform/access.ts';
import type { House } from '../../platform/room.ts';
import { route } from '../../platform/route.ts';
import { secretThreshold } from '../../platform/seal.ts';
import { vetoes } from '../rights/queries.ts';
import { type CountedBook, measuresOf, readBook } from './book.ts';
import { readableSql } from './compile.ts';
import { insideLevels, type Outside } from './disclosed.ts';
import { byFacility, hiddenLevels, verdicts } from './figure.ts';
import { type CountedPlace, facilitiesOf, facilityLevel, figures, newestPeriod, oldestMonth, placesOf, placeWithChildren, rowsBehind } from './queries.ts';

const name = z.object({ zh: z.string(), en: z.string() });
const figureSchema = z.object({
  indicator: z.string(),
  place_code: z.string(),
  period: z.string(),
  numerator: z.number().nullable(),
  denominator: z.number().nullable(),
  value: z.number().nullable(),
  low: z.number().nullable(),
  high: z.number().nullable(),
  verdict: z.enum(verdicts),
  needed: z.number().nullable(),
  beside: z.array(z.object({ code: z.string(), numerator: z.number(), denominator: z.number().nullable(), value: z.number().nullable() })),
  parts: z.array(z.object({ code: z.string(), count: z.number(), share: z.number().nullable(), low: z.number().nullable(), high: z.number().nullable() })),
});
const placeSchema = z.object({
  place_code: z.string(),
  parent_code: z.string().nullable(),
  level: z.string(),
  name_zh: z.string(),
  name_en: z.string().nullable(),
});
const sheetSchema = z.object({
  code: z.string(),
  dimension: z.string(),
  class: z.string(),
  kind: z.string(),
  title: name,
  says: name,
  cites: z.string(),
  unit: z.string().optional(),
  target: z.union([z.object({ at_least: z.number() }), z.object({ at_most: z.number() })]).optional(),
  more: name.optional(),
  beside: z.array(z.object({ code: z.string(), title: name, count_only: z.boolean().optional() })),
  parts: z.array(z.object({ code: z.string(), title: name })).optional(),
  byFacility: z.boolean(),
});

/** The book of a house, read once. */
export function bookOf(house: Pick<House, 'packs'>): CountedBook {
  let book = books.get(house.packs);
  if (!book) {
    book = readBook(house.packs.book);
    books.set(house.packs, book);
  }
  return book;
}
const books = new WeakMap<object, CountedBook>();

function sheetsOf(counted: CountedBook) {
  const measured = new Set(byFacility(counted).book.indicators.map((one) => one.code));
  return counted.book.indicators.map((indicator) => ({
    ...indicator,
    parts: indicator.kind === 'parity' ? indicator.services : undefined,
    byFacility: measured.has(indicator.code),
  }));
}

function periodFrom(code: string): Period {
  const period = periodOf(code);
  if (!period) throw new Problem('invalid', { field: 'period', rule: 'not_a_period', values: { value: code } });
  return period;
}

/** How figures are told to an actor: exactly to the care team, disclosed to everybody else, and never below the township [R6]. */
function outsideOf(actor: Actor, house: Pick<House, 'keys'>, all: readonly CountedPlace[], asked: string): Outside | undefined {
  if (actor.people) return undefined;
  const tree = all.filter((place) => !insideLevels.includes(place.level));
  if (!tree.some((place) => place.place_code === asked)) throw new Problem('forbidden', { field: 'place', rule: 'R6_not_below_township' });
  return { tree, threshold: (key) => secretThreshold(house.keys, key) };
}

const seriesLength = { month: 13, quarter: 9, half: 7, year: 5, mch: 5 } as const;

export const evaluationRoutes = [
  route({
    read: 'board',
    path: '/api/board',
    summary: 'All indicators at a place: figures, trend, and the same for the places directly below',
    query: z.object({ place: z.string().optional(), period: z.string().optional() }),
    reply: z.object({
      period: z.string(),
      place: placeSchema,
      above: z.array(placeSchema),
      sheets: z.array(sheetSchema),
      figures: z.array(figureSchema),
      series: z.array(figureSchema),
      children: z.array(placeSchema),
      childFigures: z.array(figureSchema),
      counted_at: z.string().nullable(),
      /** Places at or below which a complaint was found to be right this year: no award goes there [R10]. */
      vetoed: z.array(z.string()),
    }),
    async answer({ db, actor, query, house }) {
      const code = query.place ?? actor.place_code;
      allow(actor, 'reads', 'board', code);
      const book = bookOf(house);
      const { county_code } = actor;
      const period = periodFrom(query.period ?? (await newestPeriod(db, county_code)));
      const around = await placeWithChildren(db, county_code, code);
      const place = must(
        around.find((one) => one.place_code === code),
        'place',
      );
      const all = await placesOf(db, county_code, actor.people ? actor.place_code : county_code);
      const outside = outsideOf(actor, house, all, code);
      const children = around.filter((one) => one.place_code !== code && !(outside && insideLevels.includes(one.level)));
      const earlier = seriesTo(period, seriesLength[period.kind]).map(periodFrom);
      const monthNow = monthOf(today());
      const oldest = await oldestMonth(db, county_code);
      const come = earlier.filter((one) => one.code === period.code || (one.from <= monthNow && one.until > oldest));
      const [own, below] = [
        await figures(db, house.database, county_code, book, [place], come, { outside }),
        await figures(db, house.database, county_code, book, children, [period], { outside }),
      ];
      const right = await vetoes(db, county_code, period.year);
      const memory = await db.selectFrom('evaluation.memory').select('counted_at').where('county_code', '=', county_code).executeTakeFirst();
      return {
        period: period.code,
        place,
        above: all.filter((one) => one.place_code !== code && code.startsWith(one.place_code) && one.place_code.startsWith(actor.place_code)),
        sheets: sheetsOf(book),
        figures: own.filter((figure) => figure.period === period.code),
        series: own.map((figure) => ({ ...figure, beside: [], parts: [] })),
        children,
        childFigures: below.map((figure) => ({ ...figure, beside: [], parts: [] })),
        counted_at: memory?.counted_at ?? null,
        vetoed: [place, ...children].map((one) => one.place_code).filter((one) => right.some((veto) => veto.place_code.startsWith(one))),
      };
    },
  }),
  route({
    read: 'indicator',
    path: '/api/indicators/:code',
    summary: 'One indicator: its definition, its series, its SQL, and places ranked by how many more would reach the target',
    query: z.object({ code: z.string(), place: z.string().optional(), period: z.string().optional(), level: z.string().optional() }),
    reply: z.object({
      period: z.string(),
      place: placeSchema,
      sheet: sheetSchema,
      sql: z.string(),
      figure: figureSchema,
      series: z.array(figureSchema),
      ranked: z.array(figureSchema.extend({ place: placeSchema })),
    }),
    async answer({ db, actor, query, house }) {
      const code = query.place ?? actor.place_code;
      allow(actor, 'reads', 'indicator', code);
      const whole = bookOf(house);
      const indicator = must(
        whole.book.indicators.find((one) => one.code === query.code),
        'code',
      );
      const book = { ...whole, book: { ...whole.book, indicators: [indicator] } };
      const { county_code } = actor;
      const period = periodFrom(query.period ?? (await newestPeriod(db, county_code)));
      const all = await placesOf(db, county_code, actor.people ? actor.place_code : county_code);
      const outside = outsideOf(actor, house, all, code);
      const place = must(
        all.find((one) => one.place_code === code),
        'place',
      );
      const monthNow = monthOf(today());
      const oldest = await oldestMonth(db, county_code);
      const series = await figures(
        db,
        house.database,
        county_code,
        book,
        [place],
        seriesTo(period, seriesLength[period.kind] * 2)
          .map(periodFrom)
          .filter((one) => one.code === period.code || (one.from <= monthNow && one.until > oldest)),
        { outside },
      );
      const level = query.level ?? (place.level === 'county' ? 'township' : 'village');
      const isRanked = indicator.class === 'scored' && !(hiddenLevels.includes(level) && indicator.dimension === 'context');
      const isTold = isRanked && !(outside && insideLevels.includes(level));
      const within =
        level === facilityLevel && isTold
          ? await facilitiesOf(db, county_code, code)
          : all.filter((one) => one.level === level && one.place_code.startsWith(code));
      const below = isTold ? within : [];
      const byCode = new Map(below.map((one) => [one.place_code, one]));
      const ranked = (await figures(db, house.database, county_code, book, below, [period], { outside }))
        .map((figure) => ({ ...figure, place: must(byCode.get(figure.place_code), 'place') }))
        .sort((a, b) => (b.needed ?? -1) - (a.needed ?? -1) || a.place_code.localeCompare(b.place_code));
      return {
        period: period.code,
        place,
        sheet: sheetsOf(book)[0] as never,
        sql: readableSql(measuresOf(indicator), period),
        figure: must(
          series.find((figure) => figure.period === period.code),
          'period',
        ),
        series,
        ranked,
      };
    },
  }),
  route({
    read: 'rows_behind',
    path: '/api/indicators/:code/rows',
    summary: 'The rows behind a figure, for those who may see them',
    query: z.object({ code: z.string(), place: z.string(), period: z.string() }),
    reply: z.object({
      rows: z.array(z.object({ id: z.string(), client_id: z.string().nullable(), place_code: z.string(), on: z.string(), met: z.boolean() })),
    }),
    looks: ({ rows }) => ({ action: 'read', client_ids: rows.flatMap((row) => row.client_id ?? []) }),
    async answer({ db, actor, query, house }) {
      allow(actor, 'reads', 'rows_behind', query.place);
      const indicator = must(
        bookOf(house).book.indicators.find((one) => one.code === query.code),
        'code',
      );
      if (indicator.class === 'context') throw new Problem('forbidden', { field: 'code', rule: 'R11_statistics_not_suspicion' });
      return { rows: await rowsBehind(db, actor.county_code, query.place, measuresOf(indicator), periodFrom(query.period)) };
    },
  }),
];
