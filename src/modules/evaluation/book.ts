import * as z from 'zod/mini';
import { Problem } from '../../kit/problem.ts';
import { type Book, bookSchema, type Condition, type Indicator, isOfficial, type Official } from './indicator.ts';
import { guard } from './rights-guard.ts';

/** One thing that is counted from one table: a position in the cells' arrays. */
export interface Measure {
  key: string;
  source: string;
  counts: 'events' | 'people' | 'sum';
  condition: Condition;
  /** Months that end with the period; undefined: the period's own. */
  window: number | undefined;
}

/** A book ready to count with. */
export interface CountedBook {
  book: Book;
  measures: Measure[];
  /** Where a measure stands in the arrays. */
  at: ReadonlyMap<string, number>;
  officials: Map<string, Official | { population: { age: [number, number]; residence: string } }>;
}

/** Reads a book; a definition that the rights forbid, or that is none, is refused with its rule and column. */
export function readBook(text: unknown): CountedBook {
  const indicators = (text as { indicators?: Record<string, unknown>[] } | undefined)?.indicators ?? [];
  const findings = indicators.flatMap(guard);
  if (findings.length > 0) throw new Problem('refused', findings);
  const read = z.safeParse(bookSchema, text);
  if (!read.success) {
    throw new Problem(
      'invalid',
      read.error.issues.map((issue) => ({ field: issue.path.join('.'), rule: 'not_a_definition', values: { value: issue.message } })),
    );
  }
  const measures = read.data.indicators.flatMap(measuresOf);
  const officials: CountedBook['officials'] = new Map();
  for (const indicator of read.data.indicators) {
    if (indicator.kind === 'proportion' && isOfficial(indicator.denominator)) officials.set(`${indicator.code}.denominator`, indicator.denominator);
    if (indicator.kind === 'parity') {
      for (const residence of ['migrant', 'resident'])
        officials.set(`${indicator.code}.${residence}`, { population: { age: indicator.population.age as [number, number], residence } });
    }
  }
  return { book: read.data, measures, at: new Map(measures.map((measure, index) => [measure.key, index])), officials };
}

/** What must be counted for an indicator: `Q1.numerator`, `Q1.denominator`, `Q8.outcome.numerator` … */
export function measuresOf(indicator: Indicator): Measure[] {
  const make = (key: string, condition: Condition, from = indicator.from, counts = indicator.counts): Measure => ({
    key: `${indicator.code}.${key}`,
    source: from,
    counts,
    condition,
    window: indicator.window_months,
  });
  const own = (): Measure[] => {
    switch (indicator.kind) {
      case 'proportion': {
        if (isOfficial(indicator.denominator)) return [make('numerator', indicator.numerator)];
        return [make('numerator', { ...indicator.denominator, ...indicator.numerator }), make('denominator', indicator.denominator)];
      }
      case 'ratio':
        return [make('numerator', indicator.numerator), make('denominator', indicator.denominator)];
      case 'mix':
        return indicator.classes.map((each) => make(each, { [indicator.column]: each, decision: 'accepted' }));
      case 'parity':
        return indicator.services.flatMap((service) =>
          ['migrant', 'resident'].map((residence) => make(`${service.code}.${residence}`, { ...service.condition, residence })),
        );
    }
  };
  const beside = indicator.beside.flatMap((one) => {
    const given = [one.from ?? indicator.from, one.counts ?? indicator.counts] as const;
    const numerator = make(`${one.code}.numerator`, { ...one.denominator, ...one.numerator }, ...given);
    return one.denominator && !one.count_only ? [numerator, make(`${one.code}.denominator`, one.denominator, ...given)] : [numerator];
  });
  return [...own(), ...beside];
}

/** The digest's text: when it changes, everything is counted again. */
export function bookText({ measures }: CountedBook): string {
  return JSON.stringify(measures);
}
