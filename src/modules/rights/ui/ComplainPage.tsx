import { Button, FileInput, Group, Paper, Select, Stack, Table, Text, Textarea, TextInput, Title } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import type { Finding } from '../../../kit/problem.ts';
import { call, post, tried, useAsked } from '../../../web/api.ts';
import { Findings } from '../../../web/Findings.tsx';
import { useSay } from '../../../web/words.ts';
import { complaintKinds } from '../complaint.ts';

interface Told {
  status: string;
  opened_on: string;
  acknowledge_by: string;
  acknowledged_on: string | null;
  decide_by: string;
  extended_on: string | null;
  decided_on: string | null;
  outcome: string | null;
  answer: string | null;
  remedy: string | null;
  review_by: string | null;
  review_decide_by: string | null;
}

/** Anybody complains here, named or not, and sees with the tracking code how it stands. */
export function ComplainPage() {
  const { say } = useSay();
  return (
    <Stack maw={720} mx="auto">
      <Title order={1}>{say('complain.title')}</Title>
      <Text c="dimmed">{say('complain.how')}</Text>
      <New />
      <Track />
      <Statistics />
    </Stack>
  );
}

interface Outcome {
  year: number;
  kind: string;
  place_code: string;
  outcome: string;
  count: number | null;
}

/** What became of complaints, for everybody to know; small numbers are not told. */
function Statistics() {
  const { say, option, placeName, number } = useSay();
  const { data } = useAsked<{ outcomes: Outcome[] }>('/api/public/complaint-statistics');
  const { data: known } = useAsked<{ places: { place_code: string; name_zh: string; name_en: string | null }[] }>('/api/public/places');
  if (!data || data.outcomes.length === 0) return null;
  return (
    <section className="card">
      <Title order={2} size="h4">
        {say('complain.statistics')}
      </Title>
      <Table className="numbers">
        <Table.Tbody>
          {data.outcomes.map((one) => (
            <Table.Tr key={`${one.year} ${one.kind} ${one.outcome} ${one.place_code}`}>
              <Table.Td>{one.year}</Table.Td>
              <Table.Td>{placeName(known?.places.find((place) => place.place_code === one.place_code)) || one.place_code}</Table.Td>
              <Table.Td>{option('complaint_kind', one.kind)}</Table.Td>
              <Table.Td>{option('complaint_outcome', one.outcome)}</Table.Td>
              <Table.Td>{one.count === null ? say('verdict.suppressed') : `≈ ${number(one.count)}`}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </section>
  );
}

function New() {
  const { say, option, placeName } = useSay();
  const { data } = useAsked<{ places: { place_code: string; name_zh: string; name_en: string | null }[] }>('/api/public/places');
  const [findings, setFindings] = useState<readonly Finding[]>([]);
  const [code, setCode] = useState<string>();
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = event.currentTarget;
    const given = Object.fromEntries([...new FormData(form)].filter(([, value]) => value !== ''));
    setFindings(await tried(async () => setCode((await post<{ code: string }>('/api/complaints', given)).code)));
  };
  if (code)
    return (
      <Paper withBorder p="lg" role="status">
        <Title order={2} size="h4">
          {say('complain.received')}
        </Title>
        <Text>{say('complain.keep_code')}</Text>
        <Text fw={700} size="xl" ff="monospace">
          {code}
        </Text>
        <Text c="dimmed">{say('complain.clocks')}</Text>
      </Paper>
    );
  return (
    <form onSubmit={submit} className="card">
      <Stack gap="sm">
        <Select
          name="complaint_kind"
          label={say('field.complaint_kind')}
          required
          data={complaintKinds.map((value) => ({ value, label: option('complaint_kind', value) }))}
        />
        <Select
          name="place_code"
          label={say('complain.where')}
          required
          searchable
          data={data?.places.map((place) => ({ value: place.place_code, label: placeName(place) })) ?? []}
        />
        <TextInput name="about_on" type="date" label={say('field.about_on')} />
        <Textarea name="words" label={say('complain.words')} required autosize minRows={4} maxLength={4000} />
        <TextInput name="name" label={say('complain.name')} description={say('complain.name_how')} autoComplete="off" />
        <TextInput name="contact" label={say('field.contact')} autoComplete="off" />
        <Findings of={findings} />
        <Group>
          <Button type="submit">{say('complain.send')}</Button>
        </Group>
      </Stack>
    </form>
  );
}

function Track() {
  const { say, option } = useSay();
  const [code, setCode] = useState('');
  const [told, setTold] = useState<Told>();
  const [file, setFile] = useState<File | null>(null);
  const [findings, setFindings] = useState<readonly Finding[]>([]);
  const look = async () => setFindings(await tried(async () => setTold(await post<Told>('/api/complaints/status', { code }))));
  const addFile = async () => {
    if (!file) return;
    const body = new FormData();
    body.append('code', code);
    body.append('file', file);
    const wrong = await tried(() => call('/api/complaints/evidence', { method: 'POST', body }));
    setFindings(wrong);
    if (wrong.length === 0) setFile(null);
  };
  const review = async () => {
    setFindings(await tried(() => post('/api/complaints/review', { code })));
    await look();
  };
  const lines: [string, string | null][] = told
    ? [
        ['complain.opened_on', told.opened_on],
        ['complain.acknowledge_by', told.acknowledged_on ? null : told.acknowledge_by],
        ['complain.acknowledged_on', told.acknowledged_on],
        ['complain.decide_by', told.decided_on ? null : told.decide_by],
        ['complain.extended_on', told.extended_on],
        ['complain.decided_on', told.decided_on],
        ['field.complaint_outcome', told.outcome && option('complaint_outcome', told.outcome)],
        ['field.answer', told.answer],
        ['field.remedy', told.remedy],
        ['complain.review_by', told.status === 'decided' ? told.review_by : null],
        ['complain.review_decide_by', told.status === 'review' ? told.review_decide_by : null],
      ]
    : [];
  return (
    <section className="card">
      <Title order={2} size="h4">
        {say('complain.track')}
      </Title>
      <Group align="end">
        <TextInput label={say('complain.code')} value={code} onChange={(event) => setCode(event.currentTarget.value)} autoComplete="off" />
        <Button variant="light" onClick={look}>
          {say('complain.look')}
        </Button>
      </Group>
      <Findings of={findings} />
      {told && (
        <Stack gap={4} mt="sm" role="status">
          <Text fw={600}>{option('complaint_status', told.status)}</Text>
          {lines
            .filter(([, value]) => value)
            .map(([key, value]) => (
              <Text key={key} className="numbers">
                {say(key)}：{value}
              </Text>
            ))}
          <Group align="end">
            <FileInput
              label={say('complain.file')}
              value={file}
              onChange={setFile}
              accept="image/jpeg,image/png,application/pdf,audio/mpeg,audio/mp4,text/plain"
              clearable
              clearButtonProps={{ 'aria-label': say('import.clear') }}
            />
            <Button variant="light" onClick={addFile} disabled={!file}>
              {say('complain.add_file')}
            </Button>
          </Group>
          {told.status === 'decided' && (
            <Group>
              <Button variant="outline" onClick={review}>
                {say('complain.ask_review')}
              </Button>
            </Group>
          )}
        </Stack>
      )}
    </section>
  );
}
