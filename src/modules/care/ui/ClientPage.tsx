import { Button, Group, Select, Stack, Text, Title } from '@mantine/core';
import { useParams } from '@tanstack/react-router';
import { useState } from 'react';
import { ageOn, today } from '../../../kit/day.ts';
import type { Finding } from '../../../kit/problem.ts';
import { Asking } from '../../../web/Asking.tsx';
import { send, useAsked, usePlaces, useSession } from '../../../web/api.ts';
import { Findings } from '../../../web/Findings.tsx';
import { Later } from '../../../web/Later.tsx';
import { Listing } from '../../../web/Listing.tsx';
import { ButtonLink } from '../../../web/links.tsx';
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
          </>
        )}
      </Asking>
      {client.data && (
        <Later>
          <Appointments client={client.data} path={`/api/clients/${id}/appointments`} place={client.data.place_code} />
          <ConsentPanel client={client.data} />
        </Later>
      )}
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
      <dl className="card numbers facts">
        {facts.map(([field, value]) => (
          <div key={field}>
            <dt>{say(`field.${field}`)}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
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
      <Listing
        label={say('client.visits')}
        minWidth={560}
        heads={['field.visited_on', 'field.service', 'field.decision', 'client.what', 'field.place', 'client.put_right'].map((key) => say(key))}
        rows={visits}
        keyOf={(visit) => visit.id}
        isStruck={(visit) => visit.voided}
        cells={(visit) => [
          visit.visited_on,
          option('service', visit.service),
          option('decision', visit.decision),
          what(visit),
          placeName(places.get(visit.place_code)),
          <span key="put-right">
            {!visit.voided && session?.commands.includes(amendVisit.name) && <a href={`/people/${id}/visits/${visit.id}`}>{say('visit.amend')}</a>}{' '}
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
          </span>,
        ]}
      />
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
      <Listing
        label={say('client.follow_ups')}
        minWidth={520}
        heads={[say('client.due'), say('field.kind'), say('client.window'), say('client.state')]}
        rows={followUps}
        keyOf={(one) => one.id}
        cells={(one) => [
          one.due_on,
          `${option('kind', one.kind)} · ${say('client.month', { step: one.step })}`,
          `${one.opens_on} – ${one.closes_on}`,
          one.done_on || one.status !== 'requested' || !session?.commands.includes(completeFollowUp.name) ? (
            <span key="state" className="verdict met">
              {option('status', one.status)} {one.done_on}
              {one.outcome ? ` · ${option('outcome', one.outcome)}` : ''}
            </span>
          ) : (
            <Select
              key="state"
              size="xs"
              aria-label={say('client.complete', { day: one.due_on })}
              placeholder={say('client.complete_short')}
              data={outcomes.map((value) => ({ value, label: option('outcome', value) }))}
              onChange={(value) => value && done(one.id, value as (typeof outcomes)[number])}
            />
          ),
        ]}
      />
    </section>
  );
}
