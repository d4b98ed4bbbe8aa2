import { describe, expect, it } from 'vitest';
import { type Period, periodOf } from '../../kit/period.ts';
import { loadPacks } from '../../platform/packs.ts';
import { readBook } from './book.ts';
import { byFacility, figureOf } from './figure.ts';
import type { Indicator } from './indicator.ts';

const counted = readBook(loadPacks(['cn']).book);
const year = periodOf('2025') as Period;
const of = (code: string) => counted.book.indicators.find((one) => one.code === code) as Indicator;
const shares = (figure: ReturnType<typeof figureOf>) =>
  figure.parts.map(({ code, share, low, high }) => [code, ...[share, low, high].map((x) => x && Math.round(x * 1000) / 10)]);

describe('a figure from its counts', () => {
  it('[R11] the method mix: each class with its own interval (Wilson), nothing below a thousand', () => {
    const counts: Record<string, number> = { 'METHOD_MIX.condom': 900, 'METHOD_MIX.iud': 90, 'METHOD_MIX.implant': 10 };
    const figure = figureOf(of('METHOD_MIX'), '110118', year, (key) => counts[key] ?? 0, 24_400);
    expect(figure).toMatchObject({ verdict: 'context', denominator: 1000, value: null });
    expect(shares(figure).filter(([, share]) => share !== 0)).toEqual([
      ['iud', 9, 7.4, 10.9],
      ['implant', 1, 0.5, 1.8],
      ['condom', 90, 88, 91.7],
    ]);
    const few = figureOf(of('METHOD_MIX'), '110118', year, (key) => (counts[key] ?? 0) / 2, 24_400);
    expect(few).toMatchObject({ verdict: 'hidden', parts: [] });
  });
  it('[P5] each service beside the index with the interval of its own ratio', () => {
    const counts: Record<string, number> = { 'P5.migrant': 400, 'P5.resident': 2000 };
    for (const code of ['contraception', 'preconception', 'common_disease', 'cervical', 'men'])
      Object.assign(counts, { [`P5.${code}.migrant`]: 20, [`P5.${code}.resident`]: 200 });
    const figure = figureOf(of('P5'), '110118', year, (key) => counts[key] ?? 0, 24_400);
    expect(shares(figure)[0]).toEqual(['contraception', 50, 32, 78.2]);
    expect([figure.value, figure.verdict]).toEqual([0.5, 'short']);
  });
  it('facilities are measured by what happened in them, not by shares of a place’s people, nor by context', () => {
    const codes = byFacility(counted).book.indicators.map((one) => one.code);
    expect(codes).toEqual(['Q1', 'Q3', 'Q4', 'Q5', 'Q6', 'Q8', 'Q9', 'Q12', 'R1', 'P3']);
  });
});
