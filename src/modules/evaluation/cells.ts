import { codesOf, type Period, periodOf } from '../../kit/period.ts';
import type { Measure } from './book.ts';

/** The months of a period, or of a window that ends with it, as the bits of two 32-bit numbers. */
interface Bits {
  low: Int32Array;
  high: Int32Array;
}

/** What is counted in every kept period, at every place (or facility) that was touched: one number per measure. */
export class Cells {
  readonly #size: number;
  readonly #periods: readonly Period[];
  readonly #until: number;
  readonly #first: number;
  /** Place → one row of measures for each period. */
  readonly #counts = new Map<string, Float64Array>();
  readonly #byMonth = new Map<number, number[]>();
  readonly #bits: ReadonlyMap<number | undefined, Bits>;

  /** `periods` are those that are kept; months from `until` on have not come yet and are left out. Masks of people begin at the month `first`. */
  constructor(measures: readonly Measure[], periods: readonly Period[], until: number, first: number) {
    this.#size = measures.length;
    this.#periods = periods;
    this.#until = until;
    this.#first = first;
    const at = new Map(periods.map((period, index) => [period.code, index]));
    const [begin, end] = [Math.min(...periods.map((p) => p.from)), Math.min(until, Math.max(...periods.map((p) => p.until)))];
    for (let month = begin; month < end; month += 1)
      this.#byMonth.set(
        month,
        codesOf(month).flatMap((code) => at.get(code) ?? []),
      );
    this.#bits = new Map([...new Set(measures.map((measure) => measure.window))].map((window) => [window, this.#bitsOf(window)]));
  }

  /** The months that a period's counts are taken from. */
  #span({ from, until }: Period, window: number | undefined): { from: number; until: number } {
    return { from: window ? until - window : from, until: Math.min(until, this.#until) };
  }

  #bitsOf(window: number | undefined): Bits {
    const [low, high] = [new Int32Array(this.#periods.length), new Int32Array(this.#periods.length)];
    for (const [index, period] of this.#periods.entries()) {
      const { from, until } = this.#span(period, window);
      for (let bit = Math.max(0, from - this.#first); bit < Math.min(63, until - this.#first); bit += 1) {
        const half = bit < 32 ? low : high;
        half[index] = (half[index] as number) | (1 << (bit & 31));
      }
    }
    return { low, high };
  }

  #at(place: string): Float64Array {
    let counts = this.#counts.get(place);
    if (!counts) {
      counts = new Float64Array(this.#periods.length * this.#size);
      this.#counts.set(place, counts);
    }
    return counts;
  }

  /** Adds `delta` rows of a month, at one place. */
  addRows(place: string, index: number, window: number | undefined, month: number, delta: number): void {
    const counts = this.#at(place);
    const add = (period: number) => {
      counts[period * this.#size + index] = (counts[period * this.#size + index] as number) + delta;
    };
    if (!window) for (const period of this.#byMonth.get(month) ?? []) add(period);
    else
      for (const [period, one] of this.#periods.entries()) {
        const { from, until } = this.#span(one, window);
        if (month >= from && month < until) add(period);
      }
  }

  /** Counts one person, once in each period in which the months `mask` (bits from the first month on) have one; `delta` is +1 or −1. */
  addPerson(place: string, index: number, window: number | undefined, mask: bigint, delta: number): void {
    if (mask === 0n) return;
    const counts = this.#at(place);
    const [low, high] = [Number(mask & 0xffffffffn) | 0, Number(mask >> 32n) | 0];
    const bits = this.#bits.get(window) as Bits;
    const size = this.#size;
    for (let period = 0, at = index; period < bits.low.length; period += 1, at += size) {
      if (((low & (bits.low[period] as number)) | (high & (bits.high[period] as number))) !== 0) counts[at] = (counts[at] as number) + delta;
    }
  }

  /** Period after period: the places where something was counted, with their numbers. */
  *entries(): Generator<[string, [string, Float64Array][]]> {
    for (const [period, { code }] of this.#periods.entries()) {
      const from = period * this.#size;
      const rows = [...this.#counts].map(([place, counts]): [string, Float64Array] => [place, counts.subarray(from, from + this.#size)]);
      yield [code, rows.filter(([, counts]) => counts.some((count) => count !== 0))];
    }
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
