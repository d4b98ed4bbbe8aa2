import { command } from '../../kit/command.ts';
import { ageOn, type Day, daysBetween } from '../../kit/day.ts';
import { type Answers, choice, day, form, id, many, number, place, text, type When, yesNo } from '../../kit/form.ts';
import type { Finding } from '../../kit/problem.ts';
import { checkContraception } from './lines/contraception.ts';
import { checkPreconception } from './lines/preconception.ts';
import { checkScreening } from './lines/screening.ts';

export const services = ['contraception', 'preconception', 'screening'] as const;
export const decisions = ['accepted', 'declined', 'postponed'] as const;

/** National statistical classes of methods, in their order; then none, and wanting a child. */
export const methods = ['vasectomy', 'tubal_ligation', 'iud', 'implant', 'pill_injection', 'condom', 'topical', 'other', 'none', 'wants_child'] as const;
export const explainable = ['vasectomy', 'tubal_ligation', 'iud', 'implant', 'pill_injection', 'condom', 'topical', 'other'] as const;
/** The eight informed points of source inventory C1-04, in their order. */
export const informedPoints = [
  'p1_how_informed',
  'p2_wishes',
  'p3_status',
  'p4_our_ability',
  'p5_rights',
  'p6_methods',
  'p7_needs',
  'p8_where_to_get',
] as const;
export const procedures = [
  'iud_insertion',
  'iud_removal',
  'implant_insertion',
  'implant_removal',
  'tubal_ligation',
  'tubal_reanastomosis',
  'vasectomy',
  'vas_reanastomosis',
] as const;
export const risks = ['no_special', 'advice', 'treat_first', 'specialist', 'not_now'] as const;
/** The nineteen items of the national free preconception check, in their order. */
export const checkItems = [
  'i01_education',
  'i02_history',
  'i03_examination',
  'i04_discharge',
  'i05_blood_count',
  'i06_urine',
  'i07_blood_group',
  'i08_glucose',
  'i09_liver',
  'i10_hepatitis_b',
  'i11_kidney',
  'i12_thyroid',
  'i13_syphilis',
  'i14_rubella',
  'i15_cytomegalovirus',
  'i16_toxoplasma',
  'i17_ultrasound',
  'i18_risk_advice',
  'i19_follow_up',
] as const;
/** The four ones of source inventory C3-02. */
export const fourOnes = ['screening', 'materials', 'lecture', 'counselling'] as const;
export const findingKinds = ['vaginitis', 'cervicitis', 'fibroid', 'hpv_16_18', 'hpv_other', 'cytology_abnormal', 'breast', 'other'] as const;

const contraception: When = { field: 'service', is: ['contraception'] };
const preconception: When = { field: 'service', is: ['preconception'] };
const screening: When = { field: 'service', is: ['screening'] };
const hasProcedure: When = { field: 'procedure', is: procedures };

const aboutVisits = { purpose: 'care', basis: 'pipl_29_consent', years: 15 } as const;

export const visitForm = form(
  'visit',
  {
    visit_id: id({ required: true, hidden: true }),
    client_id: id({ required: true, hidden: true }),
    facility_id: id({ required: true, hidden: true }),
    health_worker_id: id({ hidden: true }),
    place_code: place({ required: true, example: '110118101001' }),
    visited_on: day({ required: true, example: '2025-03-02' }),
    service: choice({ required: true, options: services }),
    decision: choice({ required: true, options: decisions }),
    served_on: day({ when: { field: 'decision', is: ['accepted'] }, example: '2025-03-02' }),
    follow_up_consented: yesNo({ required: true }),
    charge_fen: number({ required: true, min: 0, max: 10_000_000, example: '0' }),
    client_is: choice({ when: contraception, options: ['new', 'switching', 'continuing', 'stopping'] }),
    informed_points: many({ when: contraception, options: informedPoints }),
    methods_explained: many({ when: contraception, options: explainable }),
    none_explained: yesNo({ when: contraception }),
    choice_by: choice({ when: contraception, options: ['client', 'other'] }),
    method_before: choice({ when: contraception, options: methods }),
    method_chosen: choice({ when: contraception, options: methods }),
    method_received: yesNo({ when: contraception }),
    not_received_reason: choice({
      when: { field: 'method_received', is: [false] },
      options: ['out_of_stock', 'not_offered_here', 'medical_reason', 'appointment_made'],
    }),
    product_code: text({ max: 40, example: 'condom' }),
    quantity: number({ min: 1, max: 1000, example: '10' }),
    procedure: choice({ when: contraception, options: procedures }),
    operator_number: text({ when: hasProcedure, max: 40, example: 'W-1001' }),
    consent_by: choice({ when: hasProcedure, options: ['client'] }),
    consent_signed_on: day({ when: hasProcedure }),
    consent_version: text({ when: hasProcedure, max: 40, example: '2025-1' }),
    complication: yesNo({ when: hasProcedure }),
    serious_accident: yesNo({ when: hasProcedure }),
    partner_examined: yesNo({ when: preconception }),
    items_done: many({ when: preconception, options: checkItems }),
    risk: choice({ when: preconception, options: risks }),
    advised_face_to_face: yesNo({ when: preconception }),
    folic_offered: yesNo({ when: preconception }),
    folic_wanted: yesNo({ when: preconception }),
    folic_given_full: yesNo({ when: preconception }),
    folic_kept: yesNo({ when: preconception }),
    common_disease_offered: yesNo({ when: screening }),
    cervical_offered: yesNo({ when: screening }),
    four_ones: many({ when: screening, options: fourOnes }),
    cervical_method: choice({ when: screening, options: ['cytology', 'hpv'] }),
    result: choice({ when: screening, options: ['normal', 'abnormal', 'pending'] }),
    finding_kinds: many({ when: { field: 'result', is: ['abnormal'] }, options: findingKinds }),
    note: text({ max: 1000, seal: true }),
  },
  aboutVisits,
);

export type Visit = Answers<typeof visitForm>;

/** What the rules need to know of the client. */
export interface VisitClient {
  id: string;
  sex: string;
  born_on: Day;
}

/** A visit: what was offered, what the person decided, what was done. A refusal is a complete record [R2]. */
export const recordVisit = command({
  name: 'care.record',
  form: visitForm,
  place: (visit) => visit.place_code,
  happened_on: (visit) => visit.visited_on,
  subject: (visit) => visit.client_id,
});

/** A visit is put right as a whole; carries the version that was seen. */
export const amendVisit = command({
  name: 'care.amend',
  form: form('visit_amendment', { version: number({ required: true, min: 1, max: 1000, hidden: true }), ...visitForm.asks }, aboutVisits),
  place: (visit) => visit.place_code,
  happened_on: (visit) => visit.visited_on,
  subject: (visit) => visit.client_id,
});

/** A visit that never was: kept, marked, counted no more. */
export const voidVisit = command({
  name: 'care.void',
  form: form(
    'visit_void',
    { visit_id: id({ required: true }), version: number({ required: true, min: 1, max: 1000 }), reason: text({ required: true, max: 200 }) },
    aboutVisits,
  ),
  place: () => undefined,
  happened_on: () => undefined,
});

/** Asked by the phone as hints and by the server as law. `today` is the day the visit reached the journal. */
export function checkVisit(visit: Visit, client: VisitClient, today: Day): Finding[] {
  const findings: Finding[] = [];
  if (visit.visited_on > today) findings.push({ field: 'visited_on', rule: 'in_the_future' });
  if (visit.visited_on < client.born_on) findings.push({ field: 'visited_on', rule: 'before_birth' });
  if (visit.served_on && visit.served_on < visit.visited_on) findings.push({ field: 'served_on', rule: 'served_before_offered' });
  if (visit.quantity !== undefined && !visit.product_code) findings.push({ field: 'product_code', rule: 'required' });
  if (visit.product_code && visit.quantity === undefined) findings.push({ field: 'quantity', rule: 'required' });
  if (visit.decision !== 'accepted' && (visit.procedure || visit.product_code)) findings.push({ field: 'decision', rule: 'R2_declined_means_nothing_done' });
  const line = { contraception: checkContraception, preconception: checkPreconception, screening: checkScreening }[visit.service];
  return [...findings, ...line(visit, client)];
}

/** What may be true but seldom is: asked about once before it is kept, never refused. `yearlyCap` is what the pack gives of the product in a year. */
export function unlikelyInVisit(visit: Visit, client: VisitClient, today: Day, yearlyCap: number | undefined): Finding[] {
  const findings: Finding[] = [];
  const age = ageOn(client.born_on, visit.visited_on);
  if (daysBetween(visit.visited_on, today) > 60) findings.push({ field: 'visited_on', rule: 'unlikely_long_ago', values: { value: visit.visited_on } });
  if (visit.served_on && daysBetween(visit.visited_on, visit.served_on) > 60) findings.push({ field: 'served_on', rule: 'unlikely_long_after' });
  if (visit.service !== 'screening' && (age < 14 || age > 60)) findings.push({ field: 'visited_on', rule: 'unlikely_age', values: { value: age } });
  if (visit.quantity !== undefined && yearlyCap !== undefined && visit.quantity > yearlyCap)
    findings.push({ field: 'quantity', rule: 'unlikely_much', values: { value: visit.quantity, max: yearlyCap } });
  if (visit.charge_fen > 100_000) findings.push({ field: 'charge_fen', rule: 'unlikely_charge', values: { value: visit.charge_fen / 100 } });
  return findings;
}

/** An offer whose outcome is the person's own: "no" and "later" honour a decision; a "yes" is honoured when served within 60 days [R2]. */
export function isHonoured(visit: Pick<Visit, 'decision' | 'visited_on' | 'served_on'>): boolean {
  if (visit.decision !== 'accepted') return true;
  return visit.served_on !== undefined && daysBetween(visit.visited_on, visit.served_on) <= 60;
}
