import { codesOf, type Period, periodOf } from '../../kit/period.ts';
import type { Measure } from './book.ts';

/** Whose counts change, and by how much: period → place → one number per measure. */
export class Cells {
  readonly counts = new Map<string, Map<string, Float64Array>>();
  readonly #size: number;
  readonly #periods: Period[];
  readonly #byMonth = new Map<number, string[]>();
  readonly #spans: Map<number | undefined, { code: string; from: number; until: number }[]>;

  /** `periods` are those that are kept; months from `until` on have not come yet and are left out. */
  constructor(measures: readonly Measure[], periods: readonly Period[], until: number) {
    this.#size = measures.length;
    this.#periods = [...periods];
    const kept = new Set(periods.map((period) => period.code));
    const [first, last] = [Math.min(...periods.map((p) => p.from)), Math.min(until, Math.max(...periods.map((p) => p.until)))];
    for (let month = first; month < last; month += 1)
      this.#byMonth.set(
        month,
        codesOf(month).filter((code) => kept.has(code)),
      );
    const windows = new Set(measures.map((measure) => measure.window));
    this.#spans = new Map(
      [...windows].map((window) => [
        window,
        this.#periods.map(({ code, from, until: end }) => ({ code, from: window ? end - window : from, until: Math.min(end, until) })),
      ]),
    );
  }

  /** Adds `delta` rows of a month, at one place. */
  addRows(place: string, index: number, window: number | undefined, month: number, delta: number): void {
    if (!window) {
      for (const code of this.#byMonth.get(month) ?? []) this.add(code, place, index, delta);
      return;
    }
    for (const span of this.#spans.get(window) ?? []) if (month >= span.from && month < span.until) this.add(span.code, place, index, delta);
  }

  /** Counts one person, once in each period in which the months `mask` (bits from `first` on) have one; `delta` is +1 or −1. */
  addPerson(place: string, index: number, window: number | undefined, mask: bigint, first: number, delta: number): void {
    if (mask === 0n) return;
    const low = Number(mask & 0xffffffffn) | 0;
    const high = Number((mask >> 32n) & 0x7fffffffn) | 0;
    if (!window) {
      // Own months only: each month's five periods, each period once.
      const seen = new Set<string>();
      for (let bit = 0; bit < 63; bit += 1) {
        if (((bit < 32 ? low >>> bit : high >>> (bit - 32)) & 1) === 0) continue;
        for (const code of this.#byMonth.get(first + bit) ?? []) seen.add(code);
      }
      for (const code of seen) this.add(code, place, index, delta);
      return;
    }
    for (const span of this.#spans.get(window) ?? []) {
      const from = Math.max(0, span.from - first);
      const until = Math.min(63, span.until - first);
      if (until <= from) continue;
      const within = ((1n << BigInt(until - from)) - 1n) << BigInt(from);
      if ((mask & within) !== 0n) this.add(span.code, place, index, delta);
    }
  }

  add(period: string, place: string, index: number, delta: number): void {
    let places = this.counts.get(period);
    if (!places) {
      places = new Map();
      this.counts.set(period, places);
    }
    let counts = places.get(place);
    if (!counts) {
      counts = new Float64Array(this.#size);
      places.set(place, counts);
    }
    counts[index] = (counts[index] as number) + delta;
  }
}

/** The places that hold a place: itself and all above it. */
export function placesAbove(places: readonly string[]): (place: string) => readonly string[] {
  const known = new Set(places);
  const memo = new Map<string, string[]>();
  return (place) => {
    let above = memo.get(place);
    if (!above) {
      above = [];
      for (let length = place.length; length > 0; length -= 1) {
        const code = place.slice(0, length);
        if (known.has(code)) above.push(code);
      }
      memo.set(place, above);
    }
    return above;
  };
}

/**
 * Every period, of all kinds, that has begun before `until` and whose months (those of its longest window too, where rows older than
 * `first` exist) lie in the 63 months from `first` on. Older periods are counted from the rows when asked for.
 */
export function keptPeriods(first: number, until: number, oldest: number, longestWindow: number): Period[] {
  const codes = new Set<string>();
  for (let month = first; month < until; month += 1) for (const code of codesOf(month)) codes.add(code);
  const needed = (period: Period) => (oldest < first ? Math.min(period.from, period.until - longestWindow) : Math.max(oldest, period.from));
  return [...codes].map((code) => periodOf(code) as Period).filter((period) => needed(period) >= first);
}
