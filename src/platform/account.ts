import { command } from '../kit/command.ts';
import { daysBetween, today } from '../kit/day.ts';
import { choice, day, form, id, place, text } from '../kit/form.ts';
import type { Finding } from '../kit/problem.ts';
import { isWithin } from '../kit/scope.ts';
import { areApart, duties, type HeldDuty, longestAssessment, overlap } from './duties.ts';
import type { Entry } from './journal.ts';
import { handle, type Room, refuseEach } from './run.ts';
import { passwordHash } from './session.ts';

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

export const accountCommands = [
  handle(
    openAccount,
    async (room, entries) => {
      const taken = await room.db
        .selectFrom('access.login')
        .select('login')
        .where(
          'login',
          'in',
          entries.map((entry) => entry.input.login),
        )
        .execute();
      const logins = new Set(taken.map((row) => row.login));
      const lawful = refuseEach(entries, ({ input, recorded_at }) => {
        const findings: Finding[] = logins.has(input.login) ? [{ field: 'login', rule: 'login_is_taken', values: { value: input.login } }] : [];
        logins.add(input.login);
        if (!input.password_hash) findings.push({ field: 'password', rule: 'required' });
        return [...findings, ...checkTerm(input, recorded_at)];
      });
      await room.insertRows(
        'access.account',
        lawful.map(({ county_code, seq, input }) => ({
          county_code,
          seq,
          id: input.account_id,
          place_code: input.place_code,
          login: input.login,
          display_name: input.display_name,
          password_hash: input.password_hash as string,
        })),
      );
      await room.insertRows(
        'access.duty',
        lawful.map((entry) => dutyRow(room, entry, entry.input.account_id)),
      );
      await room.insertRows(
        'access.login',
        lawful.map(({ county_code, input }) => ({ county_code, login: input.login, account_id: input.account_id })),
      );
    },
    withHash,
  ),
  handle(grantDuty, async (room, entries) => {
    // One at a time: what one entry grants stands in the way of the next.
    for (const entry of entries) {
      const { input, recorded_at } = entry;
      const account = await room.db
        .selectFrom('access.account')
        .select(['id', 'closed_on'])
        .where('county_code', '=', room.county_code)
        .where('id', '=', input.account_id)
        .executeTakeFirst();
      const held = await heldBy(room, input.account_id);
      const other = held.find((each) => areApart(each.duty, input.role) && overlap(each, termOf(input)));
      if (!account || account.closed_on) entry.findings = [{ field: 'account_id', rule: 'not_found' }];
      else if (other) entry.findings = [{ field: 'role', rule: 'duties_apart', values: { value: other.duty } }];
      else entry.findings = checkTerm(input, recorded_at);
      if (entry.findings.length === 0) await room.insertRows('access.duty', [dutyRow(room, entry, input.duty_id)]);
    }
  }),
  handle(endDuty, async (room, entries) => {
    const known = await room.db
      .selectFrom('access.duty')
      .select(['id', 'place_code'])
      .where('county_code', '=', room.county_code)
      .where(
        'id',
        'in',
        entries.map(({ input }) => input.duty_id),
      )
      .execute();
    const places = new Map(known.map((row) => [row.id, row.place_code]));
    const lawful = refuseEach(entries, ({ input, place_code }) =>
      isWithin(places.get(input.duty_id) ?? '', place_code) ? [] : [{ field: 'duty_id', rule: 'not_found' }],
    );
    await room.updateRows(
      'access.duty',
      ['id'],
      lawful.map(({ county_code, seq, input }) => ({ county_code, seq, id: input.duty_id, until_on: input.until_on })),
    );
  }),
  handle(closeAccount, async (room, entries) => {
    const lawful = await knownAccounts(room, entries, 'in_place');
    await room.updateRows(
      'access.account',
      ['id'],
      lawful.map(({ county_code, seq, input }) => ({ county_code, seq, id: input.account_id, closed_on: input.closed_on })),
    );
  }),
  handle(
    changePassword,
    async (room, entries) => {
      const lawful = (await knownAccounts(room, entries)).filter((entry) => {
        if (!entry.input.password_hash) entry.findings = [{ field: 'password', rule: 'required' }];
        return entry.findings.length === 0;
      });
      await room.updateRows(
        'access.account',
        ['id'],
        lawful.map(({ county_code, seq, input }) => ({ county_code, seq, id: input.account_id, password_hash: input.password_hash as string })),
      );
    },
    withHash,
  ),
  handle(setTotp, async (room, entries) => {
    const lawful = await knownAccounts(room, entries);
    await room.updateRows(
      'access.account',
      ['id'],
      lawful.map(({ county_code, seq, input, sealed }) => ({ county_code, seq, id: input.account_id, totp_sealed: sealed['totp_secret'] ?? null })),
    );
  }),
  handle(addPasskey, async (room, entries) => {
    await room.insertRows(
      'access.passkey',
      entries.map(({ county_code, seq, recorded_at, input }) => ({
        county_code,
        seq,
        id: input.passkey_id,
        [input.holder_kind === 'account' ? 'account_id' : 'client_id']: input.holder_id,
        public_key: input.public_key,
        name: input.passkey_name,
        added_at: recorded_at,
      })),
    );
  }),
  handle(removePasskey, async (room, entries) => {
    await room.updateRows(
      'access.passkey',
      ['id'],
      entries.map(({ county_code, seq, recorded_at, input }) => ({ county_code, seq, id: input.passkey_id, removed_at: recorded_at })),
    );
  }),
];

interface Term {
  role: string;
  place_code: string;
  from_on?: string;
  until_on?: string;
  facility_id?: string;
  health_worker_id?: string;
}

async function withHash<A extends { password?: string; password_hash?: string }>({ password, ...account }: A): Promise<A> {
  return (password ? { ...account, password_hash: await passwordHash(password) } : account) as A;
}

const termOf = ({ role, from_on, until_on }: Term): HeldDuty => ({ duty: role, from_on: from_on ?? null, until_on: until_on ?? null });

function checkTerm({ role, from_on, until_on }: Term, recorded_at: string): Finding[] {
  const from = from_on ?? today('Asia/Shanghai', new Date(recorded_at));
  if (until_on && until_on <= from) return [{ field: 'until_on', rule: 'term_ends_first' }];
  if (role !== 'assessor') return [];
  if (!until_on) return [{ field: 'until_on', rule: 'assessor_ends' }];
  return daysBetween(from, until_on) > longestAssessment ? [{ field: 'until_on', rule: 'assessor_ends' }] : [];
}

const dutyRow = (room: Room, { seq, input }: Entry<Term & { account_id: string }>, dutyId: string) => ({
  county_code: room.county_code,
  seq,
  id: dutyId,
  account_id: input.account_id,
  duty: input.role,
  place_code: input.place_code,
  facility_id: input.facility_id,
  health_worker_id: input.health_worker_id,
  from_on: input.from_on,
  until_on: input.until_on,
});

function heldBy(room: Room, accountId: string): Promise<HeldDuty[]> {
  return room.db
    .selectFrom('access.duty')
    .select(['duty', 'from_on', 'until_on'])
    .where('county_code', '=', room.county_code)
    .where('account_id', '=', accountId)
    .execute();
}

async function knownAccounts<I extends { account_id: string }>(
  room: Room,
  entries: readonly Entry<I>[],
  where: 'in_place' | 'anywhere' = 'anywhere',
): Promise<Entry<I>[]> {
  const known = await room.db
    .selectFrom('access.account')
    .select(['id', 'place_code'])
    .where('county_code', '=', room.county_code)
    .where(
      'id',
      'in',
      entries.map(({ input }) => input.account_id),
    )
    .execute();
  const places = new Map(known.map((row) => [row.id, row.place_code]));
  return refuseEach(entries, ({ input, place_code }) => {
    const place = places.get(input.account_id);
    return place !== undefined && (where === 'anywhere' || isWithin(place, place_code)) ? [] : [{ field: 'account_id', rule: 'not_found' }];
  });
}
