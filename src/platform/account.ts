import { command } from '../kit/command.ts';
import { choice, day, form, id, place, text } from '../kit/form.ts';
import { duties } from './duties.ts';

const about = { purpose: 'staff_accounts', basis: 'pipl_13_2_contract', years: 3 } as const;

const accountForm = form(
  'account',
  {
    account_id: id({ required: true }),
    place_code: place({ required: true }),
    login: text({ required: true, max: 40, pattern: /^[a-z0-9][a-z0-9._-]{1,39}$/, rule: 'not_a_login' }),
    display_name: text({ required: true, max: 60 }),
    role: choice({ required: true, options: duties }),
    from_on: day({}),
    until_on: day({}),
    password: text({ max: 200 }),
    password_hash: text({ hidden: true, max: 200, seal: true }),
    facility_id: id({ hidden: true }),
    health_worker_id: id({ hidden: true }),
  },
  about,
);

/** An account is opened for a person with one duty at one place. The password is hashed before anything is written down. */
export const openAccount = command({
  name: 'access.open_account',
  form: accountForm,
  place: (account) => account.place_code,
  happened_on: () => undefined,
  subject: (account) => account.account_id,
});

/** Another duty, for a place, from a day to a day. Duties that must be apart cannot be held together. */
export const grantDuty = command({
  name: 'access.grant_duty',
  form: form(
    'duty',
    {
      duty_id: id({ required: true, hidden: true }),
      account_id: id({ required: true, hidden: true }),
      role: choice({ required: true, options: duties }),
      place_code: place({ required: true }),
      from_on: day({}),
      until_on: day({}),
      facility_id: id({ hidden: true }),
      health_worker_id: id({ hidden: true }),
    },
    about,
  ),
  place: (duty) => duty.place_code,
  happened_on: () => undefined,
});

/** A duty ends: `until_on` is the first day without it. */
export const endDuty = command({
  name: 'access.end_duty',
  form: form('duty_end', { duty_id: id({ required: true, hidden: true }), until_on: day({ required: true }) }, about),
  place: () => undefined,
  happened_on: () => undefined,
});

export const closeAccount = command({
  name: 'access.close_account',
  form: form('account_close', { account_id: id({ required: true, hidden: true }), closed_on: day({ required: true }) }, about),
  place: () => undefined,
  happened_on: () => undefined,
});

const ownForm = { account_id: id({ required: true, hidden: true }) } as const;

/** Nobody changes another's password; the door asks for the present one first. */
export const changePassword = command({
  name: 'access.change_password',
  form: form('password', { ...ownForm, password: text({ max: 200 }), password_hash: text({ hidden: true, max: 200, seal: true }) }, about),
  place: () => undefined,
  happened_on: () => undefined,
  subject: (own) => own.account_id,
  own: (own) => own.account_id,
});

/** A second factor by time (RFC 6238), or its end when no secret is given. */
export const setTotp = command({
  name: 'access.set_totp',
  form: form('totp', { ...ownForm, totp_secret: text({ max: 80, hidden: true, seal: true }) }, about),
  place: () => undefined,
  happened_on: () => undefined,
  subject: (own) => own.account_id,
  own: (own) => own.account_id,
});

const passkeyForm = {
  passkey_id: text({ required: true, max: 400, hidden: true }),
  holder_id: id({ required: true, hidden: true }),
} as const;

/** A passkey of an account, or of a client for her own record; `holder_kind` says which. */
export const addPasskey = command({
  name: 'access.add_passkey',
  form: form(
    'passkey',
    {
      ...passkeyForm,
      holder_kind: choice({ required: true, hidden: true, options: ['account', 'client'] }),
      public_key: text({ required: true, max: 2000, hidden: true }),
      passkey_name: text({ required: true, max: 60 }),
    },
    about,
  ),
  place: () => undefined,
  happened_on: () => undefined,
  own: (passkey) => passkey.holder_id,
});

export const removePasskey = command({
  name: 'access.remove_passkey',
  form: form('passkey_end', passkeyForm, about),
  place: () => undefined,
  happened_on: () => undefined,
  own: (passkey) => passkey.holder_id,
});
