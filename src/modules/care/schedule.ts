import * as z from 'zod/mini';
import { addDays, addMonths, type Day } from '../../kit/day.ts';
import { idWithin } from '../../kit/id.ts';
import type { DueFollowUp } from './follow-up.ts';
import { type DueKind, dueKinds, followUpKinds } from './follow-up.ts';
import type { Visit } from './visit.ts';

const kindSchema = z.strictObject({
  /** 1 is shown first. */
  priority: z.int().check(z.gte(1), z.lte(3)),
  /** How many days after its window it is still shown; then it expires. */
  grace_days: z.int().check(z.gte(0), z.lte(366)),
  /** The purpose the person has to have agreed to [R4]. */
  consent: z.enum(['care', 'follow_up', 'reminders']),
  closed_by: z.enum(['care.follow_up', 'care.check_in']),
});

const scheduleSchema = z.strictObject({
  kind: z.enum(followUpKinds),
  /** Every field named has one of these answers. */
  when: z.record(z.string(), z.array(z.string()).check(z.minLength(1))),
  /** None of these is answered. */
  unless_given: z._default(z.array(z.string()), []),
  /** Months after the service at which it is due, one follow-up each. */
  after_months: z.array(z.int().check(z.gte(1), z.lte(240))).check(z.minLength(1)),
  opens_days: z.int().check(z.gte(0), z.lte(183)),
  closes_days: z.int().check(z.gte(0), z.lte(183)),
  /** Holds for visits that reached the journal on these days, so that a changed schedule leaves what was due before as it was. */
  recorded_from: z.optional(z.string()),
  recorded_until: z.optional(z.string()),
  source: z.string(),
});

export const schedulesSchema = z.strictObject({ kinds: z.record(z.enum(dueKinds), kindSchema), schedules: z.array(scheduleSchema) });

/** What becomes due after what, and how it is treated: declared in the pack, the same for the phone, the station and the supervisor. */
export interface Schedules {
  kinds: Record<DueKind, z.infer<typeof kindSchema>>;
  schedules: readonly z.infer<typeof scheduleSchema>[];
}

/** What a visit makes due. Who declined, or said no to being followed up, has nothing due [R2]; what needs another consent than hers is left out [R4]. */
export function followUpsOf(visit: Visit, { kinds, schedules }: Schedules, recordedOn: Day, purposes: readonly string[]): DueFollowUp[] {
  if (visit.decision !== 'accepted') return [];
  const from = visit.served_on ?? visit.visited_on;
  return schedules.flatMap((one) => {
    const { consent } = kinds[one.kind];
    if (!purposes.includes(consent) || (consent === 'follow_up' && !visit.follow_up_consented)) return [];
    if (recordedOn < (one.recorded_from ?? '') || recordedOn > (one.recorded_until ?? '9999')) return [];
    if (!isTriggered(visit as unknown as Record<string, unknown>, one)) return [];
    return one.after_months.map((step) => {
      const due_on = addMonths(from, step);
      const id = idWithin(visit.visit_id, slotOf(one.kind, step));
      return { id, kind: one.kind, step, opens_on: addDays(due_on, -one.opens_days), due_on, closes_on: addDays(due_on, one.closes_days) };
    });
  });
}

const isTriggered = (visit: Record<string, unknown>, { when, unless_given }: Schedules['schedules'][number]): boolean =>
  Object.entries(when).every(([field, values]) => values.includes(String(visit[field]))) && unless_given.every((field) => visit[field] === undefined);

/** Each follow-up of a visit has an identifier made of the visit's: the same on the phone, the server and in a replay. */
export const slotOf = (kind: (typeof followUpKinds)[number], step: number): number => {
  const index = followUpKinds.indexOf(kind);
  return (index < 5 ? index * 100 : index * 1000) + step + 1;
};
