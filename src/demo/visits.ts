import { addDays, ageOn, type Day, firstDay, monthOf, today } from '../kit/day.ts';
import { idWithin } from '../kit/id.ts';
import { followUpsOf } from '../modules/care/schedule.ts';
import { schedulesOf } from '../modules/care/server-schedules.ts';
import { checkItems, explainable, informedPoints, type Visit } from '../modules/care/visit.ts';
import type { Packs } from '../platform/packs.ts';
import type { Item } from '../platform/room.ts';
import type { Chance } from './chance.ts';
import { type DemoFacility, firstOn, type Ground, lastOn } from './ground.ts';
import type { DemoClient } from './people.ts';
import { Shelves } from './shelves.ts';

/** How often a client comes, per month; `busy` raises it so that the full county has its millions of events. */
export interface Pace {
  refill: number;
  screening: number;
  preconception: number;
}

/** What the demonstration's clients agree to. */
const agreedTo = ['care', 'follow_up'];

/** Months of visits and follow-ups, in the order of time; each month's list is complete when the next begins. */
export function* visitsByMonth(chance: Chance, ground: Ground, clients: readonly DemoClient[], packs: Packs, pace: Pace): Generator<Item[]> {
  const due = new Map<number, { id: string; on: Day }[]>();
  const schedules = schedulesOf(packs);
  const shelves = new Shelves(ground);
  for (let month = monthOf(firstOn); month <= monthOf(lastOn); month += 1) {
    const items: Item[] = shelves.deliveries(month);
    const since = month - monthOf(firstOn);
    for (const client of clients) {
      if (client.from > since) continue;
      for (const visit of monthOfClient(chance, ground, client, month, since, pace)) {
        if (visit.visited_on > lastOn) continue;
        items.push({ id: idWithin(visit.visit_id, 60_000), name: 'care.record', input: visit });
        shelves.give(visit);
        for (const followUp of followUpsOf(visit, schedules, today(), agreedTo)) {
          const done = 0.7 * client.village.quality + (followUp.kind === 'procedure' ? 0.27 : 0) + since * 0.0012;
          if (!chance.hits(done)) continue;
          const on = addDays(followUp.due_on, chance.hits(0.95) ? chance.between(-12, 12) : chance.between(16, 60));
          if (on <= visit.visited_on || on > lastOn) continue;
          const list = due.get(monthOf(on)) ?? [];
          list.push({ id: followUp.id, on });
          due.set(monthOf(on), list);
        }
      }
    }
    for (const { id, on } of due.get(month) ?? []) {
      items.push({
        id: idWithin(id, 61_000),
        name: 'care.follow_up',
        input: { follow_up_id: id, done_on: on, outcome: chance.pick(['well', 'well', 'well', 'well', 'side_effect', 'referred']) },
      });
    }
    due.delete(month);
    yield items;
  }
}

function monthOfClient(chance: Chance, ground: Ground, client: DemoClient, month: number, since: number, pace: Pace): Visit[] {
  const visits: Visit[] = [];
  const age = ageOn(client.born, firstDay(month));
  if (age >= 16 && age <= 49 && chance.hits(pace.refill * (client.sex === 'male' ? 0.55 : 1)))
    visits.push(contraception(chance, ground, client, month, since, age));
  if (client.sex === 'female' && age >= 20 && age <= 66 && chance.hits(pace.screening)) visits.push(screening(chance, ground, client, month, since));
  if (age >= 21 && age <= 40 && chance.hits(pace.preconception)) visits.push(preconception(chance, ground, client, month, since));
  return visits;
}

function base(chance: Chance, client: DemoClient, facility: DemoFacility, month: number): Omit<Visit, 'service' | 'decision'> {
  const visited_on = addDays(firstDay(month), chance.between(0, 27));
  const worker = chance.pick(facility.workers);
  return {
    visit_id: chance.id(visited_on),
    client_id: client.id,
    facility_id: facility.id,
    health_worker_id: worker.id,
    place_code: client.village.code,
    visited_on,
    follow_up_consented: client.consents && chance.hits(0.95),
    charge_fen: 0,
  };
}

function contraception(chance: Chance, ground: Ground, client: DemoClient, month: number, since: number, age: number): Visit {
  const { village } = client;
  const good = Math.min(1.08, village.quality + since * 0.0012);
  const isLong = ['iud', 'implant'].includes(client.method);
  const roll = chance.next();
  const client_is = roll < 0.09 ? 'new' : roll < 0.14 ? 'switching' : roll < 0.97 ? 'continuing' : 'stopping';
  const wantsProcedure = isLong && client.sex === 'female' && age < 46 && client_is !== 'stopping' && chance.hits(client_is === 'continuing' ? 0.03 : 0.7);
  const station = ground.stationOf.get(village.parent) as DemoFacility;
  const facility = wantsProcedure || chance.hits(0.35) ? station : (ground.roomOf.get(village.code) ?? station);
  const visit: Visit = { ...base(chance, client, facility, month), service: 'contraception', decision: 'accepted', client_is };
  const isChoosing = client_is === 'new' || client_is === 'switching';
  const isInformed = chance.hits(0.93 * good) || wantsProcedure;
  if (isChoosing || wantsProcedure) {
    visit.informed_points = informedPoints.filter(() => isInformed || chance.hits(0.6));
    visit.methods_explained = explainable.filter((_, index) => (isInformed ? index % 2 === 0 || chance.hits(0.5) : index < 2));
    visit.none_explained = isInformed;
    visit.choice_by = isInformed || chance.hits(0.9) ? 'client' : 'other';
  }
  if (chance.hits(0.025)) return { ...visit, decision: 'declined', method_chosen: 'none' };
  visit.served_on = visit.visited_on;
  if (client_is === 'stopping') return { ...visit, method_before: client.method as never, method_chosen: chance.hits(0.5) ? 'wants_child' : 'none' };
  const method = client.sex === 'male' ? 'condom' : isLong && !wantsProcedure ? 'condom' : client.method;
  visit.method_chosen = method as never;
  visit.method_received = wantsProcedure || chance.hits(0.945 * Math.min(1.05, good));
  if (!visit.method_received) return { ...visit, not_received_reason: chance.pick(['out_of_stock', 'out_of_stock', 'not_offered_here', 'appointment_made']) };
  if (wantsProcedure) return withProcedure(chance, visit, method === 'iud' ? 'iud_insertion' : 'implant_insertion', facility);
  const given = { condom: ['condom', 30], pill_injection: ['pill', 3], topical: ['spermicide', 10], iud: ['condom', 20], implant: ['condom', 20] }[method] as
    | [string, number]
    | undefined;
  if (given) [visit.product_code, visit.quantity] = given;
  if (chance.hits(0.004 * (2 - good))) visit.charge_fen = 500;
  return visit;
}

function withProcedure(chance: Chance, visit: Visit, procedure: NonNullable<Visit['procedure']>, facility: DemoFacility): Visit {
  const hadTrouble = chance.hits(0.0011);
  return {
    ...visit,
    informed_points: [...informedPoints],
    methods_explained: visit.methods_explained && visit.methods_explained.length >= 3 ? visit.methods_explained : ['iud', 'implant', 'condom'],
    none_explained: true,
    choice_by: 'client',
    procedure,
    product_code: procedure === 'iud_insertion' ? 'iud' : 'implant',
    quantity: 1,
    operator_number: chance.pick(facility.workers).number,
    consent_by: 'client',
    consent_signed_on: visit.visited_on,
    consent_version: '2021-1',
    complication: hadTrouble,
    serious_accident: false,
  };
}

function screening(chance: Chance, ground: Ground, client: DemoClient, month: number, since: number): Visit {
  const station = ground.stationOf.get(client.village.parent) as DemoFacility;
  const age = ageOn(client.born, firstDay(month));
  const visit: Visit = { ...base(chance, client, station, month), service: 'screening', decision: 'accepted', common_disease_offered: true };
  if (age >= 35 && age <= 64 && chance.hits(0.62)) visit.cervical_offered = true;
  const roll = chance.next();
  if (roll < 0.13) return { ...visit, decision: 'declined' };
  if (roll < 0.16) return { ...visit, decision: 'postponed' };
  const good = client.village.quality + since * 0.001;
  if (!chance.hits(0.985 * Math.min(1, good))) return visit; // wanted it and still waits
  visit.served_on = addDays(visit.visited_on, chance.hits(0.9) ? 0 : chance.between(1, 40));
  visit.four_ones = (['screening', 'materials', 'lecture', 'counselling'] as const).filter((one) => one === 'screening' || chance.hits(0.85));
  if (visit.cervical_offered) visit.cervical_method = chance.hits(0.55) ? 'hpv' : 'cytology';
  visit.result = chance.hits(0.12) ? 'abnormal' : 'normal';
  if (visit.result === 'abnormal')
    visit.finding_kinds = [chance.pick(['vaginitis', 'cervicitis', 'fibroid', 'hpv_other', 'cytology_abnormal', 'breast'] as const)];
  return visit;
}

function preconception(chance: Chance, ground: Ground, client: DemoClient, month: number, since: number): Visit {
  const station = ground.stationOf.get(client.village.parent) as DemoFacility;
  const good = client.village.quality + since * 0.0015;
  const visit: Visit = { ...base(chance, client, station, month), service: 'preconception', decision: 'accepted', folic_offered: true };
  visit.folic_wanted = chance.hits(0.9);
  visit.folic_given_full = visit.folic_wanted && chance.hits(0.93 * Math.min(1.06, good));
  if (chance.hits(0.1)) return { ...visit, decision: 'declined' };
  if (!chance.hits(0.97 * Math.min(1, good))) return visit;
  visit.served_on = addDays(visit.visited_on, chance.between(0, 20));
  visit.items_done = checkItems.filter((item) => item !== 'i19_follow_up' && chance.hits(0.97));
  visit.partner_examined = chance.hits(0.8);
  visit.risk = (['no_special', 'advice', 'treat_first', 'specialist', 'not_now'] as const)[chance.weighted([60, 21, 12, 5, 2])] as never;
  visit.advised_face_to_face = ['no_special', 'advice'].includes(visit.risk as string) ? chance.hits(0.5) : chance.hits(0.975 * Math.min(1.03, good));
  if (visit.folic_given_full && chance.hits(0.5)) visit.folic_kept = chance.hits(0.72);
  return visit;
}
