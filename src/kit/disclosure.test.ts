import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { base, type Cell, disclose, rounded, smallest, suppressed } from './disclosure.ts';

/** A county with townships, each cell a count; the county is their sum. */
const table = (counts: readonly number[]): Cell[] => [
  { key: 'county', count: counts.reduce((a, b) => a + b, 0) },
  ...counts.map((count, at) => ({ key: `t${at}`, parent: 'county', count })),
];
const counts = fc.array(fc.oneof(fc.integer({ min: 0, max: 9 }), fc.integer({ min: 0, max: 300 })), { minLength: 1, maxLength: 21 });
const secret = (seed: number) => (key: string) => [...key].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 9973, seed) % base;

interface Range {
  low: number;
  high: number;
}

/**
 * An attacker who knows the method, all that was told, and that the county is the sum of its townships: narrows what each count can be
 * until nothing moves. `told` are releases and filters of the same table; a suppressed cell may be anything.
 */
function attack(cells: readonly Cell[], releases: readonly ((key: string) => number | null)[], isRounded = true): Map<string, Range> {
  const spread = isRounded ? base - 1 : 0;
  const can = new Map(
    cells.map(({ key }) => {
      const all = releases.map((told) => told(key)).filter((count) => count !== null);
      const low = Math.max(0, ...all.map((count) => (count === 0 ? 0 : count - spread)));
      const high = Math.min(1e6, ...all.map((count) => (count === 0 ? 0 : count + spread)));
      return [key, { low, high }] as const;
    }),
  );
  const whole = can.get('county') as Range;
  const parts = cells.filter((cell) => cell.parent).map((cell) => can.get(cell.key) as Range);
  for (let round = 0; round < 50; round += 1) {
    const [low, high] = [parts.reduce((sum, part) => sum + part.low, 0), parts.reduce((sum, part) => sum + part.high, 0)];
    whole.low = Math.max(whole.low, low);
    whole.high = Math.min(whole.high, high);
    for (const part of parts) {
      part.low = Math.max(part.low, whole.low - (high - part.high));
      part.high = Math.min(part.high, whole.high - (low - part.low));
    }
  }
  return can;
}

describe('disclosure [R6]', () => {
  it('hides 1–4 and with a single hidden cell the next smallest, or the total itself', () => {
    expect([...suppressed(table([3, 20, 50]))].sort()).toEqual(['t0', 't1']);
    expect([...suppressed(table([3]))].sort()).toEqual(['county', 't0']);
    expect([...suppressed(table([0, 20]))]).toEqual([]);
    expect([...suppressed(table([2, 2, 90]))].sort()).toEqual(['t0', 't1', 't2']);
  });
  it('a differencing attacker learns no small count: not from totals and subtotals', () => {
    fc.assert(
      fc.property(counts, fc.integer({ min: 0, max: 1000 }), (list, seed) => {
        const cells = table(list);
        const told = disclose(cells, secret(seed));
        const found = attack(cells, [(key) => told.get(key)?.count ?? null]);
        for (const { key, count } of cells) {
          if (count === 0 || count >= smallest) continue;
          const { low, high } = found.get(key) as Range;
          expect(high - low, `${key} of ${list}`).toBeGreaterThanOrEqual(smallest - 1);
        }
      }),
      { numRuns: 3000 },
    );
  });
  it('suppression holds by itself, before rounding: no hidden small count is found by subtraction', () => {
    fc.assert(
      fc.property(counts, (list) => {
        const cells = table(list);
        const hidden = suppressed(cells);
        const found = attack(cells, [(key) => (hidden.has(key) ? null : (cells.find((cell) => cell.key === key)?.count ?? null))], false);
        for (const { key, count } of cells)
          if (count > 0 && count < smallest)
            expect((found.get(key) as Range).high - (found.get(key) as Range).low, `${key} of ${list}`).toBeGreaterThanOrEqual(smallest);
      }),
      { numRuns: 3000 },
    );
  });
  it('nor from two releases between which one person came, nor from two filters that differ by few', () => {
    fc.assert(
      fc.property(counts, fc.nat(), fc.integer({ min: 1, max: 4 }), fc.integer({ min: 0, max: 1000 }), (list, at, few, seed) => {
        const grown = list.map((count, index) => (index === at % list.length ? count + few : count));
        const [first, second] = [disclose(table(list), secret(seed)), disclose(table(grown), secret(seed))];
        // What came between is never told: the step is nothing or five, whatever it was, and five comes of one as of four.
        const key = `t${at % list.length}`;
        const [a, b] = [first.get(key)?.count ?? null, second.get(key)?.count ?? null];
        if (a !== null && b !== null && a !== 0) expect([0, base]).toContain(b - a);
      }),
      { numRuns: 3000 },
    );
    // Over all thresholds a step of one shows as five as often as it should, so that a step told is no proof of its size.
    for (const step of [1, 2, 3, 4]) {
      const shown = Array.from({ length: base }, (_, threshold) => rounded(50 + step, threshold) - rounded(50, threshold));
      expect(shown.filter((difference) => difference === base).length).toBe(step);
    }
  });
  it('the same cell is told the same in every release, and zero stays zero', () => {
    expect(rounded(0, 4)).toBe(0);
    expect(disclose(table([40, 50]), secret(7))).toEqual(disclose(table([40, 50]), secret(7)));
  });
});
