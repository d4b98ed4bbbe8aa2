import { Button, Group, Select, SimpleGrid, Stack, Table, Text, Title } from '@mantine/core';
import { useParams } from '@tanstack/react-router';
import { useState } from 'react';
import { ageOn, today } from '../../../kit/day.ts';
import type { Finding } from '../../../kit/problem.ts';
import { Asking } from '../../../web/Asking.tsx';
import { send, useAsked, usePlaces, useSession } from '../../../web/api.ts';
import { Findings } from '../../../web/Findings.tsx';
import { ButtonLink, TextLink } from '../../../web/links.tsx';
import { useSay } from '../../../web/words.ts';
import { amendClient } from '../../registry/client.ts';
import { Conflicts } from '../../registry/ui/Conflicts.tsx';
import type { ClientLine } from '../../registry/ui/PeoplePage.tsx';
import { ConsentPanel } from '../../rights/ui/ConsentPanel.tsx';
import { completeFollowUp } from '../follow-up.ts';
import { amendVisit, recordVisit, voidVisit } from '../visit.ts';
import { Appointments } from './Appointments.tsx';

export interface ClientAnswer extends ClientLine {
  phone: string | null;
  id_number_end: string | null;
  contact_reason: string;
  contacted_on: string;
  follow_up_consented: boolean;
  purposes: string[];
  version: number;
}
interface VisitLine {
  id: string;
  visited_on: string;
  served_on: string | null;
  place_code: string;
  service: string;
  decision: string;
  client_is: string | null;
  method_chosen: string | null;
  product_code: string | null;
  quantity: number | null;
  procedure: string | null;
  risk: string | null;
  result: string | null;
  note: string | null;
  voided: boolean;
  version: number;
}
interface FollowUpLine {
  id: string;
  kind: string;
  step: number;
  opens_on: string;
  due_on: string;
  closes_on: string;
  done_on: string | null;
  status: string;
  outcome: string | null;
}

/** One client: who she is, what was done, what is due. */
export function ClientPage() {
  const { client: id } = useParams({ from: '/people/$client' });
  const client = useAsked<ClientAnswer>(`/api/clients/${id}`);
  const visits = useAsked<{ visits: VisitLine[]; follow_ups: FollowUpLine[] }>(`/api/clients/${id}/visits`);
  return (
    <Stack>
      <Asking of={client}>
        {(found) => (
          <>
            <Particulars client={found} />
            <Conflicts client={found} />
          </>
        )}
      </Asking>
      <Asking of={visits}>
        {(found) => (
          <>
            <Visits id={id} visits={found.visits} />
            <FollowUps followUps={found.follow_ups} />
            {client.data && <Appointments client={client.data} path={`/api/clients/${id}/appointments`} place={client.data.place_code} />}
          </>
        )}
      </Asking>
      {client.data && <ConsentPanel client={client.data} />}
    </Stack>
  );
}

function Particulars({ client }: { client: ClientAnswer }) {
  const { say, option, placeName } = useSay();
  const places = usePlaces();
  const { data: session } = useSession();
  const facts: [string, string][] = [
    ['sex', option('sex', client.sex)],
    ['born_on', `${client.born_on}（${say('client.age', { age: ageOn(client.born_on, today()) })}）`],
    ['residence', option('residence', client.residence)],
    ['place', placeName(places.get(client.place_code))],
    ['phone', client.phone ?? '–'],
    ['id_number', client.id_number_end ? `•••• ${client.id_number_end}` : '–'],
    ['contact_reason', `${option('contact_reason', client.contact_reason)}，${client.contacted_on}`],
    ['follow_up_consented', say(`option.${client.follow_up_consented}`)],
  ];
  return (
    <>
      <Group justify="space-between">
        <Title order={1}>
          {client.name}{' '}
          <Text span c="dimmed" size="lg">
            {client.record_number}
          </Text>
        </Title>
        <Group gap="xs">
          {session?.commands.includes(amendClient.name) && (
            <ButtonLink to="/people/$client/amend" params={{ client: client.id }} variant="outline">
              {say('people.amend')}
            </ButtonLink>
          )}
          {session?.commands.includes(recordVisit.name) && (
            <ButtonLink to="/people/$client/visit" params={{ client: client.id }}>
              {say('visit.record')}
            </ButtonLink>
          )}
        </Group>
      </Group>
      <SimpleGrid className="card numbers" cols={{ base: 2, sm: 4 }} component="dl" m={0}>
        {facts.map(([field, value]) => (
          <div key={field}>
            <Text component="dt" size="xs" c="dimmed">
              {say(`field.${field}`)}
            </Text>
            <Text component="dd" m={0}>
              {value}
            </Text>
          </div>
        ))}
      </SimpleGrid>
    </>
  );
}

function Visits({ id, visits }: { id: string; visits: VisitLine[] }) {
  const { say, option, placeName, name } = useSay();
  const places = usePlaces();
  const { data: session } = useSession();
  const { data: products } = useAsked<{ products: { code: string; name: { zh: string; en: string }; unit: { zh: string; en: string } }[] }>('/api/products');
  const given = ({ product_code, quantity }: VisitLine) => {
    const product = products?.products.find((one) => one.code === product_code);
    return product ? `${name(product.name)} × ${quantity} ${name(product.unit)}` : product_code;
  };
  const [findings, setFindings] = useState<readonly Finding[]>([]);
  const what = (visit: VisitLine) =>
    [
      visit.client_is && option('client_is', visit.client_is),
      visit.method_chosen && option('method_chosen', visit.method_chosen),
      visit.procedure && option('procedure', visit.procedure),
      visit.product_code && given(visit),
      visit.risk && option('risk', visit.risk),
      visit.result && option('result', visit.result),
      visit.note,
    ]
      .filter(Boolean)
      .join(' · ');
  return (
    <section className="card">
      <Title order={2} size="h4">
        {say('client.visits')} ({visits.length})
      </Title>
      <Findings of={findings} />
      <Table.ScrollContainer minWidth={560}>
        <Table className="numbers">
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{say('field.visited_on')}</Table.Th>
              <Table.Th>{say('field.service')}</Table.Th>
              <Table.Th>{say('field.decision')}</Table.Th>
              <Table.Th>{say('client.what')}</Table.Th>
              <Table.Th>{say('field.place')}</Table.Th>
              <Table.Th>{say('client.put_right')}</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {visits.map((visit) => (
              <Table.Tr key={visit.id} style={visit.voided ? { textDecoration: 'line-through', color: '#545d62' } : undefined}>
                <Table.Td>{visit.visited_on}</Table.Td>
                <Table.Td>{option('service', visit.service)}</Table.Td>
                <Table.Td>{option('decision', visit.decision)}</Table.Td>
                <Table.Td>{what(visit)}</Table.Td>
                <Table.Td>{placeName(places.get(visit.place_code))}</Table.Td>
                <Table.Td>
                  {!visit.voided && session?.commands.includes(amendVisit.name) && (
                    <TextLink to="/people/$client/visits/$visit" params={{ client: id, visit: visit.id }} size="sm" mr="xs">
                      {say('visit.amend')}
                    </TextLink>
                  )}
                  {!visit.voided && session?.commands.includes(voidVisit.name) && (
                    <Button
                      size="compact-xs"
                      variant="subtle"
                      onClick={async () => {
                        if (window.confirm(say('visit.void_sure')))
                          setFindings(await send(voidVisit, { visit_id: visit.id, version: visit.version, reason: say('visit.recorded_by_mistake') }));
                      }}
                    >
                      {say('visit.void')}
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

function FollowUps({ followUps }: { followUps: FollowUpLine[] }) {
  const { say, option } = useSay();
  const { data: session } = useSession();
  const [findings, setFindings] = useState<readonly Finding[]>([]);
  const outcomes = completeFollowUp.form.asks.outcome.options;
  const done = async (id: string, outcome: (typeof outcomes)[number]) =>
    setFindings(await send(completeFollowUp, { follow_up_id: id, done_on: today(), outcome }));
  if (followUps.length === 0) return null;
  return (
    <section className="card">
      <Title order={2} size="h4">
        {say('client.follow_ups')}
      </Title>
      <Findings of={findings} />
      <Table.ScrollContainer minWidth={520}>
        <Table className="numbers">
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{say('client.due')}</Table.Th>
              <Table.Th>{say('field.kind')}</Table.Th>
              <Table.Th>{say('client.window')}</Table.Th>
              <Table.Th>{say('client.state')}</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {followUps.map((one) => (
              <Table.Tr key={one.id}>
                <Table.Td>{one.due_on}</Table.Td>
                <Table.Td>
                  {option('kind', one.kind)} · {say('client.month', { step: one.step })}
                </Table.Td>
                <Table.Td>
                  {one.opens_on} – {one.closes_on}
                </Table.Td>
                <Table.Td>
                  {one.done_on || !session?.commands.includes(completeFollowUp.name) ? (
                    <span className="verdict met">
                      {option('status', one.status)} {one.done_on}
                      {one.outcome ? ` · ${option('outcome', one.outcome)}` : ''}
                    </span>
                  ) : (
                    <Select
                      size="xs"
                      aria-label={say('client.complete', { day: one.due_on })}
                      placeholder={say('client.complete_short')}
                      data={outcomes.map((value) => ({ value, label: option('outcome', value) }))}
                      onChange={(value) => value && done(one.id, value as (typeof outcomes)[number])}
                    />
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
