import type { Day } from '../kit/day.ts';

/** The duties a person can hold here, in the order of the source documents' roles. What each may do stands in src/app.ts. */
export const duties = [
  'village_worker',
  'township_officer',
  'township_clinician',
  'county_clinician',
  'planner',
  'statistician',
  'supply_officer',
  'benefit_intake',
  'benefit_verifier',
  'benefit_approver',
  'benefit_payer',
  'bulletin_editor',
  'bulletin_reviewer',
  'bulletin_signer',
  'assessor',
  'ombudsperson',
  'privacy_officer',
  'administrator',
] as const;

export type Duty = (typeof duties)[number];

const careTeam: readonly Duty[] = ['village_worker', 'township_clinician', 'county_clinician', 'statistician'];
const benefits: readonly Duty[] = ['benefit_intake', 'benefit_verifier', 'benefit_approver', 'benefit_payer'];

/**
 * Pairs that nobody may hold on the same day: the four benefit duties are four people; who edits does not sign; who judges complaints
 * serves in no unit that may be accused; who administers or guards privacy sees no content; an assessor comes from outside.
 */
const apart: readonly (readonly [readonly Duty[], readonly Duty[]])[] = [
  ...benefits.map((one) => [[one], benefits.filter((other) => other !== one)] as const),
  [['bulletin_editor'], ['bulletin_signer']],
  [['ombudsperson'], [...careTeam, 'township_officer', 'supply_officer', ...benefits, 'administrator']],
  [['privacy_officer'], [...careTeam, 'administrator']],
  [['administrator'], [...careTeam, 'township_officer', ...benefits]],
  [['assessor'], duties.filter((duty) => duty !== 'assessor')],
];

/** The longest an assessor from outside may hold the duty, in days. */
export const longestAssessment = 366;

/** Whether two duties may not be held by one person on one day. */
export function areApart(one: string, other: string): boolean {
  return apart.some(([left, right]) => (has(left, one) && has(right, other)) || (has(left, other) && has(right, one)));
}

export interface HeldDuty {
  duty: string;
  from_on: Day | null;
  until_on: Day | null;
}

/** Whether two holdings share a day; a missing end is open. The last day is the day before `until_on`. */
export function overlap(one: HeldDuty, other: HeldDuty): boolean {
  return (one.from_on ?? '') < (other.until_on ?? '9999') && (other.from_on ?? '') < (one.until_on ?? '9999');
}

/** Whether the duty is held on the day. */
export const isHeldOn = (held: HeldDuty, day: Day): boolean => (held.from_on ?? '') <= day && day < (held.until_on ?? '9999');

const has = (list: readonly string[], name: string) => list.includes(name);
