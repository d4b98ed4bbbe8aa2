import { Button, Group, Paper, Select, Stack, Table, Text, Textarea, TextInput, Title } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { daysBetween, today } from '../../../kit/day.ts';
import { newId } from '../../../kit/id.ts';
import type { Finding } from '../../../kit/problem.ts';
import { makePasskey } from '../../../web/AccountPage.tsx';
import { Asking } from '../../../web/Asking.tsx';
import { post, queries, send, tell, tried, useAsked, useSession } from '../../../web/api.ts';
import { Findings } from '../../../web/Findings.tsx';
import { TextLink } from '../../../web/links.tsx';
import { signInWithPasskey } from '../../../web/SignInPage.tsx';
import { useSay } from '../../../web/words.ts';
import { withdrawConsent } from '../../rights/consent.ts';
import { openRequest, requestKinds } from '../../rights/request.ts';
import { type ConsentLine, History } from '../../rights/ui/ConsentPanel.tsx';

import { Appointments } from './Appointments.tsx';

interface OwnRecord {
  client: { id: string; name: string; born_on: string; record_number: string; phone: string | null; purposes: string[]; restricted: boolean };
  visits: {
    id: string;
    visited_on: string;
    service: string;
    decision: string;
    method_chosen: string | null;
    result: string | null;
    voided: boolean;
    note: string | null;
  }[];
  consents: ConsentLine[];
  requests: { id: string; kind: string; opened_on: string; due_on: string; status: string; decision: string | null; reason: string | null }[];
}
interface Access {
  looks: { n: number; at: string; action: string; what: string; duty: string; display_name: string; reason: string | null }[];
  writes: { seq: number; at: string; command: string; display_name: string; by_client: boolean }[];
}

/** One's own record, on one's own phone: what is in it, who looked and why, what one agreed to, and what one may ask. */
export function MyRecordPage() {
  const { data: session, error } = useSession();
  if (error || (session && session.role !== 'client')) return <Door />;
  return session ? <Own /> : null;
}

function Door() {
  const { say } = useSay();
  const [findings, setFindings] = useState<readonly Finding[]>([]);
  const enter = async (way: () => Promise<readonly Finding[]>) => {
    const wrong = await way();
    setFindings(wrong);
    if (wrong.length === 0) await queries.resetQueries();
  };
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const code = new FormData(event.currentTarget).get('code');
    void enter(() => tried(() => post('/api/my/session', { code })));
  };
  return (
    <Stack align="center" mt="lg" maw={520} mx="auto">
      <Title order={1}>{say('my.title')}</Title>
      <Text c="dimmed" ta="center">
        {say('my.how')}
      </Text>
      <Paper withBorder p="xl" w="100%">
        <form onSubmit={submit}>
          <Stack>
            <TextInput name="code" label={say('my.code')} placeholder="XXXX-XXXX-XXXX-XXXX" autoComplete="one-time-code" autoCapitalize="characters" required />
            <Findings of={findings} />
            <Button type="submit">{say('my.open')}</Button>
            <Button variant="light" onClick={() => enter(signInWithPasskey)}>
              {say('sign_in.passkey')}
            </Button>
          </Stack>
        </form>
      </Paper>
      <TextLink to="/complain">{say('sign_in.complain')}</TextLink>
    </Stack>
  );
}

function Own() {
  const { say, option, language } = useSay();
  const record = useAsked<OwnRecord>('/api/my/record');
  const access = useAsked<Access>('/api/my/access');
  const [findings, setFindings] = useState<readonly Finding[]>([]);
  return (
    <Asking of={record}>
      {({ client, visits, consents, requests }) => (
        <Stack maw={820} mx="auto">
          <Title order={1}>{say('my.of', { name: client.name })}</Title>
          {client.restricted && (
            <Paper withBorder p="sm" role="note">
              {say('my.restricted')}
            </Paper>
          )}
          <section className="card">
            <div className="columns three">
              <Fact name="field.born_on" value={client.born_on} />
              <Fact name="field.record_number" value={client.record_number} />
              <Fact name="field.phone" value={client.phone ?? '–'} />
            </div>
            <Group mt="md">
              <Button component="a" href={`/api/my/document.pdf?language=${language}`} variant="light">
                {say('my.pdf')}
              </Button>
              <Button component="a" href="/api/my/document.json" variant="light">
                {say('my.fhir')}
              </Button>
              <Button variant="light" onClick={async () => setFindings(await makePasskey(say('account.this_device')))}>
                {say('my.passkey')}
              </Button>
            </Group>
            <Findings of={findings} />
          </section>
          <section className="card">
            <Title order={2} size="h4">
              {say('my.visits')}
            </Title>
            {visits.length === 0 && <Text>{say('my.none')}</Text>}
            {visits.map((visit) => (
              <Text key={visit.id} td={visit.voided ? 'line-through' : undefined}>
                {visit.visited_on} · {option('service', visit.service)} · {option('decision', visit.decision)}
                {visit.method_chosen ? ` · ${option('method_chosen', visit.method_chosen)}` : ''}
                {visit.result ? ` · ${option('result', visit.result)}` : ''}
                {visit.note ? ` · ${visit.note}` : ''}
              </Text>
            ))}
          </section>
          <Appointments client={client} path="/api/my/appointments" />
          <Asking of={access}>{(found) => <Who {...found} />}</Asking>
          <Agreed client={client} consents={consents} />
          <Requests client={client} requests={requests} />
          <TextLink to="/complain">{say('sign_in.complain')}</TextLink>
        </Stack>
      )}
    </Asking>
  );
}

function Fact({ name, value }: { name: string; value: string }) {
  const { say } = useSay();
  return (
    <div>
      <Text size="xs" c="dimmed">
        {say(name)}
      </Text>
      <Text>{value}</Text>
    </div>
  );
}

/** Who looked and why, and who wrote, in plain words: one sentence each. */
function Who({ looks, writes }: Access) {
  const { say, option, moment: day } = useSay();
  // The same person doing the same thing on one day is one line with how often: a page asks several times.
  const kinds = Map.groupBy(looks, (look) => [look.display_name, look.duty, look.action, look.reason, day(look.at).slice(0, 10)].join());
  const lines = [...kinds.values()].map((same) => ({ ...(same[0] as Access['looks'][number]), times: same.length }));
  return (
    <section className="card">
      <Title order={2} size="h4">
        {say('my.who')}
      </Title>
      <ul className="plain numbers">
        {lines.map((look) => (
          <li key={look.n}>
            {look.duty === 'client'
              ? say('my.look_self', { at: day(look.at) })
              : say(`my.look_${look.action}`, { at: day(look.at), who: look.display_name, duty: option('role', look.duty) })}
            {look.times > 1 ? ` ${say('my.times', { count: look.times })}` : ''}
            {look.reason ? ` ${say('my.emergency', { reason: look.reason })}` : ''}
          </li>
        ))}
        {looks.length === 0 && <li>{say('my.nobody')}</li>}
      </ul>
      <Title order={3} size="h5" mt="sm">
        {say('my.wrote')}
      </Title>
      <ul className="plain numbers">
        {writes.map((write) => (
          <li key={write.seq}>
            {say('my.write', {
              at: day(write.at),
              who: write.by_client ? say('my.myself') : write.display_name || say('my.program'),
              what: say(`command.${write.command}`),
            })}
          </li>
        ))}
      </ul>
    </section>
  );
}

function Agreed({ client, consents }: { client: OwnRecord['client']; consents: ConsentLine[] }) {
  const { say, option } = useSay();
  const [findings, setFindings] = useState<readonly Finding[]>([]);
  const withdraw = async (purpose: string) => {
    if (window.confirm(say(purpose === 'care' ? 'consent.withdraw_care_sure' : 'consent.withdraw_sure', { purpose: option('purpose', purpose) })))
      setFindings(await send(withdrawConsent, { client_id: client.id, purpose: purpose as 'care', withdrawn_on: today() }));
  };
  return (
    <section className="card">
      <Title order={2} size="h4">
        {say('my.agreed')}
      </Title>
      <Text c="dimmed" size="sm">
        {say('my.agreed_how')}
      </Text>
      <Findings of={findings} />
      {client.purposes.map((purpose) => (
        <Group key={purpose} justify="space-between" mt={4}>
          <Text>{option('purpose', purpose)}</Text>
          <Button size="compact-sm" variant="outline" onClick={() => withdraw(purpose)}>
            {say('consent.withdraw')}
          </Button>
        </Group>
      ))}
      <History consents={consents} />
    </section>
  );
}

function Requests({ client, requests }: { client: OwnRecord['client']; requests: OwnRecord['requests'] }) {
  const { say, option } = useSay();
  const [kind, setKind] = useState<string | null>(null);
  const [words, setWords] = useState('');
  const [findings, setFindings] = useState<readonly Finding[]>([]);
  const ask = async () => {
    const wrong = await tell(openRequest.name, { request_id: newId(), client_id: client.id, request_kind: kind ?? undefined, ...(words ? { words } : {}) });
    setFindings(wrong);
    if (wrong.length === 0) setWords('');
  };
  return (
    <section className="card">
      <Title order={2} size="h4">
        {say('my.requests')}
      </Title>
      <Text c="dimmed" size="sm">
        {say('my.requests_how')}
      </Text>
      <Table className="numbers">
        <Table.Tbody>
          {requests.map((one) => (
            <Table.Tr key={one.id}>
              <Table.Td>{one.opened_on}</Table.Td>
              <Table.Td>{option('request_kind', one.kind)}</Table.Td>
              <Table.Td>
                {one.status === 'open'
                  ? say('my.days_left', { days: Math.max(0, daysBetween(today(), one.due_on)), day: one.due_on })
                  : `${option('ruling', one.decision ?? '')} · ${one.reason ?? ''}`}
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
      <Stack gap="sm" mt="sm">
        <Select
          label={say('field.request_kind')}
          data={requestKinds.map((value) => ({ value, label: option('request_kind', value) }))}
          value={kind}
          onChange={setKind}
        />
        <Textarea label={say('field.words')} value={words} onChange={(event) => setWords(event.currentTarget.value)} autosize minRows={2} maxLength={2000} />
        <Findings of={findings} />
        <Group>
          <Button onClick={ask}>{say('my.ask')}</Button>
        </Group>
      </Stack>
    </section>
  );
}
