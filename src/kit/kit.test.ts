import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addDays, addMonths, ageOn, isDay, monthOf } from './day.ts';
import { choice, form, many, number, readAnswers, strayAnswers, text, yesNo } from './form.ts';
import { idWithin, isId, newId } from './id.ts';
import { codesOf, periodOf, seriesTo } from './period.ts';
import { parity, poisson, ratio, wilson } from './statistics.ts';

const round = (x: number | undefined, digits = 1) => Number((x ?? Number.NaN).toFixed(digits));

describe('statistics agree with published figures', () => {
  it('Wilson: satisfaction 90 % of 30, 200 and 400', () => {
    expect(
      [27, 180, 360].map((count, i) => wilson(count, [30, 200, 400][i] as number)).map((x) => [round((x?.low ?? 0) * 100), round((x?.high ?? 0) * 100)]),
    ).toEqual([
      [74.4, 96.5],
      [85.1, 93.4],
      [86.7, 92.6],
    ]);
  });
  it('exact Poisson: 3 defects in 500 births, 18 in 3,000', () => {
    expect([poisson(3, 0.5), poisson(18, 3)].map((x) => [round(x?.low), round(x?.high)])).toEqual([
      [1.2, 17.5],
      [3.6, 9.5],
    ]);
  });
  it('ratio: sex ratio 106 with 100, 1,000 and 10,000 births', () => {
    const of = (births: number) => ratio((births * 106) / 206, (births * 100) / 206);
    expect([100, 1000, 10_000].map(of).map((x) => [round((x?.low ?? 0) * 100), round((x?.high ?? 0) * 100)])).toEqual([
      [71.6, 156.9],
      [93.6, 120],
      [101.9, 110.2],
    ]);
  });
  it('an interval holds its estimate and narrows with more data', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 500 }), fc.integer({ min: 1, max: 500 }), (count, more) => {
        const total = count + more;
        const [one, ten] = [wilson(count, total), wilson(count * 10, total * 10)];
        return one !== undefined && ten !== undefined && one.low <= count / total && one.high >= count / total && ten.high - ten.low <= one.high - one.low;
      }),
    );
  });
  it('parity caps each service at 1 and needs all of them', () => {
    const pair = { count: 50, of: 100, refCount: 100, refOf: 200 };
    expect(parity([pair, { ...pair, count: 90 }])?.value).toBe(1);
    expect(parity([pair, { ...pair, count: 25 }])?.value).toBe(0.75);
    expect(parity([pair, { ...pair, of: 0 }])).toBeUndefined();
  });
});

describe('parity of several services [P5]', () => {
  const pair = (count: number, refCount: number) => ({ count, of: 400, refCount, refOf: 2000 });
  it('caps each ratio, holds its value, and is unknown where a rate is', () => {
    const one = parity([pair(20, 200), pair(80, 200)]);
    expect(one?.value).toBe(0.75); // half of the residents' rate, and twice it: capped
    expect([(one?.low ?? 1) < 0.75, (one?.high ?? 0) > 0.75, (one?.high ?? 2) <= 1]).toEqual([true, true, true]);
    expect(parity([pair(20, 200), pair(0, 200)])).toBeUndefined();
    expect(parity([])).toBeUndefined();
  });
  it('holds 95 times in a hundred when the same people use all five services', () => {
    // Chance from a fixed seed: mulberry32.
    let state = 7;
    const next = () => {
      state = (state + 0x6d2b79f5) | 0;
      let t = Math.imul(state ^ (state >>> 15), 1 | state);
      t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
      return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
    };
    const drawn = (people: number, share: number) => Array.from({ length: people }, next).filter((x) => x < share).length;
    let held = 0;
    const rounds = 1500;
    for (let round = 0; round < rounds; round += 1) {
      const shared = { count: drawn(400, 0.12), of: 400, refCount: drawn(2000, 0.15), refOf: 2000 };
      const found = parity(Array.from({ length: 5 }, () => shared));
      if (found && found.low <= 0.8 && 0.8 <= found.high) held += 1;
    }
    expect(held / rounds).toBeGreaterThan(0.94);
  });
});

describe('days and periods', () => {
  it('a day is a label: no such day, no such month', () => {
    expect(['2025-02-29', '2024-02-29', '2025-13-01', '20250101', '1899-12-31'].map(isDay)).toEqual([false, true, false, false, false]);
    expect([addMonths('2025-01-31', 1), addDays('2025-12-31', 1), ageOn('2000-03-02', '2025-03-01')]).toEqual(['2025-02-28', '2026-01-01', 24]);
  });
  it('the MCH year runs from October to September', () => {
    expect(periodOf('2025-MCH')).toMatchObject({ from: monthOf('2024-10-01'), until: monthOf('2025-10-01') });
    expect(codesOf(monthOf('2024-10-05'))).toEqual(['2024-10', '2024-Q4', '2024-H2', '2024', '2025-MCH']);
    expect(['2025-Q5', '2025-0', 'x', '2025-13'].map(periodOf)).toEqual([undefined, undefined, undefined, undefined]);
  });
  it('a series ends with its period', () => {
    const quarter = periodOf('2025-Q1');
    expect(quarter && seriesTo(quarter, 3)).toEqual(['2024-Q3', '2024-Q4', '2025-Q1']);
  });
});

describe('forms', () => {
  const asked = form('asked', {
    name: text({ required: true, max: 5 }),
    kind: choice({ required: true, options: ['a', 'b'] }),
    parts: many({ options: ['x', 'y'], when: { field: 'kind', is: ['a'] } }),
    count: number({ min: 0, max: 9 }),
    sure: yesNo({}),
  });
  it('says of each answer what is wrong with it', () => {
    const { findings } = readAnswers(asked, { kind: 'c', count: 10, sure: 'maybe', other: 1 });
    expect(findings.map(({ field, rule }) => `${field} ${rule}`).sort()).toEqual([
      'count not_a_number_between',
      'kind not_an_option',
      'name required',
      'other unknown_field',
      'sure not_yes_or_no',
    ]);
  });
  it('leaves empty answers out and refuses those that were not asked', () => {
    const { answers } = readAnswers(asked, { name: ' ok ', kind: 'b', count: null, parts: ['x'] });
    expect(answers).toEqual({ name: 'ok', kind: 'b', parts: ['x'] });
    expect(strayAnswers(asked, answers)).toEqual([{ field: 'parts', rule: 'not_asked_here' }]);
  });
});

describe('identifiers', () => {
  it('sort by time, and what belongs to one has its own', () => {
    expect(newId(1) < newId(2_000_000_000_000)).toBe(true);
    const id = newId();
    const within = [1, 2, 301].map((n) => idWithin(id, n));
    expect(new Set([id, ...within]).size).toBe(4);
    expect(within.every(isId)).toBe(true);
  });
});
