import { Button, Group, Stack, Table, Tabs, Text, Textarea, Title } from '@mantine/core';
import { useState } from 'react';
import { daysBetween, today } from '../../../kit/day.ts';
import type { Finding } from '../../../kit/problem.ts';
import { Asking } from '../../../web/Asking.tsx';
import { tell, useAsked } from '../../../web/api.ts';
import { Findings } from '../../../web/Findings.tsx';
import { useSay } from '../../../web/words.ts';
import { decideRequest, reviewGlass } from '../request.ts';

interface Request {
  id: string;
  client_id: string;
  place_code: string;
  kind: string;
  opened_on: string;
  due_on: string;
  status: string;
  decision: string | null;
  reason: string | null;
  words: string | null;
}
interface Glass {
  id: string;
  reason: string;
  opened_at: string;
  display_name: string;
  place_code: string;
  verdict: string | null;
  review: string | null;
}
interface Look {
  n: number;
  at: string;
  action: string;
  what: string;
  duty: string;
  display_name: string;
  place_code: string;
  clients: number;
}

/** The privacy officer's desk: requests with their clocks, emergencies to review, the log of reads, what is kept. No record is shown. */
export function PrivacyPage() {
  const { say } = useSay();
  return (
    <Stack>
      <Title order={1}>{say('privacy.title')}</Title>
      <Tabs defaultValue="requests" keepMounted={false}>
        <Tabs.List>
          <Tabs.Tab value="requests">{say('privacy.requests')}</Tabs.Tab>
          <Tabs.Tab value="glass">{say('privacy.glass')}</Tabs.Tab>
          <Tabs.Tab value="looks">{say('privacy.looks')}</Tabs.Tab>
          <Tabs.Tab value="inventory">{say('privacy.inventory')}</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="requests">
          <Requests />
        </Tabs.Panel>
        <Tabs.Panel value="glass">
          <Glasses />
        </Tabs.Panel>
        <Tabs.Panel value="looks">
          <Looks />
        </Tabs.Panel>
        <Tabs.Panel value="inventory">
          <Inventory />
        </Tabs.Panel>
      </Tabs>
    </Stack>
  );
}

/** Words and two buttons: what is decided needs its reason. */
function Ruling({ label, choices, act }: { label: string; choices: [string, string][]; act: (choice: string, words: string) => Promise<readonly Finding[]> }) {
  const [words, setWords] = useState('');
  const [findings, setFindings] = useState<readonly Finding[]>([]);
  return (
    <Stack gap="xs">
      <Textarea label={label} value={words} onChange={(event) => setWords(event.currentTarget.value)} autosize />
      <Findings of={findings} />
      <Group>
        {choices.map(([choice, text]) => (
          <Button
            key={choice}
            size="compact-sm"
            variant={choice === choices[0]?.[0] ? 'filled' : 'outline'}
            onClick={async () => setFindings(await act(choice, words))}
          >
            {text}
          </Button>
        ))}
      </Group>
    </Stack>
  );
}

function Requests() {
  const { say, option } = useSay();
  const requests = useAsked<{ requests: Request[] }>('/api/data-requests');
  return (
    <Asking of={requests}>
      {(found) => (
        <Stack mt="md">
          {found.requests.length === 0 && <Text>{say('privacy.none')}</Text>}
          {found.requests.map((one) => (
            <article className="card" key={one.id}>
              <Group justify="space-between">
                <Title order={2} size="h5">
                  {option('request_kind', one.kind)} · {one.opened_on}
                </Title>
                {one.status === 'open' ? (
                  <span className={`verdict ${daysBetween(today(), one.due_on) < 4 ? 'short' : 'met'}`}>
                    {say('desk.days', { days: daysBetween(today(), one.due_on), day: one.due_on })}
                  </span>
                ) : (
                  <span className="verdict met">{option('ruling', one.decision ?? '')}</span>
                )}
              </Group>
              {one.words && <Text>{one.words}</Text>}
              {one.reason && <Text c="dimmed">{one.reason}</Text>}
              {one.status === 'open' && (
                <>
                  {one.kind === 'delete' && <Text c="dimmed">{say('privacy.delete_how')}</Text>}
                  <Ruling
                    label={say('field.reason')}
                    choices={['upheld', 'refused'].map((ruling) => [ruling, option('ruling', ruling)])}
                    act={async (ruling, reason) =>
                      one.kind === 'delete' && ruling === 'upheld' && !window.confirm(say('privacy.delete_sure'))
                        ? []
                        : tell(decideRequest.name, { request_id: one.id, client_id: one.client_id, ruling, reason })
                    }
                  />
                </>
              )}
            </article>
          ))}
        </Stack>
      )}
    </Asking>
  );
}

function Glasses() {
  const { say, option, moment } = useSay();
  const glasses = useAsked<{ glasses: Glass[] }>('/api/broken-glass');
  return (
    <Asking of={glasses}>
      {(found) => (
        <Stack mt="md">
          {found.glasses.length === 0 && <Text>{say('privacy.none')}</Text>}
          {found.glasses.map((one) => (
            <article className="card" key={one.id}>
              <Title order={2} size="h5">
                {moment(one.opened_at)} · {one.display_name}
              </Title>
              <Text>{one.reason}</Text>
              {one.verdict ? (
                <Text c="dimmed">
                  {option('verdict', one.verdict)} · {one.review}
                </Text>
              ) : (
                <Ruling
                  label={say('field.review')}
                  choices={['justified', 'not_justified'].map((verdict) => [verdict, option('verdict', verdict)])}
                  act={(verdict, review) => tell(reviewGlass.name, { glass_id: one.id, verdict, review })}
                />
              )}
            </article>
          ))}
        </Stack>
      )}
    </Asking>
  );
}

function Looks() {
  const { say, option, moment } = useSay();
  const [before, setBefore] = useState<number>();
  const looks = useAsked<{ looks: Look[] }>(`/api/looks${before ? `?before=${before}` : ''}`);
  return (
    <Asking of={looks}>
      {(found) => (
        <section className="card">
          <Text c="dimmed">{say('privacy.looks_how')}</Text>
          <Table.ScrollContainer minWidth={620}>
            <Table className="numbers">
              <Table.Tbody>
                {found.looks.map((look) => (
                  <Table.Tr key={look.n}>
                    <Table.Td>{look.n}</Table.Td>
                    <Table.Td>{moment(look.at)}</Table.Td>
                    <Table.Td>{look.display_name || option('role', look.duty)}</Table.Td>
                    <Table.Td>{option('role', look.duty)}</Table.Td>
                    <Table.Td>{option('look', look.action)}</Table.Td>
                    <Table.Td>{say('privacy.clients', { count: look.clients })}</Table.Td>
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
          </Table.ScrollContainer>
          {found.looks.length === 200 && (
            <Button variant="subtle" onClick={() => setBefore(found.looks.at(-1)?.n)}>
              {say('privacy.older')}
            </Button>
          )}
        </section>
      )}
    </Asking>
  );
}

/** What was deleted because it may no longer be kept. */
function Deleted() {
  const { say, moment, number } = useSay();
  const { data } = useAsked<{ deleted: { at: string; what: string; reason: string; deleted: number }[] }>('/api/retention');
  if (!data || data.deleted.length === 0) return <Text c="dimmed">{say('privacy.nothing_deleted')}</Text>;
  return (
    <details>
      <summary>{say('privacy.deleted', { at: moment(data.deleted[0]?.at ?? '') })}</summary>
      <ul className="plain numbers">
        {data.deleted.map((one) => (
          <li key={one.at + one.what}>
            {moment(one.at)} · {one.what} · {number(one.deleted)} · {one.reason}
          </li>
        ))}
      </ul>
    </details>
  );
}

function Inventory() {
  const { say } = useSay();
  const inventory = useAsked<{ fields: { form: string; field: string; kind: string; sealed: boolean; purpose: string; basis: string; years: number }[] }>(
    '/api/inventory',
  );
  return (
    <Asking of={inventory}>
      {(found) => (
        <section className="card">
          <Deleted />
          <Table.ScrollContainer minWidth={720}>
            <Table className="numbers">
              <Table.Thead>
                <Table.Tr>
                  <Table.Th>{say('privacy.field')}</Table.Th>
                  <Table.Th>{say('field.purpose')}</Table.Th>
                  <Table.Th>{say('privacy.basis')}</Table.Th>
                  <Table.Th>{say('privacy.years')}</Table.Th>
                  <Table.Th>{say('privacy.sealed')}</Table.Th>
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {found.fields.map((one) => (
                  <Table.Tr key={`${one.form}.${one.field}`}>
                    <Table.Td>
                      {one.form} · {one.field}
                    </Table.Td>
                    <Table.Td>{say(`about.${one.purpose}`)}</Table.Td>
                    <Table.Td>{say(`basis.${one.basis}`)}</Table.Td>
                    <Table.Td>{one.years}</Table.Td>
                    <Table.Td>{one.sealed ? '●' : ''}</Table.Td>
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
          </Table.ScrollContainer>
        </section>
      )}
    </Asking>
  );
}
