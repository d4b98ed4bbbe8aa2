import fc from 'fast-check';
import { sql } from 'kysely';
import { beforeAll, describe, expect, it } from 'vitest';
import { addDays, monthOf } from '../../kit/day.ts';
import { newId } from '../../kit/id.ts';
import { type Period, periodOf } from '../../kit/period.ts';
import type { House } from '../../platform/room.ts';
import { run } from '../../platform/run.ts';
import { aClient, aGround, aHouse, aProcedure, aVisit, type Changed, counties, facilityId, program, send, sendAll } from '../../testing/house.ts';
import type { Visit } from '../care/visit.ts';
import { conditionSql } from './compile.ts';
import { refresh } from './listener.ts';
import { coldCounts, figures, placesOf } from './queries.ts';
import { bookOf } from './routes.ts';

const county = counties[0];
const actor = program(county);
const now = new Date('2026-06-15T00:00:00Z');
const period = (code: string) => periodOf(code) as Period;

/** Figures of one period at every place, after counting what is new. */
async function measured(house: House, code: string) {
  await refresh(house.database, county, bookOf(house), now);
  return house.database.read(actor, async (db) =>
    figures(db, house.database, county, bookOf(house), await placesOf(db, county, county), [period(code)], { now }),
  );
}

const plain = (client_id: string, change: Changed): Visit => {
  const { client_is, informed_points, methods_explained, none_explained, choice_by, method_chosen, method_received, product_code, quantity, ...rest } =
    aVisit(client_id);
  return { ...rest, ...change } as Visit;
};

describe('each indicator, countable on fingers, with a row outside each boundary', () => {
  const women = [1970, 1985, 1990, 1995].map((year, index) =>
    aClient({
      name: `女${index}`,
      born_on: `${year}-01-01`,
      place_code: index < 3 ? '110118101001' : '110118102001',
      residence: index === 1 ? 'migrant' : 'resident',
    }),
  );
  const man = aClient({ name: '男', sex: 'male' });
  const [a, b, c, d] = women.map((client) => client.client_id) as [string, string, string, string];
  let house: House;
  beforeAll(async () => {
    house = await aHouse();
    await aGround(house);
    await aGround(house, counties[1]);
    await sendAll(
      house,
      actor,
      [...women, man].map((input) => ({ name: 'registry.register', input })),
    );
    const people = (place_code: string, sex: string, age_from: number, age_to: number, residence: string, count: number) => ({
      name: 'registry.count_population',
      input: { place_code, year: 2025, sex, age_from, age_to, residence, people: count, source: '试' },
    });
    await sendAll(house, actor, [
      people('110118101001', 'female', 20, 24, 'resident', 40),
      people('110118101001', 'female', 60, 64, 'migrant', 20),
      people('110118101001', 'female', 65, 69, 'resident', 99),
      people('110118101001', 'male', 20, 24, 'resident', 77),
      people('110118102001', 'female', 35, 39, 'resident', 30),
      { name: 'registry.estimate', input: { place_code: '110118101001', year: 2025, name: 'couples_planning', people: 5, method: '试', source: '试' } },
    ]);
    const visits: Visit[] = [
      aVisit(a), // Q1 yes; Q5 yes; P3 yes
      aVisit(b, { methods_explained: ['iud', 'condom'] }), // Q1 no: two methods
      aVisit(c, { choice_by: 'other' }), // Q1 no: another's choice
      aVisit(d, {
        place_code: '110118102001',
        client_is: 'continuing',
        method_received: false,
        not_received_reason: 'out_of_stock',
        product_code: undefined,
        quantity: undefined,
      }), // outside Q1; Q5 no
      aVisit(a, { visited_on: '2024-12-31', served_on: '2024-12-31' }), // outside the year
      aVisit(a, { charge_fen: 100 }), // P3 no
      plain(man.client_id, { client_is: 'stopping', method_chosen: 'none' }), // Q12: a man; outside Q5: chose none
      aProcedure(a, { complication: true }), // Q4, R1
      aProcedure(b),
      plain(a, { service: 'screening', common_disease_offered: true, cervical_offered: true }), // Q10 yes, Q11 yes: aged 55
      plain(b, { service: 'screening', common_disease_offered: true, decision: 'declined', served_on: undefined }), // Q10 yes: a refusal honoured
      plain(c, { service: 'screening', common_disease_offered: true, served_on: undefined }), // Q10 no: wanted, waits
      plain(c, { service: 'screening', cervical_offered: true, visited_on: '2023-01-01', served_on: '2023-01-01', common_disease_offered: false }), // Q11 no: aged 32 then
      plain(d, { service: 'screening', cervical_offered: true, visited_on: '2022-12-31', served_on: '2022-12-31', place_code: '110118102001' }), // outside the cycle of 2025
      plain(c, {
        service: 'preconception',
        items_done: ['i01_education'],
        risk: 'specialist',
        advised_face_to_face: true,
        folic_offered: true,
        folic_wanted: true,
        folic_given_full: true,
      }), // Q7, Q8 yes, Q9 yes
      plain(d, {
        service: 'preconception',
        items_done: ['i01_education'],
        risk: 'treat_first',
        folic_offered: true,
        folic_wanted: true,
        place_code: '110118102001',
      }), // Q8 no, Q9 no
      plain(b, {
        service: 'preconception',
        decision: 'accepted',
        served_on: '2025-05-10',
        items_done: ['i01_education'],
        risk: 'advice',
        visited_on: '2025-03-10',
      }), // Q7 no: 61 days
    ];
    for (const input of visits) {
      const outcome = await send(house, actor, 'care.record', JSON.parse(JSON.stringify(input)));
      if (outcome.status !== 'done') throw new Error(JSON.stringify([outcome.problem, input]));
    }
    const due = await sql<{
      id: string;
      kind: string;
      due_on: string;
      closes_on: string;
    }>`select id, kind, due_on, closes_on from care.follow_up order by kind, due_on, id`.execute(house.database.owner);
    const procedures = due.rows.filter((row) => row.kind === 'procedure' && row.closes_on < '2026-01-01');
    await send(house, actor, 'care.follow_up', { follow_up_id: procedures[0]?.id, done_on: procedures[0]?.closes_on, outcome: 'well' });
    await send(house, actor, 'care.follow_up', { follow_up_id: procedures[1]?.id, done_on: addDays(procedures[1]?.closes_on as string, 1), outcome: 'well' });
  });

  it('in 2025, at the county', async () => {
    const found = (await measured(house, '2025')).filter((figure) => figure.place_code === county);
    const counts = Object.fromEntries(found.map((figure) => [figure.indicator, [figure.numerator, figure.denominator]]));
    expect(counts).toMatchObject({
      Q1: [4, 6], // the two procedures are informed choices too, so is the one that was charged
      Q3: [1, 6], // three of each procedure's four follow-ups close within 2025; one done within its window
      Q4: [1, 2],
      Q5: [6, 7],
      Q6: [0, 5], // that of 31 December 2024 closes in 2025
      Q7: [2, 5],
      Q8: [1, 2],
      Q9: [1, 2],
      Q10: [2, 90],
      Q11: [1, 50],
      Q12: [1, 5],
      R1: [2, 2],
      P3: [9, 10],
    });
    expect(found.find((figure) => figure.indicator === 'P5')?.verdict).toBe('too_few');
    expect(found.find((figure) => figure.indicator === 'METHOD_MIX')?.verdict).toBe('hidden');
    expect(found.find((figure) => figure.indicator === 'Q8')?.beside.map((one) => one.code)).toEqual(['early_pregnancy', 'outcome']);
  });
  it('[R11] context is hidden at townships and villages', async () => {
    const below = (await measured(house, '2025')).filter((figure) => figure.place_code !== county && ['METHOD_MIX', 'SRB'].includes(figure.indicator));
    expect(new Set(below.map((figure) => figure.verdict))).toEqual(new Set(['hidden']));
    expect(below.every((figure) => figure.denominator === null && figure.parts.length === 0)).toBe(true);
  });
  it('a person is counted once at each place, however many visits and villages', async () => {
    await send(house, actor, 'care.record', plain(a, { service: 'screening', common_disease_offered: true, place_code: '110118102001' }) as never);
    const found = (await measured(house, '2025')).filter((figure) => figure.indicator === 'Q10');
    expect(found.map((figure) => [figure.place_code, figure.numerator])).toEqual([
      ['110118', 2],
      ['110118101', 2],
      ['110118101001', 2],
      ['110118101002', 0],
      ['110118102', 1],
      ['110118102001', 1],
      ['110118102002', 0],
    ]);
  });
});

describe('counted again three ways', () => {
  it('kept cells, one cold pass and a naive re-count agree after any history of visits, amendments, voids and merges', async () => {
    const house = await aHouse();
    await aGround(house);
    const clients = Array.from({ length: 6 }, (_, index) =>
      aClient({
        name: `甲${index}`,
        sex: index === 5 ? 'male' : 'female',
        born_on: `${1965 + index * 7}-02-03`,
        residence: index % 3 === 0 ? 'migrant' : 'resident',
      }),
    );
    await sendAll(
      house,
      actor,
      clients.map((input) => ({ name: 'registry.register', input })),
    );
    const villages = ['110118101001', '110118101002', '110118102001'];
    const rooms = [facilityId, newId()] as const;
    const room = { facility_id: rooms[1], facility_number: 'F-2', place_code: villages[0], kind: 'village_room', name_zh: '室', valid_from: '2020-01-01' };
    await sendAll(house, actor, [{ name: 'registry.open_facility', input: room }]);
    const visit = fc.record({ who: fc.nat(5), where: fc.nat(2), day: fc.nat(1500), line: fc.nat(2), yes: fc.boolean(), also: fc.boolean(), act: fc.nat(5) });
    let round = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(visit, { minLength: 4, maxLength: 14 }), async (history) => {
        const items = history.map(({ who, where, day, line, yes, also }) => {
          const visited_on = addDays('2022-03-01', day);
          const base = {
            client_id: clients[who]?.client_id as string,
            place_code: villages[where] as string,
            facility_id: rooms[day % 2] as string,
            visited_on,
            served_on: yes ? visited_on : undefined,
          };
          const input =
            line === 0 || who === 5
              ? aVisit(base.client_id, {
                  ...base,
                  served_on: visited_on,
                  client_is: also ? 'new' : 'continuing',
                  choice_by: yes ? 'client' : 'other',
                  method_received: also,
                  ...(also ? {} : { not_received_reason: 'out_of_stock', product_code: undefined, quantity: undefined }),
                })
              : line === 1
                ? plain(base.client_id, {
                    ...base,
                    service: 'screening',
                    common_disease_offered: true,
                    cervical_offered: also,
                    decision: also ? 'accepted' : 'declined',
                    ...(also ? {} : { served_on: undefined }),
                  })
                : plain(base.client_id, {
                    ...base,
                    service: 'preconception',
                    ...(yes ? { items_done: ['i01_education'], risk: also ? 'specialist' : 'advice', advised_face_to_face: also } : {}),
                    folic_offered: true,
                    folic_wanted: also,
                    folic_given_full: also && yes,
                  });
          return { id: newId(), name: 'care.record', input: JSON.parse(JSON.stringify(input)) as Visit };
        });
        const outcomes = await run(house, actor, items);
        expect(
          outcomes.every((outcome) => outcome.status === 'done'),
          JSON.stringify(outcomes.find((one) => one.status !== 'done')),
        ).toBe(true);
        for (const [index, { act }] of history.entries()) {
          const input = (items[index] as (typeof items)[number]).input;
          if (act === 0) await send(house, actor, 'care.void', { visit_id: input.visit_id, version: 1, reason: '试' });
          if (act === 1)
            await send(house, actor, 'care.amend', {
              ...input,
              version: 1,
              place_code: villages[(index + 1) % 3],
              facility_id: rooms[index % 2],
              visited_on: '2024-05-05',
              ...(input.served_on ? { served_on: '2024-05-05' } : {}),
            });
        }
        round += 1;
        const pair = { kept_id: clients[0]?.client_id, other_id: clients[1]?.client_id };
        if (round % 4 === 2) await send(house, actor, 'registry.merge', pair);
        await refresh(house.database, county, bookOf(house), now);
        await agree(house, ['2023', '2024-Q2', '2025', '2025-MCH', '2024-05'], rooms);
        if (round % 4 === 2) await send(house, actor, 'registry.unmerge', pair);
      }),
      { numRuns: 14 },
    );
  });
});

/** Compares every measure at every place three ways. */
async function agree(house: House, codes: string[], rooms: readonly string[]): Promise<void> {
  const book = bookOf(house);
  for (const code of codes) {
    const kept = await sql<{ place_code: string; counts: number[] }>`select place_code, counts from evaluation.cell where period = ${code}`.execute(
      house.database.owner,
    );
    const cells = new Map(kept.rows.map((row) => [row.place_code, row.counts]));
    const cold = await coldCounts(house.database, county, book, period(code));
    const coldByFacility = await coldCounts(house.database, county, book, period(code), 'facility_id');
    for (const measure of book.measures.filter((one) => !['registry.birth_count', 'evaluation.stock_month'].includes(one.source))) {
      const { from, until } = period(code);
      const first = measure.window ? until - measure.window : from;
      const on = measure.source === 'care.visit' ? 'visited_on' : 'closes_on';
      const rows = (
        await sql<{
          place_code: string;
          facility_id: string;
          client_id: string;
          on: string;
        }>`select place_code, facility_id, client_id, ${sql.raw(on)} as on from ${sql.raw(measure.source)} where not voided and ${sql.raw(conditionSql(measure.source, measure.condition))}`.execute(
          house.database.owner,
        )
      ).rows.filter((row) => monthOf(row.on) >= first && monthOf(row.on) < until);
      const index = book.at.get(measure.key) as number;
      for (const place of ['110118', '110118101', '110118102', '110118101001', '110118101002', '110118102001']) {
        const inside = rows.filter((row) => row.place_code.startsWith(place));
        const naive = measure.counts === 'people' ? new Set(inside.map((row) => row.client_id)).size : inside.length;
        expect([cells.get(place)?.[index] ?? 0, cold.get(place)?.[index] ?? 0], `${measure.key} ${place} ${code}`).toEqual([naive, naive]);
      }
      for (const facility of rooms) {
        const there = rows.filter((row) => row.facility_id === facility);
        const naive = measure.counts === 'people' ? new Set(there.map((row) => row.client_id)).size : there.length;
        expect([cells.get(facility)?.[index] ?? 0, coldByFacility.get(facility)?.[index] ?? 0], `${measure.key} ${facility} ${code}`).toEqual([naive, naive]);
      }
    }
  }
}
