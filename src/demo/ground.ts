import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { firstDay, monthOf } from '../kit/day.ts';
import { root } from '../platform/config.ts';
import type { Item } from '../platform/room.ts';
import { accountItems } from './accounts.ts';
import type { Chance } from './chance.ts';

export const firstOn = '2021-12-01';
export const lastOn = '2026-11-20';
export const county = '110118';
export const opened = '2021-01-01';

export interface DemoPlace {
  code: string;
  parent: string;
  level: string;
  name: string;
  /** People at full size; villages only. */
  people: number;
  /** How well its station does: around 1. */
  quality: number;
  isUrban: boolean;
}

export interface DemoFacility {
  id: string;
  number: string;
  place: string;
  kind: string;
  workers: { id: string; number: string }[];
}

export interface Ground {
  places: DemoPlace[];
  villages: DemoPlace[];
  townships: DemoPlace[];
  stationOf: Map<string, DemoFacility>;
  roomOf: Map<string, DemoFacility>;
  items: Item[];
}

/** Household-registered people of 2022 by the first characters of the township's name (packs/demo-miyun/README.md). */
const townshipPeople: Record<string, number> = {
  鼓楼街: 82212,
  果园街: 37686,
  檀营地: 5708,
  密云镇: 7459,
  溪翁庄: 21192,
  西田各: 39554,
  十里堡: 21977,
  河南寨: 24610,
  巨各庄: 23527,
  穆家峪: 32530,
  太师屯: 31559,
  高岭镇: 17507,
  不老屯: 23693,
  冯家峪: 8975,
  古北口: 9431,
  大城子: 15528,
  东邵渠: 12159,
  北庄镇: 8513,
  新城子: 11461,
  石城镇: 5884,
  中关村: 600,
};
const residents = 526_000;
const migrantShare = 0.205;

/** People in thousands by five-year age band from 0–4 to 80+, male and female: China 2020, UN estimate (WPP 2019). */
const male = [44456, 46320, 45350, 44103, 46274, 51523, 66443, 51346, 49289, 61173, 62348, 49958, 38917, 36527, 21425, 12207, 10587];
const female = [39476, 40415, 38913, 38239, 40884, 46466, 62296, 48746, 46985, 58664, 61097, 48782, 38597, 37623, 23525, 14337, 16032];
const allPeople = [...male, ...female].reduce((sum, count) => sum + count, 0);

/** Births per 1,000 women by band 15–19 … 45–49, Fuzhou 2020 census long form, scaled to a total fertility of 1.0. */
const fertility = [2.5, 33.4, 81.3, 54.2, 22.2, 5.3, 1.1];

/** Places, official numbers, facilities, workers and accounts of the demonstration county. `scale` shrinks the numbers of people. */
export function ground(chance: Chance, scale: number, years: readonly number[]): Ground {
  const rows = readFileSync(join(root, 'packs/demo-miyun/places.csv'), 'utf8')
    .trim()
    .split('\n')
    .slice(1)
    .map((row) => row.split(','));
  const quality = new Map<string, number>();
  const places: DemoPlace[] = rows.map(([code = '', parent = '', level = '', name = '']) => {
    if (level === 'township') quality.set(code, 0.86 + chance.next() * 0.2);
    const own = level === 'village' ? (quality.get(parent) ?? 1) * (0.93 + chance.next() * 0.12) : (quality.get(code) ?? 1);
    return { code, parent, level, name, people: 0, quality: own, isUrban: code[9] === '0' };
  });
  const villages = places.filter((place) => place.level === 'village');
  const townships = places.filter((place) => place.level === 'township');
  shareOut(chance, townships, villages);
  const items: Item[] = [];
  const add = (name: string, input: Record<string, unknown>) => items.push({ id: chance.id(opened), name, input });
  for (const [index, place] of places.entries()) {
    const [code, parent_code, level, name_zh, name_en] = rows[index] as string[];
    add('registry.open_place', {
      place_code: code,
      ...(parent_code ? { parent_code } : {}),
      level,
      name_zh,
      name_en,
      official_code: place.code,
      valid_from: opened,
    });
  }
  const facilities = openFacilities(chance, townships, villages, scale, add);
  for (const year of years) countYear(chance, villages, year, scale, add);
  countBirths(chance, scale, add);
  items.push(...accountItems(chance, facilities));
  const stationOf = new Map(facilities.filter((one) => one.kind !== 'village_room').map((one) => [one.place, one]));
  const roomOf = new Map(facilities.filter((one) => one.kind === 'village_room').map((one) => [one.place, one]));
  // Neighbours of one kind work as one set.
  const kinds = [...new Set(items.map((item) => item.name))];
  items.sort((a, b) => kinds.indexOf(a.name) - kinds.indexOf(b.name));
  return { places, villages, townships, stationOf, roomOf, items };
}

function shareOut(chance: Chance, townships: DemoPlace[], villages: DemoPlace[]): void {
  const registered = Object.values(townshipPeople).reduce((sum, people) => sum + people, 0);
  for (const township of townships) {
    const own = villages.filter((village) => village.parent === township.code);
    const weights = own.map(() => 0.4 + chance.next());
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    const people = ((townshipPeople[township.name.slice(0, 3)] ?? 0) * residents) / registered;
    for (const [index, village] of own.entries()) village.people = (people * (weights[index] as number)) / total;
  }
}

type Add = (name: string, input: Record<string, unknown>) => void;

function openFacilities(chance: Chance, townships: DemoPlace[], villages: DemoPlace[], scale: number, add: Add): DemoFacility[] {
  const facilities: DemoFacility[] = [];
  const open = (number: string, place: string, kind: string, name_zh: string, name_en: string, workers: number) => {
    const facility: DemoFacility = { id: chance.id(opened), number, place, kind, workers: [] };
    add('registry.open_facility', { facility_id: facility.id, facility_number: number, place_code: place, kind, name_zh, name_en, valid_from: opened });
    for (let index = 1; index <= workers; index += 1) {
      const worker = { id: chance.id(opened), number: `${number}-W${index}` };
      facility.workers.push(worker);
      add('registry.enrol_worker', {
        health_worker_id: worker.id,
        worker_number: worker.number,
        place_code: place,
        facility_number: number,
        name: `演示员工${number}-${index}`,
        post: kind === 'village_room' ? 'village_worker' : 'clinician',
        valid_from: opened,
      });
    }
    facilities.push(facility);
  };
  open('S-000', county, 'county_station', '密云区计划生育服务站（演示）', 'Miyun County Station (demo)', 8);
  open('V-001', county, 'mobile_vehicle', '流动服务车一号（演示）', 'Mobile vehicle 1 (demo)', 3);
  for (const [index, township] of townships.entries()) {
    const isCentre = ['110118105', '110118107', '110118109'].includes(township.code);
    open(
      `T-${String(index + 1).padStart(3, '0')}`,
      township.code,
      isCentre ? 'centre_station' : 'township_station',
      `${township.name}服务站（演示）`,
      `${township.code} station (demo)`,
      isCentre ? 4 : 3,
    );
  }
  for (const [index, village] of villages.entries())
    open(
      `R-${String(index + 1).padStart(3, '0')}`,
      village.code,
      'village_room',
      `${village.name.replace(/(居|村)民委员会$/, '')}服务室（演示）`,
      `${village.code} room (demo)`,
      1,
    );
  for (const facility of facilities) {
    for (const [product_code, quantity] of [
      ['condom', 3600],
      ['pill', 260],
      ['injection', 60],
      ['spermicide', 260],
      ['iud', 40],
      ['implant', 20],
      ['folic_acid', 120],
    ] as const) {
      if (facility.kind === 'village_room' && !['condom', 'pill', 'spermicide'].includes(product_code)) continue;
      add('supplies.receive', {
        place_code: facility.place,
        facility_number: facility.number,
        product_code,
        kind: 'receive',
        moved_on: firstOn,
        quantity: Math.max(10, Math.round(quantity * scale)),
      });
    }
  }
  return facilities;
}

const source = '合成：2022 年乡镇户籍人口 × 全国年龄结构';

function countYear(chance: Chance, villages: DemoPlace[], year: number, scale: number, add: Add): void {
  for (const village of villages) {
    const people = village.people * scale;
    for (const [sex, bands] of [
      ['male', male],
      ['female', female],
    ] as const) {
      for (const [band, count] of bands.entries()) {
        const all = (people * count) / allPeople;
        const moved = band >= 3 && band <= 12 ? migrantShare * (village.isUrban ? 1.4 : 0.75) : migrantShare * 0.5;
        for (const [residence, share] of [
          ['migrant', moved],
          ['resident', 1 - moved],
        ] as const) {
          const exact = all * share;
          const whole = Math.floor(exact) + (chance.hits(exact % 1) ? 1 : 0);
          if (whole > 0)
            add('registry.count_population', {
              place_code: village.code,
              year,
              sex,
              age_from: band * 5,
              age_to: band === 16 ? 120 : band * 5 + 4,
              residence,
              people: whole,
              source,
            });
        }
      }
    }
    const births = fertility.reduce((sum, rate, index) => sum + ((people * (female[index + 3] as number)) / allPeople) * (rate / 1000), 0);
    const couples = births * 1.2;
    add('registry.estimate', {
      place_code: village.code,
      year,
      name: 'couples_planning',
      people: Math.floor(couples) + (chance.hits(couples % 1) ? 1 : 0),
      method: '年龄别生育率 × 妇女数 × 1.2',
      source,
    });
  }
}

function countBirths(chance: Chance, scale: number, add: Add): void {
  for (let month = monthOf(firstOn); month <= monthOf(lastOn); month += 1) {
    const all = Math.round(285 * Math.max(scale, 0.35) * (0.88 + chance.next() * 0.24));
    let boys = 0;
    for (let index = 0; index < all; index += 1) if (chance.hits(0.519)) boys += 1;
    for (const [sex, births] of [
      ['male', boys],
      ['female', all - boys],
    ] as const)
      add('registry.count_births', { place_code: county, month_on: firstDay(month), sex, births, source: '合成：县级医院月报' });
  }
}
