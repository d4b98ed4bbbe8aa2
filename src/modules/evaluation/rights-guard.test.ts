import { describe, expect, it } from 'vitest';
import { Problem } from '../../kit/problem.ts';
import { loadPacks } from '../../platform/packs.ts';
import { readBook } from './book.ts';
import { guard } from './rights-guard.ts';

const base = {
  code: 'X1',
  dimension: 'Q',
  kind: 'proportion',
  counts: 'events',
  from: 'care.visit',
  title: { zh: '好听的名字', en: 'A fine name' },
  says: { zh: '', en: '' },
  cites: '',
};
const rules = (definition: Record<string, unknown>) => guard({ ...base, ...definition }).map((finding) => `${finding.field} ${finding.rule}`);

describe('[R1] no quota on bodies, whatever the title says', () => {
  it('IUD insertions ≥ 200', () => {
    expect(rules({ numerator: { procedure: 'iud_insertion' }, target: { at_least: 200 } })).toEqual([
      'procedure R1_no_quota_on_bodies',
      'procedure R1_no_absolute_numbers',
      'procedure R1_no_absolute_numbers',
    ]);
  });
  it('pregnancy checks 95 %', () => {
    expect(
      rules({ denominator: { population: { sex: 'female', age: [15, 49] } }, numerator: { pregnancy_checked: true }, target: { at_least: 0.95 } }),
    ).toEqual(['pregnancy_checked R1_column_not_countable']);
  });
  it('a bonus per ligation', () => {
    expect(rules({ denominator: {}, numerator: { procedure: 'tubal_ligation' }, bonus: 50 })).toEqual([
      'procedure R1_no_reward_for_bodies',
      'procedure R1_no_quota_on_bodies',
    ]);
  });
  it('uptake as success: those who declined would lower the score [R2]', () => {
    expect(rules({ denominator: { service: 'screening' }, numerator: { decision: 'accepted' }, target: { at_least: 0.8 } })).toEqual([
      'decision R1_no_quota_on_bodies',
    ]);
  });
  it('use of a method, in a parity of services too', () => {
    expect(rules({ kind: 'parity', services: [{ code: 'iud', condition: { method_chosen: 'iud' } }], target: { at_least: 0.9 } })).toEqual([
      'method_chosen R1_no_quota_on_bodies',
    ]);
  });
  it('a figure beside that carries a target', () => {
    expect(
      rules({ denominator: {}, numerator: { honoured: true }, beside: [{ code: 'u', target: { at_least: 0.5 }, numerator: { decision: 'accepted' } }] }),
    ).toEqual(['target R1_beside_is_not_scored']);
  });
  it('a table of people instead of services', () => {
    expect(rules({ from: 'registry.client', numerator: {} })).toEqual(['registry.client R1_column_not_countable']);
  });
});

describe('[R11] statistics, not suspicion', () => {
  const context = {
    kind: 'ratio',
    class: 'context',
    from: 'registry.birth_count',
    numerator: { sex: 'male' },
    denominator: { sex: 'female' },
    window_months: 36,
    show_from: 1000,
  };
  it('a context indicator with a target or weight is refused', () => {
    expect(rules(context)).toEqual([]);
    expect(rules({ ...context, target: { at_most: 1.07 }, weight: 5 })).toEqual(['target R11_context_has_no_target', 'weight R11_context_has_no_target']);
  });
  it('less than three years or a thousand births is refused', () => {
    expect(rules({ ...context, window_months: 12, show_from: 100 })).toEqual(['window_months R11_three_years_at_least', 'show_from R11_thousand_at_least']);
  });
  it('the sex ratio cannot be scored by leaving the class out', () => {
    const { class: _, ...scored } = context;
    expect(rules({ ...scored, target: { at_most: 1 } })).toContain('sex R1_no_quota_on_bodies');
  });
});

it('the book of the pack passes, and a book with one forbidden line is refused as a whole, with rule and column', () => {
  const { book } = loadPacks(['cn']);
  expect(readBook(book).book.indicators.map((indicator) => indicator.code)).toEqual([
    'Q1',
    'Q3',
    'Q4',
    'Q5',
    'Q6',
    'Q7',
    'Q8',
    'Q9',
    'Q10',
    'Q11',
    'Q12',
    'R1',
    'P3',
    'P5',
    'METHOD_MIX',
    'SRB',
  ]);
  const spoiled = structuredClone(book) as { indicators: object[] };
  spoiled.indicators.push({ ...base, denominator: {}, numerator: { procedure: 'iud_insertion' } });
  let said: unknown;
  try {
    readBook(spoiled);
  } catch (error) {
    said = error;
  }
  expect(said).toBeInstanceOf(Problem);
  expect((said as Problem).findings).toEqual([{ field: 'procedure', rule: 'R1_no_quota_on_bodies', values: { value: 'X1' } }]);
});

it('a definition that is no definition is refused with its path', () => {
  expect(() =>
    readBook({ code: 'B', title: { zh: '', en: '' }, indicators: [{ ...base, denominator: {}, numerator: { honoured: { at_leats: 3 } } }] }),
  ).toThrow('indicators.0');
});
