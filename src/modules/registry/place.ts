import { command } from '../../kit/command.ts';
import { choice, day, form, id, number, place, text } from '../../kit/form.ts';

export const placeLevels = ['county', 'zone', 'township', 'village', 'district', 'ward'] as const;
export const sexes = ['male', 'female'] as const;
export const residences = ['resident', 'migrant'] as const;
/** Source inventory E-02: head, backbone, base, ground and link of the network. */
export const facilityKinds = ['county_station', 'centre_station', 'township_station', 'village_room', 'mobile_vehicle'] as const;

const placeForm = form('place', {
  place_code: place({ required: true, example: '110118101' }),
  parent_code: place({ example: '110118' }),
  level: choice({ required: true, options: placeLevels }),
  name_zh: text({ required: true, max: 80, example: '溪翁庄镇' }),
  name_en: text({ max: 80, example: 'Xiwengzhuang Town' }),
  official_code: text({ max: 40 }),
  valid_from: day({ required: true, example: '2020-01-01' }),
});

/** A place begins: the county, a township, a village. Its code begins with its parent's. */
export const openPlace = command({
  name: 'registry.open_place',
  form: placeForm,
  place: (place) => place.place_code,
  happened_on: (place) => place.valid_from,
});

/** A place ends: merged into one other or split into several; figures of its time stay where they were. */
export const closePlace = command({
  name: 'registry.close_place',
  form: form('place_end', {
    place_code: place({ required: true }),
    valid_until: day({ required: true }),
    succeeded_by: text({ max: 400, pattern: /^[0-9A-Za-z._-]+( [0-9A-Za-z._-]+)*$/, rule: 'not_place_codes', example: '110118102 110118103' }),
  }),
  place: (place) => place.place_code,
  happened_on: (place) => place.valid_until,
});

/** People of a place in a year by age band, sex and residence: numbers from official statistics, never a list of persons [R3]. */
export const countPopulation = command({
  name: 'registry.count_population',
  form: form('population', {
    place_code: place({ required: true, example: '110118101001' }),
    year: number({ required: true, min: 1950, max: 2100, example: '2025' }),
    sex: choice({ required: true, options: sexes }),
    age_from: number({ required: true, min: 0, max: 120, example: '20' }),
    age_to: number({ required: true, min: 0, max: 130, example: '24' }),
    residence: choice({ required: true, options: residences }),
    people: number({ required: true, min: 0, max: 10_000_000, example: '118' }),
    source: text({ required: true, max: 200, example: '统计年报' }),
  }),
  place: (row) => row.place_code,
  happened_on: (row) => `${row.year}-01-01`,
});

/** A number that is estimated, with the method said: couples planning a pregnancy. */
export const estimate = command({
  name: 'registry.estimate',
  form: form('estimate', {
    place_code: place({ required: true }),
    year: number({ required: true, min: 1950, max: 2100 }),
    name: choice({ required: true, options: ['couples_planning'] }),
    people: number({ required: true, min: 0, max: 10_000_000 }),
    method: text({ required: true, max: 200, example: '上一年出生数 × 1.2' }),
    source: text({ required: true, max: 200 }),
  }),
  place: (row) => row.place_code,
  happened_on: (row) => `${row.year}-01-01`,
});

/** Births of a month at a place by sex, as the hospitals' aggregate report gives them. */
export const countBirths = command({
  name: 'registry.count_births',
  form: form('births', {
    place_code: place({ required: true, example: '110118' }),
    month_on: day({ required: true, example: '2025-03-01' }),
    sex: choice({ required: true, options: sexes }),
    births: number({ required: true, min: 0, max: 1_000_000, example: '163' }),
    source: text({ required: true, max: 200, example: '县医院月报' }),
  }),
  place: (row) => row.place_code,
  happened_on: (row) => row.month_on,
});

export const openFacility = command({
  name: 'registry.open_facility',
  form: form('facility', {
    facility_id: id({ required: true, hidden: true }),
    facility_number: text({ required: true, max: 40, example: 'F-101' }),
    place_code: place({ required: true, example: '110118101' }),
    kind: choice({ required: true, options: facilityKinds }),
    name_zh: text({ required: true, max: 80, example: '溪翁庄镇服务站' }),
    name_en: text({ max: 80 }),
    valid_from: day({ required: true, example: '2020-01-01' }),
  }),
  place: (facility) => facility.place_code,
  happened_on: (facility) => facility.valid_from,
});

/** A health worker takes up a post at a facility. No location is ever kept of a worker [R13]. */
export const enrolWorker = command({
  name: 'registry.enrol_worker',
  form: form('health_worker', {
    health_worker_id: id({ required: true, hidden: true }),
    worker_number: text({ required: true, max: 40, example: 'W-1001' }),
    place_code: place({ required: true, example: '110118101' }),
    facility_number: text({ required: true, max: 40, example: 'F-101' }),
    name: text({ required: true, max: 60, example: '王医生' }),
    post: choice({ required: true, options: ['clinician', 'village_worker', 'officer'] }),
    valid_from: day({ required: true, example: '2020-01-01' }),
  }),
  place: (worker) => worker.place_code,
  happened_on: (worker) => worker.valid_from,
});
