import { type Day, firstDay } from './day.ts';

/** A reporting period: `2025-03`, `2025-Q1`, `2025-H1`, `2025`, or `2025-MCH` (1 Oct 2024 – 30 Sep 2025). */
export interface Period {
  code: string;
  kind: 'month' | 'quarter' | 'half' | 'year' | 'mch';
  /** First month, counted since year 0. */
  from: number;
  /** First month no longer inside. */
  until: number;
  year: number;
}

const lengths = { month: 1, quarter: 3, half: 6, year: 12, mch: 12 } as const;

/** Reads a period code; undefined when it is none. */
export function periodOf(code: string): Period | undefined {
  const parts = /^(\d{4})(?:-(?:(0[1-9]|1[0-2])|Q([1-4])|H([12])|(MCH)))?$/.exec(code);
  if (!parts) return undefined;
  const year = Number(parts[1]);
  const january = year * 12;
  const make = (kind: Period['kind'], from: number): Period => ({ code, kind, from, until: from + lengths[kind], year });
  if (parts[2]) return make('month', january + Number(parts[2]) - 1);
  if (parts[3]) return make('quarter', january + (Number(parts[3]) - 1) * 3);
  if (parts[4]) return make('half', january + (Number(parts[4]) - 1) * 6);
  if (parts[5]) return make('mch', january - 3);
  return make('year', january);
}

/** The five periods a month belongs to. */
export function codesOf(month: number): string[] {
  const year = Math.floor(month / 12);
  const inYear = month % 12;
  return [
    firstDay(month).slice(0, 7),
    `${year}-Q${Math.floor(inYear / 3) + 1}`,
    `${year}-H${Math.floor(inYear / 6) + 1}`,
    `${year}`,
    `${inYear >= 9 ? year + 1 : year}-MCH`,
  ];
}

/** The periods of the same kind that end with this one, oldest first. */
export function seriesTo(period: Period, count: number): string[] {
  const length = lengths[period.kind];
  return Array.from({ length: count }, (_, index) => {
    const from = period.from - (count - 1 - index) * length;
    const kindAt = { month: 0, quarter: 1, half: 2, year: 3, mch: 4 }[period.kind];
    return codesOf(from)[kindAt] as string;
  });
}

/** First day of the period and first day after it. */
export function daysOf(period: Period): { from: Day; until: Day } {
  return { from: firstDay(period.from), until: firstDay(period.until) };
}
