import { command } from '../../kit/command.ts';
import { ageOn, type Day } from '../../kit/day.ts';
import { type Answers, choice, day, form, id, number, place, text, yesNo } from '../../kit/form.ts';
import type { Finding } from '../../kit/problem.ts';
import { checkNationalId } from './national-id.ts';
import { residences, sexes } from './place.ts';

/** Why a person is in the register [R3]: they came, asked, or applied. There is no other way in. */
export const contactReasons = ['came', 'asked', 'applied'] as const;

const phone = text({ max: 20, pattern: /^\+?[0-9][0-9 -]{5,18}$/, rule: 'not_a_phone', seal: true, example: '13800000000' });
const idNumber = text({ max: 18, pattern: /^[0-9]{17}[0-9Xx]$/, rule: 'not_an_id_number', seal: true, example: '11010519491231002X' });

const aboutClients = { purpose: 'care', basis: 'pipl_29_consent', years: 15 } as const;

export const clientForm = form(
  'client',
  {
    client_id: id({ required: true, hidden: true }),
    record_number: text({ max: 40, seal: true, example: 'C-000001' }),
    place_code: place({ required: true, example: '110118101001' }),
    name: text({ required: true, max: 60, seal: true, example: '李某某' }),
    sex: choice({ required: true, options: sexes }),
    born_on: day({ required: true, seal: true, example: '1992-05-17' }),
    residence: choice({ required: true, options: residences }),
    contact_reason: choice({ required: true, options: contactReasons }),
    contacted_on: day({ required: true, example: '2025-03-02' }),
    phone,
    id_number: idNumber,
    follow_up_consented: yesNo({ required: true, example: '是' }),
  },
  aboutClients,
);

/** A person becomes a client because they came, asked or applied. */
export const registerClient = command({
  name: 'registry.register',
  form: clientForm,
  place: (client) => client.place_code,
  happened_on: (client) => client.contacted_on,
  subject: (client) => client.client_id,
});

/** A client's particulars are put right; carries the version that was seen, so that what others changed meanwhile is kept too. */
export const amendClient = command({
  name: 'registry.amend',
  form: form(
    'client_amendment',
    {
      client_id: id({ required: true, hidden: true }),
      version: number({ required: true, min: 1, max: 100_000, hidden: true }),
      /** The amendments of its maker that it stands on though the version seen does not hold them yet: they waited on the same phone. */
      seen: text({ max: 4000, pattern: /^[0-9a-f-]{36}( [0-9a-f-]{36})*$/, hidden: true }),
      place_code: place({}),
      name: text({ max: 60, seal: true }),
      sex: choice({ options: sexes }),
      born_on: day({ seal: true }),
      residence: choice({ options: residences }),
      phone,
      id_number: idNumber,
      follow_up_consented: yesNo({}),
    },
    aboutClients,
  ),
  place: (client) => client.place_code,
  happened_on: () => undefined,
  subject: (client) => client.client_id,
});

export const amendedFields = ['place_code', 'name', 'sex', 'born_on', 'residence', 'phone', 'id_number', 'follow_up_consented'] as const;
export type AmendedField = (typeof amendedFields)[number];

/** Who prevails when two people gave one field two values without knowing of each other: whoever came last, or a person decides. Both values are kept. */
export const mergeRules: Record<AmendedField, 'latest' | 'person'> = {
  place_code: 'person',
  name: 'person',
  sex: 'person',
  born_on: 'person',
  residence: 'latest',
  phone: 'latest',
  id_number: 'person',
  follow_up_consented: 'person',
};

/** A person decides between the value that stands and the one that was kept beside it. */
export const decideConflict = command({
  name: 'registry.decide',
  form: form(
    'conflict_decision',
    { conflict_id: id({ required: true }), client_id: id({ required: true }), keep: choice({ required: true, options: ['standing', 'other'] }) },
    aboutClients,
  ),
  place: () => undefined,
  happened_on: () => undefined,
});

const pairForm = form('client_pair', { kept_id: id({ required: true }), other_id: id({ required: true }) }, aboutClients);

/** Two records turn out to be one person: the other's visits come to the kept one. Can be undone. */
export const mergeClients = command({ name: 'registry.merge', form: pairForm, place: () => undefined, happened_on: () => undefined });
export const unmergeClients = command({ name: 'registry.unmerge', form: pairForm, place: () => undefined, happened_on: () => undefined });
/** Two records that look alike are two people; the pair is not shown again. */
export const keepApart = command({ name: 'registry.keep_apart', form: pairForm, place: () => undefined, happened_on: () => undefined });

export type ClientAnswers = Answers<typeof clientForm>;

/** What may be true but seldom is: asked about once before it is kept, never refused. */
export function unlikelyInClient({ born_on, contacted_on }: Partial<ClientAnswers>, today: Day): Finding[] {
  const findings: Finding[] = [];
  const age = born_on ? ageOn(born_on, today) : undefined;
  if (age !== undefined && (age < 14 || age > 80)) findings.push({ field: 'born_on', rule: 'unlikely_age', values: { value: age } });
  if (contacted_on && ageOn(contacted_on, today) >= 1) findings.push({ field: 'contacted_on', rule: 'unlikely_long_ago', values: { value: contacted_on } });
  return findings;
}

/** Asked by the page as hints and by the server as law. */
export function checkClient(client: Partial<ClientAnswers>): Finding[] {
  const findings: Finding[] = [];
  const { born_on, contacted_on, id_number } = client;
  if (born_on && contacted_on && born_on > contacted_on) findings.push({ field: 'born_on', rule: 'born_after_contact' });
  else if (born_on && contacted_on && ageOn(born_on, contacted_on) < 10) findings.push({ field: 'born_on', rule: 'younger_than_ten' });
  else if (born_on && contacted_on && ageOn(born_on, contacted_on) > 110) findings.push({ field: 'born_on', rule: 'older_than_110' });
  if (id_number) findings.push(...checkNationalId(id_number, born_on as Day | undefined, client.sex));
  return findings;
}
