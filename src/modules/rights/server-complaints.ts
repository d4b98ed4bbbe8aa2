import { addDays, type Day, dayOf } from '../../kit/day.ts';
import type { Finding } from '../../kit/problem.ts';
import type { Entry } from '../../platform/journal.ts';
import { handle, type Room } from '../../platform/room.ts';
import { acknowledge, addEvidence, askReview, clocks, complain, decide, decideReview, extend } from './complaint.ts';

export const complaintCommands = [
  handle(complain, async (room, entries) => {
    await room.wholeCounty(async () => {
      await room.insertRows(
        'rights.complaint',
        entries.map(({ county_code, seq, input, sealed, recorded_at }) => {
          const opened_on = dayOf(recorded_at);
          return {
            county_code,
            seq,
            id: input.complaint_id,
            tracking_hash: input.tracking_hash,
            kind: input.complaint_kind,
            place_code: input.place_code,
            facility_id: input.facility_id,
            about_on: input.about_on,
            words_sealed: sealed['words'] ?? '',
            name_sealed: sealed['name'],
            contact_sealed: sealed['contact'],
            is_anonymous: input.is_anonymous,
            opened_on,
            acknowledge_by: addDays(opened_on, clocks.acknowledge),
            decide_by: addDays(opened_on, clocks.decide),
            status: 'received',
          };
        }),
      );
    });
  }),
  handle(addEvidence, async (room, entries) => {
    await eachComplaint(room, entries, async ({ county_code, seq, input, sealed, recorded_at }) => {
      await room.insertRows('rights.evidence', [
        {
          county_code,
          seq,
          id: input.evidence_id,
          complaint_id: input.complaint_id,
          file_name_sealed: sealed['file_name'] ?? '',
          media_type: input.media_type,
          bytes: input.bytes,
          sha256: input.sha256,
          added_on: dayOf(recorded_at),
        },
      ]);
    });
  }),
  handle(acknowledge, async (room, entries) => {
    await eachComplaint(room, entries, async (entry, complaint, day) => {
      if (complaint.status !== 'received') return refuse(entry, 'decided_already');
      await change(room, entry, { acknowledged_on: day, status: 'accepted' });
    });
  }),
  handle(extend, async (room, entries) => {
    await eachComplaint(room, entries, async (entry, complaint, day) => {
      if (!['received', 'accepted'].includes(complaint.status)) return refuse(entry, 'decided_already');
      if (complaint.extended_on) return refuse(entry, 'extended_already');
      if (day > complaint.decide_by) return refuse(entry, 'too_late');
      await change(room, entry, { extended_on: day, extension_reason: entry.input.reason, decide_by: addDays(complaint.decide_by, clocks.extend) });
    });
  }),
  handle(decide, async (room, entries) => {
    await eachComplaint(room, entries, async (entry, complaint, day) => {
      const { input } = entry;
      if (!['received', 'accepted'].includes(complaint.status)) return refuse(entry, 'decided_already');
      if (await isOfTheUnit(room, entry.actor_id, complaint.facility_id)) return refuse(entry, 'of_the_accused_unit');
      const { complaint_outcome: outcome, answer, remedy } = input;
      await change(room, entry, { outcome, answer, remedy, decided_on: day, review_by: addDays(day, clocks.review), status: 'decided' });
      await keepOutcome(room, entry, complaint, outcome, { blinded_summary: input.blinded_summary, remedy });
    });
  }),
  handle(askReview, async (room, entries) => {
    await eachComplaint(room, entries, async (entry, complaint, day) => {
      if (complaint.tracking_hash !== entry.input.tracking_hash) return refuse(entry, 'not_found');
      if (complaint.status !== 'decided' || !complaint.review_by) return refuse(entry, 'not_decided_yet');
      if (day > complaint.review_by) return refuse(entry, 'too_late');
      await change(room, entry, { review_asked_on: day, review_decide_by: addDays(day, clocks.review), status: 'review' });
    });
  }),
  handle(decideReview, async (room, entries) => {
    await eachComplaint(room, entries, async (entry, complaint, day) => {
      if (complaint.status !== 'review') return refuse(entry, 'decided_already');
      if (await isOfTheUnit(room, entry.actor_id, complaint.facility_id)) return refuse(entry, 'of_the_accused_unit');
      await change(room, entry, { review_outcome: entry.input.complaint_outcome, answer: entry.input.answer, review_decided_on: day, status: 'closed' });
      await keepOutcome(room, entry, complaint, entry.input.complaint_outcome, {});
    });
  }),
];

interface KeptComplaint {
  id: string;
  tracking_hash: string;
  kind: string;
  facility_id: string | null;
  place_code: string;
  opened_on: Day;
  decide_by: Day;
  extended_on: Day | null;
  review_by: Day | null;
  status: string;
}

const refuse = (entry: Entry<unknown>, rule: string): void => {
  entry.findings = [{ field: 'complaint_id', rule } satisfies Finding];
};

async function eachComplaint<I extends { complaint_id: string }>(
  room: Room,
  entries: readonly Entry<I>[],
  work: (entry: Entry<I>, complaint: KeptComplaint, day: Day) => Promise<void>,
): Promise<void> {
  await room.wholeCounty(async () => {
    for (const entry of entries) {
      const complaint = await room.db
        .selectFrom('rights.complaint')
        .select(['id', 'tracking_hash', 'kind', 'facility_id', 'place_code', 'opened_on', 'decide_by', 'extended_on', 'review_by', 'status'])
        .where('county_code', '=', room.county_code)
        .where('id', '=', entry.input.complaint_id)
        .executeTakeFirst();
      if (complaint) await work(entry, complaint, dayOf(entry.recorded_at));
      else refuse(entry, 'not_found');
    }
  });
}

const change = (room: Room, { seq, input }: Entry<{ complaint_id: string }>, set: Record<string, unknown>) =>
  room.updateRows('rights.complaint', ['id'], [{ county_code: room.county_code, seq, id: input.complaint_id, ...set }]);

/** Nobody judges the unit they serve in. */
async function isOfTheUnit(room: Room, accountId: string, facilityId: string | null): Promise<boolean> {
  if (!facilityId) return false;
  const held = await room.db
    .selectFrom('access.duty')
    .select('id')
    .where('county_code', '=', room.county_code)
    .where('account_id', '=', accountId)
    .where('facility_id', '=', facilityId)
    .execute();
  return held.length > 0;
}

async function keepOutcome(room: Room, { seq }: Entry<unknown>, complaint: KeptComplaint, outcome: string, said: Record<string, string>): Promise<void> {
  const { id, kind, place_code, facility_id, opened_on } = complaint;
  await room.insertRows(
    'rights.complaint_outcome',
    [{ county_code: room.county_code, seq, complaint_id: id, year: Number(opened_on.slice(0, 4)), kind, place_code, facility_id, outcome, ...said }],
    'on conflict (county_code, complaint_id) do update set outcome = excluded.outcome, seq = excluded.seq',
  );
}
