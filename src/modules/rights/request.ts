import { command } from '../../kit/command.ts';
import { choice, day, form, id, text } from '../../kit/form.ts';

export const requestKinds = ['correct', 'move', 'restrict', 'delete', 'explain'] as const;

/** Days in which a request about one's own data is decided. */
export const requestDays = 15;
/** Minutes for which an emergency opens a record. */
export const glassMinutes = 60;

const about = { purpose: 'data_rights', basis: 'pipl_44_50', years: 3 } as const;

/** A client asks for something to be done with her record; a clock of 15 days begins. */
export const openRequest = command({
  name: 'rights.request',
  form: form(
    'data_request',
    {
      request_id: id({ required: true, hidden: true }),
      client_id: id({ required: true, hidden: true }),
      request_kind: choice({ required: true, options: requestKinds }),
      words: text({ max: 2000, seal: true }),
    },
    about,
  ),
  place: () => undefined,
  happened_on: () => undefined,
  subject: (request) => request.client_id,
});

/** The privacy officer decides; upheld, a deletion or restriction takes effect with the decision. */
export const decideRequest = command({
  name: 'rights.decide_request',
  form: form(
    'data_request_decision',
    {
      request_id: id({ required: true, hidden: true }),
      client_id: id({ required: true, hidden: true }),
      ruling: choice({ required: true, options: ['upheld', 'refused'] }),
      reason: text({ required: true, max: 1000 }),
    },
    about,
  ),
  place: () => undefined,
  happened_on: () => undefined,
});

/** An emergency opens one record for an hour to a clinician outside its place; the client sees it, the privacy officer reviews it. */
export const breakGlass = command({
  name: 'rights.break_glass',
  form: form(
    'break_glass',
    { glass_id: id({ required: true, hidden: true }), client_id: id({ required: true, hidden: true }), reason: text({ required: true, max: 500 }) },
    { purpose: 'emergency', basis: 'pipl_13_4_emergency', years: 3 },
  ),
  place: () => undefined,
  happened_on: () => undefined,
});

export const reviewGlass = command({
  name: 'rights.review_break_glass',
  form: form(
    'break_glass_review',
    {
      glass_id: id({ required: true, hidden: true }),
      verdict: choice({ required: true, options: ['justified', 'not_justified'] }),
      review: text({ required: true, max: 500 }),
    },
    { purpose: 'emergency', basis: 'pipl_54_audit', years: 3 },
  ),
  place: () => undefined,
  happened_on: () => undefined,
});

/** A one-time code for her own record is handed to a client who agreed to the portal, at the service. */
export const handOver = command({
  name: 'rights.hand_over',
  form: form(
    'hand_over',
    { client_id: id({ required: true, hidden: true }), handed_on: day({ required: true }) },
    { purpose: 'portal', basis: 'pipl_45_access', years: 3 },
  ),
  place: () => undefined,
  happened_on: (code) => code.handed_on,
});
