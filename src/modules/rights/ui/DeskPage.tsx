import { Anchor, Button, Group, Stack, Table, Text, Title } from '@mantine/core';
import { useState } from 'react';
import { daysBetween, today } from '../../../kit/day.ts';
import type { Form } from '../../../kit/form.ts';
import type { Finding } from '../../../kit/problem.ts';
import { Asking } from '../../../web/Asking.tsx';
import { tell, useAsked, usePlaces } from '../../../web/api.ts';
import { Findings } from '../../../web/Findings.tsx';
import { type Draft, FormFields } from '../../../web/FormFields.tsx';
import { useSay } from '../../../web/words.ts';
import { acknowledge, decide, decideReview, extend } from '../complaint.ts';

interface Complaint {
  id: string;
  kind: string;
  place_code: string;
  is_anonymous: boolean;
  opened_on: string;
  acknowledge_by: string;
  decide_by: string;
  acknowledged_on: string | null;
  decided_on: string | null;
  outcome: string | null;
  review_decide_by: string | null;
  status: string;
}
interface Whole extends Complaint {
  words: string | null;
  name: string | null;
  contact: string | null;
  answer: string | null;
  evidence: { id: string; file_name: string | null; media_type: string; bytes: number }[];
}

/** The clock that runs for a complaint now: its day. */
const clockOf = (one: Complaint): string | null => {
  if (one.status === 'received') return one.acknowledge_by;
  if (one.status === 'accepted') return one.decide_by;
  return one.status === 'review' ? one.review_decide_by : null;
};

/** The ombudsperson's desk: complaints with their clocks, opened one at a time. */
export function DeskPage() {
  const { say, option, placeName } = useSay();
  const places = usePlaces();
  const complaints = useAsked<{ complaints: Complaint[] }>('/api/complaints');
  const [open, setOpen] = useState<string>();
  return (
    <Stack>
      <Title order={1}>{say('desk.title')}</Title>
      <Text c="dimmed">{say('desk.how')}</Text>
      <Asking of={complaints}>
        {(found) => (
          <section className="card">
            {found.complaints.length === 0 && <Text>{say('desk.none')}</Text>}
            <Table.ScrollContainer minWidth={560}>
              <Table className="numbers">
                <Table.Thead>
                  <Table.Tr>
                    <Table.Th>{say('desk.opened')}</Table.Th>
                    <Table.Th>{say('field.complaint_kind')}</Table.Th>
                    <Table.Th>{say('field.place')}</Table.Th>
                    <Table.Th>{say('desk.state')}</Table.Th>
                    <Table.Th>{say('desk.clock')}</Table.Th>
                    <Table.Th>{say('desk.open')}</Table.Th>
                  </Table.Tr>
                </Table.Thead>
                <Table.Tbody>
                  {found.complaints.map((one) => {
                    const clock = clockOf(one);
                    const left = clock ? daysBetween(today(), clock) : undefined;
                    return (
                      <Table.Tr key={one.id}>
                        <Table.Td>{one.opened_on}</Table.Td>
                        <Table.Td>{option('complaint_kind', one.kind)}</Table.Td>
                        <Table.Td>{placeName(places.get(one.place_code)) || one.place_code}</Table.Td>
                        <Table.Td>{option('complaint_status', one.status)}</Table.Td>
                        <Table.Td>
                          {clock && <span className={`verdict ${(left ?? 0) < 5 ? 'short' : 'met'}`}>{say('desk.days', { days: left, day: clock })}</span>}
                        </Table.Td>
                        <Table.Td>
                          <Button size="compact-sm" variant="light" onClick={() => setOpen(open === one.id ? undefined : one.id)}>
                            {say('desk.open')}
                          </Button>
                        </Table.Td>
                      </Table.Tr>
                    );
                  })}
                </Table.Tbody>
              </Table>
            </Table.ScrollContainer>
          </section>
        )}
      </Asking>
      {open && <One key={open} id={open} />}
    </Stack>
  );
}

function One({ id }: { id: string }) {
  const { say, option } = useSay();
  const complaint = useAsked<Whole>(`/api/complaints/${id}`);
  return (
    <Asking of={complaint}>
      {(one) => (
        <section className="card">
          <Title order={2} size="h4">
            {option('complaint_kind', one.kind)} · {one.opened_on}
          </Title>
          <Text style={{ whiteSpace: 'pre-wrap' }}>{one.words}</Text>
          <Text c="dimmed">{one.is_anonymous ? say('desk.anonymous') : `${one.name ?? ''} ${one.contact ?? ''}`}</Text>
          {one.evidence.map((file) => (
            <Text key={file.id}>
              <Anchor href={`/api/complaints/${id}/evidence/${file.id}`}>{file.file_name ?? file.media_type}</Anchor> · {Math.ceil(file.bytes / 1024)} kB
            </Text>
          ))}
          {one.status === 'received' && <Step id={id} command={acknowledge} label="desk.acknowledge" />}
          {['received', 'accepted'].includes(one.status) && (
            <>
              <Step id={id} command={decide} label="desk.decide" />
              <Step id={id} command={extend} label="desk.extend" />
            </>
          )}
          {one.status === 'review' && <Step id={id} command={decideReview} label="desk.decide_review" />}
          {one.answer && <Text mt="sm">{one.answer}</Text>}
        </section>
      )}
    </Asking>
  );
}

function Step({ id, command, label }: { id: string; command: { name: string; form: Form }; label: string }) {
  const { say } = useSay();
  const [answers, setAnswers] = useState<Draft>({});
  const [findings, setFindings] = useState<readonly Finding[]>([]);
  return (
    <details className="step">
      <summary>{say(label)}</summary>
      <FormFields form={command.form} answers={answers} findings={findings} change={(field, value) => setAnswers({ ...answers, [field]: value })} />
      <Findings of={findings} />
      <Group mt="sm">
        <Button onClick={async () => setFindings(await tell(command.name, { complaint_id: id, ...answers }))}>{say(label)}</Button>
      </Group>
    </details>
  );
}
