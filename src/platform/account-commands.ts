import { dayOf, daysBetween } from '../kit/day.ts';
import type { Finding } from '../kit/problem.ts';
import { isWithin } from '../kit/scope.ts';
import { addPasskey, changePassword, closeAccount, endDuty, grantDuty, openAccount, removePasskey, setTotp } from './account.ts';
import { areApart, type HeldDuty, longestAssessment, overlap } from './duties.ts';
import type { Entry } from './journal.ts';
import { handle, type Room, refuseEach } from './room.ts';
import { passwordHash } from './session.ts';

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
  const from = from_on ?? dayOf(recorded_at);
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
