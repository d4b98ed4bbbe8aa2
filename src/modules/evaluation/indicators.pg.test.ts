import { sql } from 'kysely';
import { describe, expect, it, onTestFinished } from 'vitest';
import { newId } from '../../kit/id.ts';
import { type Period, periodOf } from '../../kit/period.ts';
import type { House } from '../../platform/room.ts';
import { aClient, aGround, aHouse, aProcedure, aVisit, type Changed, counties, program, send, sendAll } from '../../testing/house.ts';
import type { Visit } from '../care/visit.ts';
import { refresh } from './listener.ts';
import { figures, placesOf } from './queries.ts';
import { bookOf } from './routes.ts';

const county = counties[0];
const actor = program(county);
const now = new Date('2026-06-15T00:00:00Z');
const year = periodOf('2025') as Period;

/** What a row is to an indicator: in the numerator and the denominator, in the denominator alone, or in neither. */
type Counts = 'both' | 'below' | 'neither';
/** Why it is one or the other, and the row. People are made for each row; `again` is another row of the person before. */
type Line = readonly [Counts, string, Change | FollowUp];
interface Change {
  client?: Record<string, unknown>;
  again?: true;
  visit: (client_id: string) => Visit;
  after?: 'void' | 'withdraw';
}
interface FollowUp {
  follow_up: Record<string, unknown>;
}

const plain = (client_id: string, change: Changed): Visit => {
  const { client_is, informed_points, methods_explained, none_explained, choice_by, method_chosen, method_received, product_code, quantity, ...rest } =
    aVisit(client_id);
  return { ...rest, ...change } as Visit;
};
const visit = (change: Changed = {}, more: Partial<Change> = {}): Change => ({ ...more, visit: (id) => aVisit(id, change) });
const procedure = (change: Changed = {}, more: Partial<Change> = {}): Change => ({ ...more, visit: (id) => aProcedure(id, change) });
const on = (day: string): Changed => ({ visited_on: day, served_on: day });
const screening = (change: Changed = {}, more: Partial<Change> = {}): Change => ({
  client: { born_on: '1980-06-01' },
  ...more,
  visit: (id) => plain(id, { service: 'screening', common_disease_offered: true, cervical_offered: true, ...change }),
});
const checked: Changed = { service: 'preconception', items_done: ['i01_education'], risk: 'advice' };
const preconception = (change: Changed = {}, more: Partial<Change> = {}): Change => ({ ...more, visit: (id) => plain(id, { ...checked, ...change }) });
const followUp = (change: Record<string, unknown> = {}): FollowUp => ({
  follow_up: { kind: 'procedure', consented: true, voided: false, restricted: false, in_window: true, closes_on: '2025-06-01', ...change },
});
const notReceived: Changed = { method_received: false, not_received_reason: 'out_of_stock', product_code: undefined, quantity: undefined };

/** Where the year begins and ends, and what is in no count at all. */
const outside = (row: (change: Changed, more?: Partial<Change>) => Change): Line[] => [
  ['neither', 'the day before the year', row(on('2024-12-31'))],
  ['both', 'its first day', row(on('2025-01-01'))],
  ['both', 'its last day', row(on('2025-12-31'))],
  ['neither', 'the day after it', row(on('2026-01-01'))],
  ['neither', 'voided: it never was', row({}, { after: 'void' })],
  ['neither', 'she took back her consent to care [R4]', row({}, { after: 'withdraw' })],
];

const followUps = (kind: string, other: string): Line[] => [
  ['both', 'done in its window', followUp({ kind })],
  ['below', 'done outside its window', followUp({ kind, in_window: false })],
  ['below', 'never done', followUp({ kind, in_window: null })],
  ['neither', 'not agreed to [R2]', followUp({ kind, consented: false })],
  ['neither', 'of another kind', followUp({ kind: other })],
  ['neither', 'its window closes the day before the year', followUp({ kind, closes_on: '2024-12-31' })],
  ['both', 'closes on its first day', followUp({ kind, closes_on: '2025-01-01' })],
  ['both', 'closes on its last day', followUp({ kind, closes_on: '2025-12-31' })],
  ['neither', 'closes the day after', followUp({ kind, closes_on: '2026-01-01' })],
  ['neither', 'voided', followUp({ kind, voided: true })],
  ['neither', 'shut', followUp({ kind, restricted: true })],
];

/** Indicator → its rows. */
const tables: Record<string, readonly Line[]> = {
  Q1: [
    ['both', 'three methods and none explained, her own choice', visit()],
    ['both', 'more than three', visit({ methods_explained: ['iud', 'implant', 'condom', 'other'] })],
    ['both', 'switching', visit({ client_is: 'switching' })],
    [
      'both',
      'said no after all was explained [R2]',
      visit({ decision: 'declined', method_chosen: 'none', served_on: undefined, ...notReceived, method_received: undefined, not_received_reason: undefined }),
    ],
    ['below', 'two methods', visit({ methods_explained: ['iud', 'condom'] })],
    ['below', '“none” not explained', visit({ none_explained: false })],
    ['below', 'chosen by somebody else', visit({ choice_by: 'other' })],
    ['below', 'nothing recorded of the choice', visit({ choice_by: undefined })],
    ['neither', 'continuing', visit({ client_is: 'continuing' })],
    [
      'neither',
      'stopping',
      visit({ client_is: 'stopping', method_chosen: 'none', ...notReceived, method_received: undefined, not_received_reason: undefined }),
    ],
    ['neither', 'another service', screening()],
    ...outside(visit),
  ],
  Q3: followUps('procedure', 'contraceptive'),
  Q4: [
    ['both', 'a complication', procedure({ complication: true })],
    ['below', 'none', procedure()],
    ['neither', 'no procedure', visit()],
    ...outside((change, more) => procedure({ complication: true, consent_signed_on: '2024-12-01', ...change }, more)),
  ],
  Q5: [
    ['both', 'received at that visit', visit()],
    ['below', 'chosen and not received', visit(notReceived)],
    ['both', 'a method of every class', visit({ method_chosen: 'topical', product_code: 'spermicide' })],
    [
      'neither',
      'chose none',
      visit({ client_is: 'stopping', method_chosen: 'none', ...notReceived, method_received: undefined, not_received_reason: undefined }),
    ],
    [
      'neither',
      'wants a child',
      visit({ client_is: 'stopping', method_chosen: 'wants_child', ...notReceived, method_received: undefined, not_received_reason: undefined }),
    ],
    ['neither', 'declined', visit({ decision: 'declined', served_on: undefined, ...notReceived, method_received: undefined, not_received_reason: undefined })],
    ...outside(visit),
  ],
  Q6: followUps('contraceptive', 'procedure'),
  Q7: [
    ['both', 'checked on the day', preconception()],
    ['both', 'checked on the sixtieth day', preconception({ visited_on: '2025-03-10', served_on: '2025-05-09' })],
    ['neither', 'on the sixty-first', preconception({ visited_on: '2025-03-10', served_on: '2025-05-10' })],
    ['neither', 'wanted it and still waits', preconception({ served_on: undefined, items_done: undefined, risk: undefined })],
    ['both', 'declined: her decision was honoured [R2]', preconception({ decision: 'declined', served_on: undefined, items_done: undefined, risk: undefined })],
    ['both', 'later, if at all [R2]', preconception({ decision: 'postponed', served_on: undefined, items_done: undefined, risk: undefined })],
    ['neither', 'the same person again', preconception({}, { again: true })],
    ['neither', 'another service', visit()],
    ...outside(preconception),
  ],
  Q8: [
    ...(['treat_first', 'specialist', 'not_now'] as const).map(
      (risk): Line => ['both', `${risk}, advised`, preconception({ risk, advised_face_to_face: true })],
    ),
    ['below', 'not advised', preconception({ risk: 'specialist', advised_face_to_face: false })],
    ['below', 'nothing recorded', preconception({ risk: 'treat_first' })],
    ['neither', 'no special risk', preconception({ risk: 'no_special', advised_face_to_face: true })],
    ['neither', 'general advice only', preconception({ risk: 'advice', advised_face_to_face: true })],
    ...outside((change, more) => preconception({ risk: 'specialist', advised_face_to_face: true, ...change }, more)),
  ],
  Q9: [
    ['both', 'given in full', preconception({ folic_offered: true, folic_wanted: true, folic_given_full: true })],
    ['below', 'not in full', preconception({ folic_offered: true, folic_wanted: true, folic_given_full: false })],
    ['neither', 'offered, not wanted [R2]', preconception({ folic_offered: true, folic_wanted: false })],
    ['neither', 'not offered', preconception({ folic_offered: false })],
    [
      'both',
      'declined the check, wanted the acid',
      preconception({
        decision: 'declined',
        served_on: undefined,
        items_done: undefined,
        risk: undefined,
        folic_offered: true,
        folic_wanted: true,
        folic_given_full: true,
      }),
    ],
    ...outside((change, more) => preconception({ folic_offered: true, folic_wanted: true, folic_given_full: true, ...change }, more)),
  ],
  Q10: [
    ['both', 'screened', screening()],
    ['both', 'declined [R2]', screening({ decision: 'declined', served_on: undefined })],
    ['neither', 'wanted, still waits', screening({ served_on: undefined })],
    ['neither', 'not offered this one', screening({ common_disease_offered: false })],
    ['both', 'twenty that day', screening({}, { client: { born_on: '2005-03-10' } })],
    ['neither', 'twenty the day after', screening({}, { client: { born_on: '2005-03-11' } })],
    ['both', 'sixty-four still', screening({}, { client: { born_on: '1960-03-11' } })],
    ['neither', 'sixty-five', screening({}, { client: { born_on: '1960-03-10' } })],
    ['neither', 'the same woman again', screening({}, { client: { born_on: '1960-03-10' }, again: true })],
    ...outside(screening),
  ],
  Q11: [
    ['both', 'offered and screened', screening()],
    ['neither', 'not offered this one', screening({ cervical_offered: false })],
    ['both', 'thirty-five that day', screening({}, { client: { born_on: '1990-03-10' } })],
    ['neither', 'thirty-four', screening({}, { client: { born_on: '1990-03-11' } })],
    ['both', 'sixty-four still', screening({}, { client: { born_on: '1960-03-11' } })],
    ['neither', 'sixty-five', screening({}, { client: { born_on: '1960-03-10' } })],
    ['both', 'the first day of the three years', screening(on('2023-01-01'))],
    ['neither', 'the day before them', screening(on('2022-12-31'))],
    ['both', 'the last day', screening(on('2025-12-31'))],
    ['neither', 'the day after', screening(on('2026-01-01'))],
    ['neither', 'voided', screening({}, { after: 'void' })],
    ['neither', 'she took back her consent to care [R4]', screening({}, { after: 'withdraw' })],
  ],
  Q12: [
    ['both', 'a man', visit({}, { client: { sex: 'male', name: '男' } })],
    ['neither', 'the same man again', visit({}, { client: { sex: 'male' }, again: true })],
    ['below', 'a woman', visit()],
    ['below', 'who declined: she was served by being asked', screening({ decision: 'declined', served_on: undefined })],
    ...outside((change, more) => visit(change, { client: { sex: 'male' }, ...more })),
  ],
  R1: [
    // There is no row below: a procedure without complete consent cannot be recorded, and the table refuses it too [R5].
    ['both', 'complete consent', procedure()],
    ['neither', 'no procedure', visit()],
    ...outside((change, more) => procedure({ consent_signed_on: '2024-12-01', ...change }, more)),
  ],
  P3: [
    ['both', 'a free product at no charge', visit()],
    ['below', 'charged for', visit({ charge_fen: 1 })],
    ['both', 'a free procedure', procedure()],
    ['both', 'a free check', preconception()],
    ['below', 'a screening that was charged', screening({ charge_fen: 500 })],
    ['neither', 'nothing given', visit(notReceived)],
    ['neither', 'a check she declined', preconception({ decision: 'declined', served_on: undefined, items_done: undefined, risk: undefined })],
    ...outside(visit),
  ],
};

/** The one whom the next row may be about again. */
let client = aClient();

async function record(house: House, lines: readonly Line[]): Promise<void> {
  for (const [, why, line] of lines) {
    if ('follow_up' in line) {
      // Written by hand, with a number of the journal's own: what is counted is the table.
      const pen = await sql<{ seq: number }>`update journal.pen set seq = seq + 1 where county_code = ${county} returning seq`.execute(house.database.owner);
      const seq = pen.rows[0]?.seq;
      const row = {
        county_code: county,
        id: newId(),
        visit_id: newId(),
        client_id: client.client_id,
        recorded_client_id: client.client_id,
        place_code: '110118101001',
      };
      const days = { opens_on: '2024-06-01', due_on: '2024-06-01', step: 1, status: 'requested', seq };
      await house.database.owner
        .insertInto('care.follow_up')
        .values({ ...row, ...days, ...line.follow_up } as never)
        .execute();
      continue;
    }
    if (!line.again) {
      client = aClient(line.client);
      await sendAll(house, actor, [{ name: 'registry.register', input: client }]);
    }
    const input = JSON.parse(JSON.stringify(line.visit(client.client_id))) as Visit;
    const outcome = await send(house, actor, 'care.record', input as never);
    if (outcome.status !== 'done') throw new Error(`${why}: ${JSON.stringify(outcome.problem)}`);
    if (line.after === 'void') await sendAll(house, actor, [{ name: 'care.void', input: { visit_id: input.visit_id, version: 1, reason: '试' } }]);
    if (line.after === 'withdraw') {
      const withdrawn = { client_id: client.client_id, purpose: 'care', withdrawn_on: '2026-01-02' };
      await sendAll(house, actor, [{ name: 'rights.withdraw_consent', input: withdrawn }]);
    }
  }
}

/** One indicator at the county, counted after `lines` came, all at once. */
async function measured(house: House, code: string) {
  await refresh(house.database, county, bookOf(house), now);
  const found = await house.database.read(actor, async (db) =>
    figures(db, house.database, county, bookOf(house), await placesOf(db, county, county, 'county'), [year], { now }),
  );
  return found.find((figure) => figure.indicator === code);
}

const isOfficial = ['Q7', 'Q10', 'Q11'];

describe('every indicator, row by row, with one outside each boundary', () => {
  it('each of the book has its table', async () => {
    const house = await aHouse(onTestFinished);
    const scored = bookOf(house).book.indicators.filter((one) => one.class === 'scored' && one.kind === 'proportion');
    expect(Object.keys(tables).sort()).toEqual(scored.map((one) => one.code).sort());
  });
  it.each(Object.entries(tables))('[%s]', async (code, lines) => {
    const house = await aHouse(onTestFinished);
    await aGround(house);
    const count = (...which: Counts[]) => lines.filter(([counts]) => which.includes(counts)).length;
    // Line by line: each adds to what it says, and to nothing else.
    for (const [at, [counts, why]] of lines.entries()) {
      await record(
        house,
        lines.slice(at, at + 1).map((line) => line),
      );
      const found = await measured(house, code);
      const until = lines.slice(0, at + 1);
      const both = until.filter(([each]) => each === 'both').length;
      const below = until.filter(([each]) => each !== 'neither').length;
      expect([found?.numerator, isOfficial.includes(code) ? below : found?.denominator], `${code} ${counts}: ${why}`).toEqual([both, below]);
    }
    expect(count('both')).toBeGreaterThan(0);
    expect(count('neither')).toBeGreaterThan(0);
  });
  it('[Q7 Q10 Q11] the denominators: who is in the official numbers and who is not', async () => {
    const house = await aHouse(onTestFinished);
    await aGround(house);
    const people = (place_code: string, count_of: string, age: [number, number], count: number, year_of = 2025, residence = 'resident') => ({
      name: 'registry.count_population',
      input: { place_code, year: year_of, sex: count_of, age_from: age[0], age_to: age[1], residence, people: count, source: '试' },
    });
    await sendAll(house, actor, [
      people('110118101001', 'female', [15, 19], 1),
      people('110118101001', 'female', [20, 24], 10),
      people('110118101001', 'female', [35, 39], 100),
      people('110118102001', 'female', [60, 64], 1000, 2025, 'migrant'),
      people('110118102001', 'female', [65, 69], 10_000),
      people('110118102001', 'male', [40, 44], 100_000),
      people('110118102001', 'female', [40, 44], 1_000_000, 2024),
      { name: 'registry.estimate', input: { place_code: '110118101001', year: 2025, name: 'couples_planning', people: 7, method: '试', source: '试' } },
      { name: 'registry.estimate', input: { place_code: '110118101001', year: 2024, name: 'couples_planning', people: 70, method: '试', source: '试' } },
    ]);
    expect([(await measured(house, 'Q7'))?.denominator, (await measured(house, 'Q10'))?.denominator, (await measured(house, 'Q11'))?.denominator]).toEqual([
      7, 1110, 1100,
    ]);
  });
  it('[P5] parity: who counts as migrant, each service once a person, and each ratio capped', async () => {
    const house = await aHouse(onTestFinished);
    await aGround(house);
    const people = (residence: string, count: number) =>
      ['female', 'male'].map((sex) => ({
        name: 'registry.count_population',
        input: { place_code: '110118101001', year: 2025, sex, age_from: 15, age_to: 64, residence, people: count, source: '试' },
      }));
    await sendAll(house, actor, [...people('resident', 100), ...people('migrant', 50)]);
    const each = (residence: string, times: number): Line[] =>
      Array.from({ length: times }, (): Line[] => [
        ['both', 'woman', screening({}, { client: { residence, born_on: '1980-06-01' } })],
        ['both', 'again, once', screening({}, { again: true, client: { residence } })],
        ['both', 'contraception', visit({}, { client: { residence } })],
        ['both', 'preconception', preconception({}, { client: { residence } })],
        ['both', 'man', visit({}, { client: { residence, sex: 'male' } })],
      ]).flat();
    await record(house, [...each('resident', 4), ...each('migrant', 1)]);
    const found = await measured(house, 'P5');
    // 1 of 100 migrants against 4 of 200 residents in each service; contraception 2 of 100 against 8 of 200.
    expect(found?.parts.map((part) => [part.code, part.count, part.share])).toEqual([
      ['contraception', 2, 0.5],
      ['preconception', 1, 0.5],
      ['common_disease', 1, 0.5],
      ['cervical', 1, 0.5],
      ['men', 1, 0.5],
    ]);
    expect(found?.value).toBeCloseTo(0.5, 10);
    await record(house, each('migrant', 3));
    const equal = await measured(house, 'P5');
    expect(equal?.parts.every((part) => part.share === 2)).toBe(true);
    expect(equal?.value).toBe(1);
  });
});

describe('days in stock, beside Q5', () => {
  it('as one counts them day by day, late movements and amended visits included; by place and by facility', async () => {
    const house = await aHouse(onTestFinished);
    await aGround(house);
    const client = aClient();
    const stock = (moved_on: string, quantity: number, kind = 'receive', product_code = 'condom') => ({
      name: 'supplies.receive',
      input: { facility_number: 'F-1', place_code: county, product_code, kind, moved_on, quantity },
    });
    await sendAll(house, actor, [{ name: 'registry.register', input: client }, stock('2025-01-11', 10)]);
    const given = aVisit(client.client_id, { ...on('2025-01-21'), quantity: 10 });
    await sendAll(house, actor, [{ name: 'care.record', input: given as never }]);
    const days = async () => {
      await refresh(house.database, county, bookOf(house), now);
      const { rows } = await sql<{ month: string; stocked: number; without: number }>`
        select to_char(month_on, 'YYYY-MM') as month, sum(days) filter (where stocked)::int as stocked, sum(days) filter (where not stocked)::int as without
          from evaluation.stock_month where county_code = ${county} and month_on < '2025-04-01' group by 1 order by 1`.execute(house.database.owner);
      return rows.map((row) => [row.month, row.stocked, row.without]);
    };
    // Ten days with stock from the eleventh on; the day it ran out has none at its end.
    expect(await days()).toEqual([
      ['2025-01', 10, 11],
      ['2025-02', 0, 28],
      ['2025-03', 0, 31],
    ]);
    // It came on the first of February, and was written down later.
    await sendAll(house, actor, [stock('2025-02-01', 5)]);
    expect(await days()).toEqual([
      ['2025-01', 10, 11],
      ['2025-02', 28, 0],
      ['2025-03', 31, 0],
    ]);
    // The visit was two days earlier; another product is another shelf.
    await sendAll(house, actor, [
      { name: 'care.amend', input: { ...(given as object), ...on('2025-01-19'), version: 1 } },
      stock('2025-03-30', 1, 'receive', 'pill'),
    ]);
    expect(await days()).toEqual([
      ['2025-01', 8, 13],
      ['2025-02', 28, 0],
      ['2025-03', 33, 0],
    ]);
    const besideOf = async (level: 'county' | 'facility') => {
      const at = await house.database.read(actor, async (db) => {
        const places =
          level === 'county'
            ? await placesOf(db, county, county, 'county')
            : [{ place_code: '01900000-0000-7000-8000-00000000000f', parent_code: county, level, name_zh: '', name_en: null }];
        const march = await figures(db, house.database, county, bookOf(house), places, [periodOf('2025-Q1') as Period], { now });
        const cold = await figures(db, house.database, county, bookOf(house), places, [periodOf('2025-Q1') as Period], { now, cold: true });
        return [march, cold].map((found) => found.find((figure) => figure.indicator === 'Q5')?.beside[0]);
      });
      return at.map((one) => [one?.numerator, one?.denominator]);
    };
    expect(await besideOf('county')).toEqual([
      [69, 82],
      [69, 82],
    ]);
    expect(await besideOf('facility')).toEqual([
      [69, 82],
      [69, 82],
    ]);
    // A day passes and nothing happens: it is a day in stock.
    const before = await sql<{ n: number }>`select sum(days)::int as n from evaluation.stock_month where county_code = ${county}`.execute(house.database.owner);
    await refresh(house.database, county, bookOf(house), new Date('2026-06-16T00:00:00Z'));
    const after = await sql<{ n: number }>`select sum(days)::int as n from evaluation.stock_month where county_code = ${county}`.execute(house.database.owner);
    expect((after.rows[0]?.n ?? 0) - (before.rows[0]?.n ?? 0)).toBe(2);
  });
});
