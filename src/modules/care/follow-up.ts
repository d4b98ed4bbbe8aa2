import { command } from '../../kit/command.ts';
import type { Day } from '../../kit/day.ts';
import { choice, day, form, id } from '../../kit/form.ts';

export const followUpKinds = ['procedure', 'contraceptive', 'abnormal_screening', 'early_pregnancy', 'outcome', 'method_ends', 'rescreen'] as const;
/** All that can stand on a due list: follow-ups, and who has an appointment. */
export const dueKinds = [...followUpKinds, 'appointment'] as const;
export type DueKind = (typeof dueKinds)[number];

/** A follow-up that is due: opens, is due, closes. */
export interface DueFollowUp {
  id: string;
  kind: (typeof followUpKinds)[number];
  step: number;
  opens_on: Day;
  due_on: Day;
  closes_on: Day;
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
