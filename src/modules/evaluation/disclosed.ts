import { type Cell, rounded, suppressed } from '../../kit/disclosure.ts';
import { type CountedBook, measuresOf } from './book.ts';
import type { Count } from './figure.ts';
import { type Indicator, isOfficial } from './indicator.ts';

/** Figures for people outside the care team: the whole tree of places they may be told of, and the secret thresholds of rounding. */
export interface Outside {
  tree: readonly { place_code: string; parent_code: string | null }[];
  threshold: (key: string) => number;
}

/** Levels that are never told outside the care team [R6]; facilities stand beside the tree of places. */
export const insideLevels: readonly string[] = ['village', 'ward', 'facility'];

/**
 * The counts of one period as they may be told [R6]. What is hidden is decided over the whole tree, whatever part is asked for, so that
 * two questions never differ in it; a place's indicator is hidden as a whole: numerator, denominator, and those who are left between them.
 */
export function disclosed(book: CountedBook, { tree, threshold }: Outside, period: string, exact: (place: string) => Count) {
  const hidden = new Map(book.book.indicators.map((indicator) => [indicator.code, hiddenPlaces(indicator, tree, exact)]));
  const officials = new Set(book.officials.keys());
  return {
    isHidden: (place: string, indicator: string) => hidden.get(indicator)?.has(place) ?? true,
    counts:
      (place: string): Count =>
      (key) =>
        officials.has(key) ? exact(place)(key) : rounded(exact(place)(key), threshold(`${period} ${place} ${key}`)),
  };
}

function hiddenPlaces(indicator: Indicator, tree: Outside['tree'], exact: (place: string) => Count): Set<string> {
  const known = new Set(tree.map((place) => place.place_code));
  const tables = countsOf(indicator).map((count) =>
    tree.map(
      ({ place_code, parent_code }): Cell => ({
        key: place_code,
        parent: parent_code && known.has(parent_code) ? parent_code : undefined,
        count: count(exact(place_code)),
      }),
    ),
  );
  // What one count hides can make another weak: again until nothing more is added.
  let hidden = new Set<string>();
  for (let before = -1; before !== hidden.size; ) {
    before = hidden.size;
    for (const table of tables) hidden = suppressed(table, hidden);
  }
  return hidden;
}

/** Every count an indicator's figure could give away: its measures, and those in the denominator but not in the numerator. */
function countsOf(indicator: Indicator): ((count: Count) => number)[] {
  const measures = measuresOf(indicator).filter((measure) => measure.counts !== 'sum');
  const left = (part: string) => (count: Count) => Math.max(0, count(`${indicator.code}.${part}denominator`) - count(`${indicator.code}.${part}numerator`));
  const between = indicator.kind === 'proportion' && !isOfficial(indicator.denominator) ? [left('')] : [];
  // Sums are of days and births, not of people who could be known by them.
  const beside = indicator.beside.filter((one) => one.denominator && !one.count_only && one.counts !== 'sum').map((one) => left(`${one.code}.`));
  return [...measures.map((measure) => (count: Count) => count(measure.key)), ...between, ...beside];
}
