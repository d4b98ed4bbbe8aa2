import { command } from '../../kit/command.ts';
import { choice, day, form, id, number, place, text, yesNo } from '../../kit/form.ts';

export const complaintKinds = ['forced_service', 'illegal_fee', 'privacy', 'attitude', 'retaliation', 'other'] as const;
export const complaintOutcomes = ['substantiated', 'partly', 'not_substantiated'] as const;

/** The clocks of the regulation on petitions (信访工作条例 22–36), in days. */
export const clocks = { acknowledge: 15, decide: 60, extend: 30, review: 30 } as const;

const about = { purpose: 'complaints', basis: 'petitions_22_36', years: 5 } as const;
const which = { complaint_id: id({ required: true, hidden: true }) } as const;

/** Anybody complains, named or not; what identifies them is sealed under the complaint's own key. */
export const complain = command({
  name: 'rights.complain',
  form: form(
    'complaint',
    {
      ...which,
      tracking_hash: text({ required: true, max: 64, hidden: true }),
      complaint_kind: choice({ required: true, options: complaintKinds }),
      place_code: place({ required: true }),
      facility_id: id({ hidden: true }),
      about_on: day({}),
      words: text({ required: true, max: 4000, seal: true }),
      is_anonymous: yesNo({ required: true }),
      name: text({ when: { field: 'is_anonymous', is: [false] }, max: 60, seal: true }),
      contact: text({ max: 100, seal: true }),
    },
    about,
  ),
  place: (complaint) => complaint.place_code,
  happened_on: () => undefined,
  subject: (complaint) => complaint.complaint_id,
});

export const addEvidence = command({
  name: 'rights.add_evidence',
  form: form(
    'evidence',
    {
      ...which,
      evidence_id: id({ required: true, hidden: true }),
      file_name: text({ required: true, max: 120, seal: true, hidden: true }),
      media_type: choice({ required: true, hidden: true, options: ['image/jpeg', 'image/png', 'application/pdf', 'audio/mpeg', 'audio/mp4', 'text/plain'] }),
      bytes: number({ required: true, min: 1, max: 10_485_760, hidden: true }),
      sha256: text({ required: true, max: 64, hidden: true }),
    },
    about,
  ),
  place: () => undefined,
  happened_on: () => undefined,
  subject: (evidence) => evidence.complaint_id,
});

const step = <const N extends string, const F extends Parameters<typeof form>[1]>(name: N, fields: F) =>
  command({ name, form: form(name.slice(7), { ...which, ...fields }, about), place: () => undefined, happened_on: () => undefined });

/** The receipt: it is being looked into. */
export const acknowledge = step('rights.acknowledge', {});
/** Once, thirty days more, with the reason. */
export const extend = step('rights.extend', { reason: text({ required: true, max: 500 }) });
/** What was found and what is done about it; the summary for the unit says nothing of who complained. */
export const decide = step('rights.decide', {
  complaint_outcome: choice({ required: true, options: complaintOutcomes }),
  answer: text({ required: true, max: 2000 }),
  remedy: text({ required: true, max: 1000 }),
  blinded_summary: text({ required: true, max: 1000 }),
});
/** Within thirty days of the decision the one who complained may ask for a review. */
export const askReview = step('rights.ask_review', { tracking_hash: text({ required: true, max: 64, hidden: true }) });
export const decideReview = step('rights.decide_review', {
  complaint_outcome: choice({ required: true, options: complaintOutcomes }),
  answer: text({ required: true, max: 2000 }),
});
