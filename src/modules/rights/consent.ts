import { command } from '../../kit/command.ts';
import { ageOn, type Day } from '../../kit/day.ts';
import { type Answers, choice, day, form, id, text, yesNo } from '../../kit/form.ts';
import type { Finding } from '../../kit/problem.ts';

/** What a person may agree to, each by itself [R4]. */
export const purposes = ['care', 'reminders', 'follow_up', 'sharing', 'portal'] as const;

const about = { purpose: 'proof_of_consent', basis: 'pipl_14_29', years: 15 } as const;

export const consentForm = form(
  'consent',
  {
    consent_id: id({ required: true, hidden: true }),
    client_id: id({ required: true, hidden: true }),
    purpose: choice({ required: true, options: purposes }),
    text_version: text({ required: true, max: 40 }),
    language: choice({ required: true, options: ['zh', 'en'] }),
    given_on: day({ required: true }),
    given_by: choice({ required: true, options: ['client', 'guardian'] }),
    guardian: text({ when: { field: 'given_by', is: ['guardian'] }, max: 60, seal: true }),
    given_alone: yesNo({ required: true }),
    how: choice({ required: true, options: ['signature', 'verbal'] }),
    signature: text({ when: { field: 'how', is: ['signature'] }, max: 40_000, pattern: /^[MLZ0-9., -]*$/, rule: 'not_a_signature', seal: true }),
    witness: text({ when: { field: 'how', is: ['verbal'] }, max: 60, seal: true }),
  },
  about,
);

/** A person agrees to one purpose, alone, to a text she has read or heard in her language. */
export const giveConsent = command({
  name: 'rights.give_consent',
  form: consentForm,
  place: () => undefined,
  happened_on: (consent) => consent.given_on,
  subject: (consent) => consent.client_id,
});

/** Withdrawn in one step, by herself or told to whoever serves her; effective at once. */
export const withdrawConsent = command({
  name: 'rights.withdraw_consent',
  form: form(
    'consent_withdrawal',
    { client_id: id({ required: true, hidden: true }), purpose: choice({ required: true, options: purposes }), withdrawn_on: day({ required: true }) },
    about,
  ),
  place: () => undefined,
  happened_on: (withdrawal) => withdrawal.withdrawn_on,
  subject: (withdrawal) => withdrawal.client_id,
});

/** The age from which a person agrees for herself (PIPL 31). */
export const ownConsentAge = 14;

/** Asked by the page as hints and by the server as law. */
export function checkConsent(consent: Answers<typeof consentForm>, bornOn: Day, versions: ReadonlySet<string>, today: Day): Finding[] {
  const findings: Finding[] = [];
  if (consent.given_on > today) findings.push({ field: 'given_on', rule: 'in_the_future' });
  if (!versions.has(`${consent.purpose} ${consent.text_version}`)) findings.push({ field: 'text_version', rule: 'unknown_consent_text' });
  if (!consent.given_alone) findings.push({ field: 'given_alone', rule: 'R4_given_alone' });
  if (consent.how === 'signature' && !consent.signature) findings.push({ field: 'signature', rule: 'required' });
  if (consent.how === 'verbal' && !consent.witness) findings.push({ field: 'witness', rule: 'required' });
  const isChild = ageOn(bornOn, consent.given_on) < ownConsentAge;
  if (isChild && consent.given_by !== 'guardian') findings.push({ field: 'given_by', rule: 'under_14_guardian' });
  if (isChild && !consent.guardian) findings.push({ field: 'guardian', rule: 'required' });
  if (!isChild && consent.given_by !== 'client') findings.push({ field: 'given_by', rule: 'R5_nobody_else_consents' });
  return findings;
}
