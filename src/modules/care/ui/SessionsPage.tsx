import { Button, Group, Stack, Table, Text, Title } from '@mantine/core';
import { useState } from 'react';
import { today } from '../../../kit/day.ts';
import { readAnswers } from '../../../kit/form.ts';
import { newId } from '../../../kit/id.ts';
import type { Finding } from '../../../kit/problem.ts';
import { Asking } from '../../../web/Asking.tsx';
import { send, useAsked, useSession } from '../../../web/api.ts';
import { Findings } from '../../../web/Findings.tsx';
import { type Draft, FormFields } from '../../../web/FormFields.tsx';
import { TextLink } from '../../../web/links.tsx';
import { useSay } from '../../../web/words.ts';
import { checkIn, checkSession, closeSession, completeAppointment, openSession, sessionForm } from '../appointment.ts';
import type { SessionLine } from './Appointments.tsx';

interface Queued {
  id: string;
  client_id: string;
  name: string;
  slot_at: string;
  service: string;
  status: string;
  queue_number: number | null;
  held_on: string;
}

/** The sessions to come: who serves when, what is free, and on the day who is next. */
export function SessionsPage() {
  const { say, placeName } = useSay();
  const { data: session } = useSession();
  const sessions = useAsked<{ sessions: SessionLine[] }>('/api/sessions');
  const [shown, setShown] = useState<string>();
  const [isNew, setNew] = useState(false);
  const [findings, setFindings] = useState<readonly Finding[]>([]);
  const may = (command: { name: string }) => session?.commands.includes(command.name) ?? false;
  return (
    <Stack>
      <Group justify="space-between">
        <Title order={1}>{say('session.title')}</Title>
        {may(openSession) && <Button onClick={() => setNew(!isNew)}>{say('command.care.open_session')}</Button>}
      </Group>
      <Text c="dimmed">{say('session.how')}</Text>
      {isNew && <NewSession done={() => setNew(false)} />}
      <Findings of={findings} />
      <Asking of={sessions}>
        {({ sessions: found }) =>
          found.length === 0 ? (
            <Text role="status">{say('session.none')}</Text>
          ) : (
            <Stack gap="sm">
              {found.map((one) => (
                <section className="card" key={one.id}>
                  <Group justify="space-between">
                    <Text className="numbers" fw={600}>
                      {one.held_on} {one.opens_at}–{one.closes_at} · {placeName(one)}
                    </Text>
                    <Group gap="xs">
                      {session?.reads.includes('queue') && (
                        <Button
                          size="compact-sm"
                          variant="light"
                          aria-expanded={shown === one.id}
                          onClick={() => setShown(shown === one.id ? undefined : one.id)}
                        >
                          {say('session.queue')}
                        </Button>
                      )}
                      {may(closeSession) && (
                        <Button
                          size="compact-sm"
                          variant="subtle"
                          onClick={async () => {
                            if (window.confirm(say('session.close_sure')))
                              setFindings(await send(closeSession, { session_id: one.id, place_code: one.place_code }));
                          }}
                        >
                          {say('command.care.close_session')}
                        </Button>
                      )}
                    </Group>
                  </Group>
                  <Text size="sm" c="dimmed" className="numbers">
                    {one.slots
                      .map((slot) => `${slot.at} ${slot.free > 0 ? say('appointment.free', { count: slot.free }) : say('appointment.full')}`)
                      .join(' · ')}
                  </Text>
                  {shown === one.id && <Queue id={one.id} />}
                </section>
              ))}
            </Stack>
          )
        }
      </Asking>
    </Stack>
  );
}

function NewSession({ done }: { done: () => void }) {
  const { say, placeName } = useSay();
  const { data: session } = useSession();
  const { data: here } = useAsked<{ facilities: { id: string; place_code: string; facility_number: string; name_zh: string; name_en: string | null }[] }>(
    `/api/places/${session?.place_code}/particulars`,
    { enabled: session !== undefined },
  );
  const [answers, setAnswers] = useState<Draft>({
    session_id: newId(),
    held_on: today(),
    opens_at: '08:30',
    closes_at: '11:30',
    slot_minutes: 30,
    places_per_slot: 4,
  });
  const [findings, setFindings] = useState<readonly Finding[]>([]);
  const facility_id = (answers['facility_id'] as string | undefined) ?? session?.facility_id ?? here?.facilities[0]?.id;
  const given = { ...answers, facility_id, place_code: here?.facilities.find((one) => one.id === facility_id)?.place_code };
  const save = async () => {
    const read = readAnswers(sessionForm, given);
    const wrong = read.findings.length > 0 ? read.findings : checkSession(read.answers, today());
    const refused = wrong.length > 0 ? wrong : await send(openSession, read.answers);
    setFindings(refused);
    if (refused.length === 0) done();
  };
  return (
    <section className="card">
      <FormFields
        form={{ ...sessionForm, asks: { ...sessionForm.asks, facility_id: { ...sessionForm.asks.facility_id, hidden: false } } }}
        only={['facility_id', 'held_on', 'opens_at', 'closes_at', 'slot_minutes', 'places_per_slot']}
        answers={given}
        findings={findings}
        change={(field, value) => setAnswers({ ...answers, [field]: value })}
        choices={{ facility_id: here?.facilities.map((one) => ({ value: one.id, label: `${placeName(one)} ${one.facility_number}` })) ?? [] }}
      />
      <Findings of={findings} />
      <Group mt="sm">
        <Button onClick={save}>{say('save')}</Button>
      </Group>
    </section>
  );
}

function Queue({ id }: { id: string }) {
  const { say, option } = useSay();
  const { data: session } = useSession();
  const queue = useAsked<{ queue: Queued[] }>(`/api/sessions/${id}/queue`, { every: 15_000 });
  const [findings, setFindings] = useState<readonly Finding[]>([]);
  const may = (command: { name: string }) => session?.commands.includes(command.name) ?? false;
  return (
    <>
      <Findings of={findings} />
      <Asking of={queue}>
        {({ queue: found }) =>
          found.length === 0 ? (
            <Text mt="xs">{say('session.nobody')}</Text>
          ) : (
            <Table.ScrollContainer minWidth={420}>
              <Table className="numbers">
                <Table.Thead>
                  <Table.Tr>
                    <Table.Th>{say('session.number')}</Table.Th>
                    <Table.Th>{say('field.slot_at')}</Table.Th>
                    <Table.Th>{say('field.name')}</Table.Th>
                    <Table.Th>{say('field.service')}</Table.Th>
                    <Table.Th>{say('client.state')}</Table.Th>
                  </Table.Tr>
                </Table.Thead>
                <Table.Tbody>
                  {found.map((one) => (
                    <Table.Tr key={one.id}>
                      <Table.Td>{one.queue_number ?? '–'}</Table.Td>
                      <Table.Td>{one.slot_at}</Table.Td>
                      <Table.Td>
                        <TextLink to="/people/$client" params={{ client: one.client_id }}>
                          {one.name}
                        </TextLink>
                      </Table.Td>
                      <Table.Td>{option('service', one.service)}</Table.Td>
                      <Table.Td>
                        {option('status', one.status)}{' '}
                        {one.status === 'booked' && one.held_on === today() && may(checkIn) && (
                          <Button
                            size="compact-xs"
                            onClick={async () => setFindings(await send(checkIn, { appointment_id: one.id, client_id: one.client_id, came_on: today() }))}
                          >
                            {say('command.care.check_in')}
                          </Button>
                        )}
                        {one.status === 'arrived' && may(completeAppointment) && (
                          <Button
                            size="compact-xs"
                            variant="light"
                            onClick={async () => setFindings(await send(completeAppointment, { appointment_id: one.id, client_id: one.client_id }))}
                          >
                            {say('command.care.complete_appointment')}
                          </Button>
                        )}
                      </Table.Td>
                    </Table.Tr>
                  ))}
                </Table.Tbody>
              </Table>
            </Table.ScrollContainer>
          )
        }
      </Asking>
    </>
  );
}
