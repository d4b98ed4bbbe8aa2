import type { Period } from '../../kit/period.ts';
import { type Interval, parity, poisson, rateRatio, ratio, wilson } from '../../kit/statistics.ts';
import type { CountedBook } from './book.ts';
import { type Indicator, isOfficial } from './indicator.ts';

export const verdicts = ['met', 'secure', 'short', 'too_few', 'not_due', 'context', 'hidden', 'suppressed'] as const;
export type Verdict = (typeof verdicts)[number];

/** A figure of one indicator, one place, one period. Shares are 0–1; a ratio is already multiplied (male births per 100 female). */
export interface Figure {
  indicator: string;
  place_code: string;
  period: string;
  numerator: number | null;
  denominator: number | null;
  value: number | null;
  low: number | null;
  high: number | null;
  verdict: Verdict;
  /** How many more would reach the target (above it, for lower-is-better); null where that makes no sense. */
  needed: number | null;
  beside: { code: string; numerator: number; denominator: number | null; value: number | null }[];
  /** The classes of a mix, or the services of a parity, each with its own interval. */
  parts: { code: string; count: number; share: number | null; low: number | null; high: number | null }[];
}

/** Below this many the figure is shown but not judged. */
const fewest = 30;

export type Count = (key: string) => number;

/** Makes a figure from counts. `monthNow` decides whether the period is over: a yearly share of official people is not due before. */
export function figureOf(indicator: Indicator, place_code: string, period: Period, count: Count, monthNow: number): Figure {
  const key = (part: string) => count(`${indicator.code}.${part}`);
  const beside = indicator.beside.map((one) => {
    const numerator = key(`${one.code}.numerator`);
    const denominator = one.denominator && !one.count_only ? key(`${one.code}.denominator`) : null;
    return { code: one.code, numerator, denominator, value: denominator ? numerator / denominator : null };
  });
  const blank: Figure = {
    indicator: indicator.code,
    place_code,
    period: period.code,
    numerator: null,
    denominator: null,
    value: null,
    low: null,
    high: null,
    verdict: 'too_few',
    needed: null,
    beside,
    parts: [],
  };
  switch (indicator.kind) {
    case 'proportion': {
      const [numerator, denominator] = [key('numerator'), key('denominator')];
      const interval = indicator.interval === 'poisson' ? poisson(numerator, denominator) : wilson(Math.min(numerator, denominator), denominator);
      const value = denominator > 0 ? numerator / denominator : null;
      const verdict = verdictOf(indicator, value, interval, denominator, isOfficial(indicator.denominator) && !isOver(period, monthNow));
      return { ...blank, numerator, denominator, value, ...bounds(interval), verdict, needed: neededFor(indicator, numerator, denominator) };
    }
    case 'parity': {
      const [of, refOf] = [key('migrant'), key('resident')];
      const pairs = indicator.services.map((service) => ({
        code: service.code,
        count: key(`${service.code}.migrant`),
        of,
        refCount: key(`${service.code}.resident`),
        refOf,
      }));
      const found = parity(pairs);
      const parts = pairs.map((pair) => ({
        code: pair.code,
        count: pair.count,
        share: pair.of && pair.refOf && pair.refCount ? pair.count / pair.of / (pair.refCount / pair.refOf) : null,
        ...bounds(rateRatio(pair)),
      }));
      const few = pairs.some((pair) => Math.min(pair.of, pair.refOf) < fewest);
      const verdict = verdictOf(indicator, found?.value ?? null, found, few ? 0 : fewest, false);
      return {
        ...blank,
        numerator: found ? found.value * pairs.length : null,
        denominator: pairs.length,
        value: found?.value ?? null,
        ...bounds(found),
        verdict,
        parts,
      };
    }
    case 'mix': {
      const parts = indicator.classes.map((code) => ({ code, count: key(code) }));
      const total = parts.reduce((sum, part) => sum + part.count, 0);
      if (total < (indicator.show_from ?? 0)) return { ...blank, denominator: total, verdict: 'hidden' };
      const shares = parts.map((part) => ({ ...part, share: total ? part.count / total : null, ...bounds(wilson(part.count, total)) }));
      return { ...blank, denominator: total, verdict: 'context', parts: shares };
    }
    case 'ratio': {
      const [numerator, denominator] = [key('numerator'), key('denominator')];
      if (numerator + denominator < (indicator.show_from ?? 0)) return { ...blank, verdict: 'hidden' };
      const interval = ratio(numerator, denominator);
      const scale = (x: number | undefined) => (x === undefined ? null : x * indicator.times);
      return {
        ...blank,
        numerator,
        denominator,
        value: scale(denominator ? numerator / denominator : undefined),
        low: scale(interval?.low),
        high: scale(interval?.high),
        verdict: 'context',
      };
    }
  }
}

/** True when the period's last month has passed. */
function isOver(period: Period, monthNow: number): boolean {
  return period.until <= monthNow && (period.kind === 'year' || period.kind === 'mch');
}

function bounds(interval: Interval | undefined): { low: number | null; high: number | null } {
  return { low: interval?.low ?? null, high: interval?.high ?? null };
}

/** met: the value reaches the target, the number itself included (民法典 1259); secure: so does the nearer bound; too few: under 30. */
function verdictOf(indicator: Indicator, value: number | null, interval: Interval | undefined, denominator: number, isEarly: boolean): Verdict {
  const { target } = indicator;
  if (!target) return 'context';
  if (value === null || denominator < fewest || !interval) return denominator === 0 && isEarly ? 'not_due' : 'too_few';
  const reached = (x: number) => ('at_least' in target ? x >= target.at_least : x <= target.at_most);
  if (reached('at_least' in target ? interval.low : interval.high)) return 'secure';
  if (reached(value)) return 'met';
  return isEarly ? 'not_due' : 'short';
}

function neededFor(indicator: Indicator, numerator: number, denominator: number): number | null {
  const { target } = indicator;
  if (!target || denominator === 0) return null;
  if ('at_least' in target) return Math.max(0, Math.ceil(target.at_least * denominator - numerator - 1e-9));
  return Math.max(0, numerator - Math.floor(target.at_most * denominator + 1e-9));
}

/** A figure whose counts are too small to be told outside the care team [R6]. */
export function withoutCounts(figure: Figure): Figure {
  return { ...figure, numerator: null, denominator: null, value: null, low: null, high: null, needed: null, verdict: 'suppressed', beside: [], parts: [] };
}

/** Levels at which a context figure may never be shown [R11]. */
export const hiddenLevels: readonly string[] = ['village', 'township'];

/** A book as facilities are measured by it: without what is a share of a place's people, and without context [R11]. */
export function byFacility<B extends Pick<CountedBook, 'book'>>(counted: B): B {
  const indicators = counted.book.indicators.filter((one) => one.class === 'scored' && one.kind === 'proportion' && !isOfficial(one.denominator));
  return { ...counted, book: { ...counted.book, indicators } };
}

/** The figures of all indicators of a book at one place. */
export function figuresOf({ book }: CountedBook, place_code: string, level: string, period: Period, count: Count, monthNow: number): Figure[] {
  return book.indicators.map((indicator) => {
    const figure = figureOf(indicator, place_code, period, count, monthNow);
    const isHidden = indicator.class === 'context' && hiddenLevels.includes(level);
    return isHidden ? { ...figure, numerator: null, denominator: null, value: null, low: null, high: null, parts: [], verdict: 'hidden' } : figure;
  });
}
