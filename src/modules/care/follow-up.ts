import { command } from '../../kit/command.ts';
import { addDays, addMonths, type Day } from '../../kit/day.ts';
import { choice, day, form, id } from '../../kit/form.ts';
import { idWithin } from '../../kit/id.ts';
import { highRisks } from './lines/preconception.ts';
import type { Visit } from './visit.ts';

export const followUpKinds = ['procedure', 'contraceptive', 'abnormal_screening', 'early_pregnancy', 'outcome'] as const;

/** A follow-up that is due: opens, is due, closes. */
export interface DueFollowUp {
  id: string;
  kind: (typeof followUpKinds)[number];
  step: number;
  opens_on: Day;
  due_on: Day;
  closes_on: Day;
}

/** What a visit makes due, if the person agreed to be followed up; who did not agree is on no list [R2, R4]. */
export function followUpsOf(visit: Visit, monthsAfterProcedure: readonly number[]): DueFollowUp[] {
  if (!visit.follow_up_consented || visit.decision !== 'accepted') return [];
  const make = (kind: DueFollowUp['kind'], step: number, due_on: Day, days: number): DueFollowUp => ({
    id: idWithin(visit.visit_id, followUpKinds.indexOf(kind) * 100 + step + 1),
    kind,
    step,
    opens_on: addDays(due_on, -days),
    due_on,
    closes_on: addDays(due_on, days),
  });
  const from = visit.served_on ?? visit.visited_on;
  if (visit.procedure) return monthsAfterProcedure.map((months) => make('procedure', months, addMonths(from, months), 15));
  if (visit.service === 'contraception' && visit.product_code) return [make('contraceptive', 3, addMonths(from, 3), 30)];
  if (visit.result === 'abnormal') return [make('abnormal_screening', 1, addMonths(from, 1), 30)];
  if (visit.risk && highRisks.includes(visit.risk)) return [make('early_pregnancy', 6, addMonths(from, 6), 60), make('outcome', 15, addMonths(from, 15), 90)];
  return [];
}

/** A follow-up was done, or the person asked not to be followed up any more. */
export const completeFollowUp = command({
  name: 'care.follow_up',
  form: form(
    'follow_up',
    {
      follow_up_id: id({ required: true }),
      done_on: day({ required: true }),
      outcome: choice({
        required: true,
        options: ['well', 'side_effect', 'complication', 'stopped_method', 'referred', 'pregnant', 'born', 'person_opted_out'],
      }),
    },
    { purpose: 'follow_up', basis: 'pipl_29_consent', years: 15 },
  ),
  place: () => undefined,
  happened_on: (followUp) => followUp.done_on,
});
