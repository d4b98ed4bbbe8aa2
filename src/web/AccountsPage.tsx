import { Button, Group, Select, Stack, Table, Text, TextInput, Title } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { today } from '../kit/day.ts';
import { newId } from '../kit/id.ts';
import type { Finding } from '../kit/problem.ts';
import { Asking } from './Asking.tsx';
import { post, tell, tried, useAsked, usePlaces } from './api.ts';
import { Findings } from './Findings.tsx';
import { useSay } from './words.ts';

interface Accounts {
  accounts: {
    id: string;
    login: string;
    display_name: string;
    place_code: string;
    closed_on: string | null;
    duties: { id: string; duty: string; place_code: string; from_on: string | null; until_on: string | null }[];
  }[];
}

const dutyNames = [
  ...['village_worker', 'township_officer', 'township_clinician', 'county_clinician', 'planner', 'statistician', 'supply_officer'],
  ...['benefit_intake', 'benefit_verifier', 'benefit_approver', 'benefit_payer', 'bulletin_editor', 'bulletin_reviewer', 'bulletin_signer'],
  ...['assessor', 'ombudsperson', 'privacy_officer', 'administrator'],
];

/** The administrator's page: who has an account and which duties, for which place, from when to when. Nothing of what they work with. */
export function AccountsPage() {
  const { say } = useSay();
  const accounts = useAsked<Accounts>('/api/accounts');
  return (
    <Stack>
      <Title order={1}>{say('accounts.title')}</Title>
      <Text c="dimmed">{say('accounts.how')}</Text>
      <NewAccount />
      <Asking of={accounts}>{(found) => <List accounts={found.accounts} />}</Asking>
    </Stack>
  );
}

function Choices() {
  const { option, placeName, say } = useSay();
  const places = usePlaces();
  return (
    <>
      <Select name="role" label={say('field.role')} required searchable data={dutyNames.map((value) => ({ value, label: option('role', value) }))} />
      <Select
        name="place_code"
        label={say('field.place_code')}
        required
        searchable
        limit={60}
        data={[...places.values()].map((place) => ({ value: place.place_code, label: `${placeName(place)} ${place.place_code}` }))}
      />
      <TextInput name="until_on" type="date" label={say('field.until_on')} />
    </>
  );
}

const filled = (form: HTMLFormElement) => Object.fromEntries([...new FormData(form)].filter(([, value]) => value !== ''));

function NewAccount() {
  const { say } = useSay();
  const [findings, setFindings] = useState<readonly Finding[]>([]);
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = event.currentTarget;
    const wrong = await tell('access.open_account', { account_id: newId(), ...filled(form) });
    setFindings(wrong);
    if (wrong.length === 0) form.reset();
  };
  return (
    <section className="card">
      <Title order={2} size="h4">
        {say('accounts.open')}
      </Title>
      <form onSubmit={submit}>
        <Group align="end" gap="sm">
          <TextInput name="login" label={say('field.login')} required autoComplete="off" />
          <TextInput name="display_name" label={say('field.display_name')} required autoComplete="off" />
          <TextInput name="password" label={say('accounts.first_password')} required minLength={12} autoComplete="off" />
          <Choices />
          <Button type="submit">{say('save')}</Button>
        </Group>
        <Findings of={findings} />
      </form>
    </section>
  );
}

function List({ accounts }: Accounts) {
  const { say, option } = useSay();
  const [findings, setFindings] = useState<readonly Finding[]>([]);
  const [granting, setGranting] = useState<string>();
  const grant = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const wrong = await tell('access.grant_duty', { duty_id: newId(), account_id: granting, ...filled(event.currentTarget) });
    setFindings(wrong);
    if (wrong.length === 0) setGranting(undefined);
  };
  return (
    <section className="card">
      <Findings of={findings} />
      <Table.ScrollContainer minWidth={720}>
        <Table>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{say('field.login')}</Table.Th>
              <Table.Th>{say('field.display_name')}</Table.Th>
              <Table.Th>{say('account.duties')}</Table.Th>
              <Table.Th>{say('accounts.acts')}</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {accounts.map((account) => (
              <Table.Tr key={account.id}>
                <Table.Td>{account.login}</Table.Td>
                <Table.Td>{account.display_name}</Table.Td>
                <Table.Td>
                  {account.duties.map((duty) => (
                    <Group key={duty.id} gap="xs">
                      <Text size="sm">
                        {option('role', duty.duty)} · {duty.place_code}
                        {duty.until_on ? ` · ${say('accounts.until', { day: duty.until_on })}` : ''}
                      </Text>
                      {!duty.until_on && !account.closed_on && (
                        <Button
                          size="compact-xs"
                          variant="subtle"
                          onClick={async () => setFindings(await tell('access.end_duty', { duty_id: duty.id, until_on: today() }))}
                        >
                          {say('accounts.end_duty')}
                        </Button>
                      )}
                    </Group>
                  ))}
                  {granting === account.id && (
                    <form onSubmit={grant}>
                      <Group align="end" gap="xs">
                        <Choices />
                        <Button type="submit" size="compact-sm">
                          {say('save')}
                        </Button>
                      </Group>
                    </form>
                  )}
                </Table.Td>
                <Table.Td>
                  {account.closed_on ? (
                    say('accounts.closed', { day: account.closed_on })
                  ) : (
                    <Group gap="xs">
                      <Button size="compact-xs" variant="light" onClick={() => setGranting(account.id)}>
                        {say('accounts.grant')}
                      </Button>
                      <Button
                        size="compact-xs"
                        variant="light"
                        onClick={async () => setFindings(await tried(() => post(`/api/accounts/${account.id}/revoke`, {})))}
                      >
                        {say('accounts.revoke')}
                      </Button>
                      <Button
                        size="compact-xs"
                        color="red"
                        variant="light"
                        onClick={async () => {
                          if (window.confirm(say('accounts.close_sure', { login: account.login })))
                            setFindings(await tell('access.close_account', { account_id: account.id, closed_on: today() }));
                        }}
                      >
                        {say('accounts.close')}
                      </Button>
                    </Group>
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
