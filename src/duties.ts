import type { Role } from './platform/access.ts';

const look = ['session', 'places', 'board', 'indicator', 'facilities', 'products'];
const meet = [...look, 'clients', 'client', 'client_visits', 'due_list', 'pull', 'rows_behind', 'duplicates', 'consents', 'consent_texts', 'sessions', 'queue'];
const consent = ['rights.give_consent', 'rights.withdraw_consent'];
const appointments = ['care.book', 'care.rebook', 'care.cancel_appointment', 'care.check_in', 'care.complete_appointment', 'care.choose_contact'];
const careFor = [
  ...appointments,
  ...['care.open_session', 'care.close_session'],
  ...['registry.register', 'registry.amend', 'registry.decide', 'care.record', 'care.amend', 'care.void', 'care.follow_up', 'supplies.receive'],
  ...consent,
  'rights.break_glass',
  'rights.hand_over',
];
const tidy = ['registry.merge', 'registry.unmerge', 'registry.keep_apart'];
const ground = [
  'registry.open_place',
  'registry.close_place',
  'registry.count_population',
  'registry.estimate',
  'registry.count_births',
  'registry.open_facility',
  'registry.enrol_worker',
];
const accounts = ['access.open_account', 'access.grant_duty', 'access.end_duty', 'access.close_account'];
const figures = ['session', 'places', 'board', 'indicator', 'facilities', 'complaint_statistics', 'sessions'];

/** The duties, as lists that can be read aloud. Only the care team sees people; the administrator has none of the content. */
const held: readonly Role[] = [
  {
    name: 'village_worker',
    people: true,
    commands: [
      'registry.register',
      'registry.amend',
      'registry.decide',
      'care.record',
      'care.amend',
      'care.follow_up',
      ...appointments,
      ...consent,
      'rights.hand_over',
    ],
    reads: meet,
  },
  { name: 'township_officer', commands: [], reads: figures },
  { name: 'township_clinician', people: true, commands: [...careFor, ...tidy], reads: meet },
  { name: 'county_clinician', people: true, commands: [...careFor, ...tidy], reads: [...meet, 'imports'] },
  { name: 'planner', commands: [], reads: [...figures, 'products'] },
  {
    name: 'statistician',
    people: true,
    commands: [...ground, ...careFor.filter((name) => name !== 'rights.break_glass'), ...tidy],
    reads: [...meet, 'imports'],
  },
  { name: 'supply_officer', commands: ['supplies.receive'], reads: [...figures, 'products'] },
  ...['benefit_intake', 'benefit_verifier', 'benefit_approver', 'benefit_payer', 'bulletin_editor', 'bulletin_reviewer', 'bulletin_signer', 'assessor'].map(
    (name) => ({ name, commands: [], reads: figures }),
  ),
  {
    name: 'ombudsperson',
    desk: 'complaints',
    commands: ['rights.acknowledge', 'rights.extend', 'rights.decide', 'rights.decide_review'],
    reads: [...figures, 'complaints', 'complaint'],
  },
  {
    name: 'privacy_officer',
    desk: 'privacy',
    commands: ['rights.decide_request', 'rights.review_break_glass'],
    reads: ['session', 'places', 'data_requests', 'access_log', 'broken_glass', 'inventory', 'retention'],
  },
  { name: 'administrator', commands: accounts, reads: ['session', 'places', 'accounts'] },
];

/** Those who hold no duty: a client with her own record; everybody; oneself. The doors give these, nobody can hold them. */
const given: readonly Role[] = [
  {
    name: 'client',
    own: true,
    commands: [
      'rights.request',
      'rights.give_consent',
      'rights.withdraw_consent',
      'care.book',
      'care.rebook',
      'care.cancel_appointment',
      'care.choose_contact',
    ],
    reads: ['session', 'my_record', 'my_access', 'my_document', 'consent_texts', 'sessions'],
  },
  { name: 'public', commands: ['rights.complain', 'rights.add_evidence', 'rights.ask_review'], reads: [] },
  { name: 'self', commands: ['access.change_password', 'access.set_totp', 'access.add_passkey', 'access.remove_passkey'], reads: [] },
];

export const roles: ReadonlyMap<string, Role> = new Map([...held, ...given].map((role) => [role.name, role]));
