import { command } from '../kit/command.ts';
import { form, id, place, text } from '../kit/form.ts';
import { handle, refuseEach } from './run.ts';
import { passwordHash } from './session.ts';

const accountForm = form('account', {
  account_id: id({ required: true }),
  place_code: place({ required: true }),
  login: text({ required: true, max: 40, pattern: /^[a-z0-9][a-z0-9._-]{1,39}$/, rule: 'not_a_login' }),
  display_name: text({ required: true, max: 60 }),
  role: text({ required: true, max: 40 }),
  password: text({ max: 200 }),
  password_hash: text({ hidden: true, max: 200 }),
  facility_id: id({ hidden: true }),
  health_worker_id: id({ hidden: true }),
});

/** An account is opened for a person with one duty at one place. The password is hashed before anything is written down. */
export const openAccount = command({ name: 'access.open_account', form: accountForm, place: (account) => account.place_code, happened_on: () => undefined });

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
      const lawful = refuseEach(entries, ({ input }) => {
        const findings = logins.has(input.login) ? [{ field: 'login', rule: 'login_is_taken', values: { value: input.login } }] : [];
        logins.add(input.login);
        return input.password_hash ? findings : [...findings, { field: 'password', rule: 'required' }];
      });
      await room.insertRows(
        'access.account',
        lawful.map(({ county_code, seq, input: { account_id, password, ...account } }) => ({ county_code, seq, id: account_id, ...account })),
      );
      await room.insertRows(
        'access.login',
        lawful.map(({ county_code, input }) => ({ county_code, login: input.login, account_id: input.account_id })),
      );
    },
    async ({ password, ...account }) => (password ? { ...account, password_hash: await passwordHash(password) } : account),
  ),
];
