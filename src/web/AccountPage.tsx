import { Alert, Button, Group, PasswordInput, Stack, Table, Text, TextInput, Title } from '@mantine/core';
import { startRegistration } from '@simplewebauthn/browser';
import { type FormEvent, useState } from 'react';
import { renderSVG } from 'uqr';
import type { Finding } from '../kit/problem.ts';
import { Asking } from './Asking.tsx';
import { call, post, queries, tried, useAsked, useSession } from './api.ts';
import { Findings } from './Findings.tsx';
import { useSay } from './words.ts';

interface Account {
  login: string;
  has_totp: boolean;
  duties: { id: string; duty: string; place_code: string; from_on: string | null; until_on: string | null; is_mine_now: boolean }[];
  sessions: { id: string; kind: string; device_name: string | null; opened_at: string; seen_at: string; is_this: boolean }[];
  passkeys: { id: string; name: string; added_at: string }[];
}

/** One's own account: password, second factor, passkeys, sessions and phones, the duty one acts under. */
export function AccountPage() {
  const { say } = useSay();
  const { data: session } = useSession();
  const account = useAsked<Account>('/api/account');
  return (
    <Stack maw={820}>
      <Title order={1}>{say('account.title')}</Title>
      {session?.must_change && (
        <Alert color="orange" role="alert">
          {say('rule.change_password_first')}
        </Alert>
      )}
      <Password />
      {!session?.must_change && (
        <Asking of={account}>
          {(found) => (
            <>
              <Duties duties={found.duties} />
              <SecondFactor has={found.has_totp} />
              <Passkeys passkeys={found.passkeys} />
              <Sessions sessions={found.sessions} />
            </>
          )}
        </Asking>
      )}
    </Stack>
  );
}

function Password() {
  const { say } = useSay();
  const [findings, setFindings] = useState<readonly Finding[]>([]);
  const [isDone, setDone] = useState(false);
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = event.currentTarget;
    const given = new FormData(form);
    const wrong = await tried(() => post('/api/account/password', { current: given.get('current'), next: given.get('next') }));
    setFindings(wrong);
    setDone(wrong.length === 0);
    if (wrong.length === 0) form.reset();
  };
  return (
    <section className="card">
      <Title order={2} size="h4">
        {say('field.password')}
      </Title>
      <form onSubmit={submit}>
        <Stack gap="sm" maw={360}>
          <PasswordInput
            name="current"
            label={say('field.current')}
            autoComplete="current-password"
            required
            visibilityToggleButtonProps={{ 'aria-label': say('sign_in.show') }}
          />
          <PasswordInput
            name="next"
            label={say('field.next')}
            description={say('account.password_how')}
            autoComplete="new-password"
            required
            visibilityToggleButtonProps={{ 'aria-label': say('sign_in.show') }}
          />
          <Findings of={findings} />
          {isDone && <Text role="status">{say('account.password_changed')}</Text>}
          <Group>
            <Button type="submit">{say('account.change')}</Button>
          </Group>
        </Stack>
      </form>
    </section>
  );
}

function Duties({ duties }: { duties: Account['duties'] }) {
  const { say, option } = useSay();
  const choose = async (duty_id: string) => {
    await tried(() => post('/api/account/duty', { duty_id }));
    await queries.resetQueries();
  };
  return (
    <section className="card">
      <Title order={2} size="h4">
        {say('account.duties')}
      </Title>
      <Table>
        <Table.Tbody>
          {duties.map((duty) => (
            <Table.Tr key={duty.id}>
              <Table.Td>{option('role', duty.duty)}</Table.Td>
              <Table.Td>{duty.place_code}</Table.Td>
              <Table.Td>
                {duty.from_on ?? ''} – {duty.until_on ?? ''}
              </Table.Td>
              <Table.Td>
                {duty.is_mine_now ? (
                  say('account.acting')
                ) : (
                  <Button size="compact-sm" variant="light" onClick={() => choose(duty.id)}>
                    {say('account.act')}
                  </Button>
                )}
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </section>
  );
}

function SecondFactor({ has }: { has: boolean }) {
  const { say } = useSay();
  const [offered, setOffered] = useState<{ secret: string; uri: string }>();
  const [findings, setFindings] = useState<readonly Finding[]>([]);
  const begin = async () => setOffered(await post('/api/account/totp', {}));
  const confirm = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const digits = new FormData(event.currentTarget).get('digits');
    const wrong = await tried(() => post('/api/account/totp/confirm', { secret: offered?.secret, digits }));
    setFindings(wrong);
    if (wrong.length === 0) setOffered(undefined);
  };
  const remove = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const password = new FormData(event.currentTarget).get('password');
    setFindings(await tried(() => post('/api/account/totp/remove', { password })));
  };
  return (
    <section className="card">
      <Title order={2} size="h4">
        {say('account.totp')}
      </Title>
      <Findings of={findings} />
      {has ? (
        <form onSubmit={remove}>
          <Group align="end">
            <PasswordInput
              name="password"
              label={say('field.password')}
              required
              maw={260}
              visibilityToggleButtonProps={{ 'aria-label': say('sign_in.show') }}
            />
            <Button type="submit" variant="outline">
              {say('account.totp_remove')}
            </Button>
          </Group>
        </form>
      ) : offered ? (
        <form onSubmit={confirm}>
          <Stack gap="sm">
            <Text>{say('account.totp_how')}</Text>
            {/** A picture made here from the address: nothing is fetched. */}
            <img alt={say('account.totp_picture')} width={200} height={200} src={`data:image/svg+xml;utf8,${encodeURIComponent(renderSVG(offered.uri))}`} />
            <Text ff="monospace">{offered.secret}</Text>
            <Group align="end">
              <TextInput name="digits" label={say('field.digits')} inputMode="numeric" autoComplete="one-time-code" required />
              <Button type="submit">{say('account.confirm')}</Button>
            </Group>
          </Stack>
        </form>
      ) : (
        <Button variant="light" onClick={begin}>
          {say('account.totp_begin')}
        </Button>
      )}
    </section>
  );
}

/** Makes a passkey in this browser and keeps its public half on the server. */
export async function makePasskey(name: string): Promise<readonly Finding[]> {
  return tried(async () => {
    const { id, options } = await post<{ id: string; options: Parameters<typeof startRegistration>[0]['optionsJSON'] }>('/api/passkeys/new', {});
    const response = await startRegistration({ optionsJSON: options });
    await post('/api/passkeys', { id, name, response });
  });
}

function Passkeys({ passkeys }: { passkeys: Account['passkeys'] }) {
  const { say, moment } = useSay();
  const [findings, setFindings] = useState<readonly Finding[]>([]);
  return (
    <section className="card">
      <Title order={2} size="h4">
        {say('account.passkeys')}
      </Title>
      <Findings of={findings} />
      {passkeys.map((passkey) => (
        <Group key={passkey.id} justify="space-between">
          <Text>
            {passkey.name} · {moment(passkey.added_at)}
          </Text>
          <Button
            size="compact-sm"
            variant="subtle"
            onClick={async () => setFindings(await tried(() => post('/api/account/passkeys/remove', { id: passkey.id })))}
          >
            {say('account.remove')}
          </Button>
        </Group>
      ))}
      <Button variant="light" onClick={async () => setFindings(await makePasskey(say('account.this_device')))}>
        {say('account.passkey_add')}
      </Button>
    </section>
  );
}

function Sessions({ sessions }: { sessions: Account['sessions'] }) {
  const { say, moment } = useSay();
  return (
    <section className="card">
      <Title order={2} size="h4">
        {say('account.sessions')}
      </Title>
      <Table.ScrollContainer minWidth={420}>
        <Table className="numbers">
          <Table.Tbody>
            {sessions.map((one) => (
              <Table.Tr key={one.id}>
                <Table.Td>{one.device_name ?? say(`account.kind_${one.kind}`)}</Table.Td>
                <Table.Td>{say('account.seen', { at: moment(one.seen_at) })}</Table.Td>
                <Table.Td>
                  {one.is_this ? (
                    say('account.this')
                  ) : (
                    <Button size="compact-sm" variant="subtle" onClick={() => tried(() => call(`/api/account/sessions/${one.id}`, { method: 'DELETE' }))}>
                      {say('account.end')}
                    </Button>
                  )}
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </section>
  );
}
