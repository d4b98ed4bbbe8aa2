import { Alert, Anchor, Button, FileInput, Group, Progress, Stack, Table, Text, Title } from '@mantine/core';
import { useState } from 'react';
import type { Finding } from '../../../kit/problem.ts';
import { Asking } from '../../../web/Asking.tsx';
import { call, queries, Refused, useAsked } from '../../../web/api.ts';
import { useSay } from '../../../web/words.ts';

interface Line {
  id: string;
  file_name: string;
  status: string;
  rows_total: number;
  rows_done: number;
  opened_at: string;
}
interface Report {
  rows?: number;
  sheets?: { name: string; added: number; changed: number; repeated: number; refused: number }[];
  dropped?: { sheet: string; column: string; reason: { zh: string; en: string }; values: number }[];
  unknown?: { sheet: string; column: string }[];
  refusals: { sheet: string; row: number; column: string; value: string; says: { zh: string; en: string } }[];
  findings?: Finding[];
}

/** Workbooks in: first a rehearsal that shows what would happen, then, on one's word, the real thing. */
export function ImportPage() {
  const { say, finding } = useSay();
  const [file, setFile] = useState<File | null>(null);
  const [shown, setShown] = useState<string>();
  const [findings, setFindings] = useState<readonly Finding[]>([]);
  const list = useAsked<{ imports: Line[] }>('/api/imports', { every: 3000 });
  const upload = async () => {
    if (!file) return;
    const body = new FormData();
    body.append('file', file);
    try {
      const { id } = await call<{ id: string }>('/api/imports', { method: 'POST', body });
      setFindings([]);
      setShown(id);
      void queries.invalidateQueries();
    } catch (error) {
      setFindings(error instanceof Refused ? error.body.findings : [{ field: '', rule: 'our_mistake' }]);
    }
  };
  return (
    <Stack>
      <Title order={1}>{say('import.title')}</Title>
      <Text c="dimmed">
        {say('import.how')} <Anchor href="/api/template.xlsx">{say('import.template')}</Anchor>
      </Text>
      <div className="card">
        <Group align="end">
          <FileInput
            label={say('import.choose')}
            placeholder={say('import.choose_short')}
            accept=".xlsx,.csv"
            value={file}
            onChange={setFile}
            w={320}
            clearable
            clearButtonProps={{ 'aria-label': say('import.clear') }}
          />
          <Button onClick={upload} disabled={!file}>
            {say('import.check')}
          </Button>
        </Group>
        {findings.length > 0 && (
          <Alert mt="sm" color="red" variant="light" role="alert">
            {findings.map((one) => finding(one)).join(' ')}
          </Alert>
        )}
      </div>
      {shown && <Progressing id={shown} />}
      <Asking of={list}>
        {({ imports }) => (
          <section className="card">
            <Title order={2} size="h4">
              {say('import.earlier')}
            </Title>
            {imports.length === 0 ? (
              <Text>{say('import.none')}</Text>
            ) : (
              <Table className="numbers">
                <Table.Thead>
                  <Table.Tr>
                    <Table.Th>{say('field.file')}</Table.Th>
                    <Table.Th>{say('import.state')}</Table.Th>
                    <Table.Th ta="right">{say('import.rows')}</Table.Th>
                  </Table.Tr>
                </Table.Thead>
                <Table.Tbody>
                  {imports.map((one) => (
                    <Table.Tr key={one.id}>
                      <Table.Td>
                        <Button variant="subtle" size="compact-sm" onClick={() => setShown(one.id)}>
                          {one.file_name}
                        </Button>
                      </Table.Td>
                      <Table.Td>{say(`status.${one.status}`)}</Table.Td>
                      <Table.Td ta="right">{one.rows_done}</Table.Td>
                    </Table.Tr>
                  ))}
                </Table.Tbody>
              </Table>
            )}
          </section>
        )}
      </Asking>
    </Stack>
  );
}

function Progressing({ id }: { id: string }) {
  const { say, finding, name, number } = useSay();
  const one = useAsked<Line & { report: Report | null }>(`/api/imports/${id}`, { every: 700 });
  const start = async () => {
    await call(`/api/imports/${id}/start`, { method: 'POST' });
    void queries.invalidateQueries();
  };
  return (
    <Asking of={one}>
      {(line) => {
        const isBusy = line.status === 'checking' || line.status === 'importing';
        const share = isBusy ? (100 * line.rows_done) / Math.max(1, line.rows_total) : 100;
        return (
          <section className="card" aria-live="polite">
            <Title order={2} size="h4">
              {line.file_name} · {say(`status.${line.status}`)}
            </Title>
            <Progress value={share} animated={isBusy} my="sm" aria-label={say('import.progress')} />
            <Text size="sm" className="numbers">
              {number(line.rows_done)}
              {isBusy && line.rows_total > 0 ? ` / ${number(line.rows_total)}` : ''} {say('import.rows')}
            </Text>
            {line.report?.findings?.map((each) => (
              <Alert key={each.rule} color="red" variant="light" role="alert">
                {finding(each)}
              </Alert>
            ))}
            {line.report && !isBusy && <ReportOf report={line.report} isDone={line.status === 'imported'} />}
            {line.status === 'checked' && (
              <Group mt="md">
                <Button onClick={start}>{say('import.start')}</Button>
                {(line.report?.refusals.length ?? 0) > 0 && (
                  <Button component="a" variant="outline" href={`/api/imports/${id}/marked.xlsx`}>
                    {say('import.marked')}
                  </Button>
                )}
              </Group>
            )}
            {line.report?.dropped?.map((drop) => (
              <Alert key={drop.sheet + drop.column} mt="sm" color="amber" variant="light">
                {say('import.dropped', { column: drop.column, values: drop.values, reason: name(drop.reason) })}
              </Alert>
            ))}
          </section>
        );
      }}
    </Asking>
  );
}

function ReportOf({ report, isDone }: { report: Report; isDone: boolean }) {
  const { say, name } = useSay();
  return (
    <>
      <Table className="numbers" mt="sm">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{say('import.sheet')}</Table.Th>
            {['added', 'changed', 'repeated', 'refused'].map((key) => (
              <Table.Th key={key} ta="right">
                {say(`import.${isDone ? '' : 'would_'}${key}`)}
              </Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {report.sheets?.map((sheet) => (
            <Table.Tr key={sheet.name}>
              <Table.Td>{say(`sheet.${sheet.name}`)}</Table.Td>
              <Table.Td ta="right">{sheet.added}</Table.Td>
              <Table.Td ta="right">{sheet.changed}</Table.Td>
              <Table.Td ta="right">{sheet.repeated}</Table.Td>
              <Table.Td ta="right">{sheet.refused}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
      {report.unknown?.map((one) => (
        <Text key={one.sheet + one.column} size="sm" c="dimmed">
          {say('import.unknown', { column: one.column })}
        </Text>
      ))}
      {report.refusals.length > 0 && (
        <Table.ScrollContainer minWidth={520} mah={360} mt="sm">
          <Table className="numbers">
            <Table.Thead>
              <Table.Tr>
                <Table.Th>{say('import.sheet')}</Table.Th>
                <Table.Th>{say('import.row')}</Table.Th>
                <Table.Th>{say('import.column')}</Table.Th>
                <Table.Th>{say('import.value')}</Table.Th>
                <Table.Th>{say('import.why')}</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {report.refusals.map((one) => (
                <Table.Tr key={`${one.sheet} ${one.row} ${one.column} ${one.says.en}`}>
                  <Table.Td>{say(`sheet.${one.sheet}`)}</Table.Td>
                  <Table.Td>{one.row}</Table.Td>
                  <Table.Td>{say(`field.${one.column}`)}</Table.Td>
                  <Table.Td>{one.value}</Table.Td>
                  <Table.Td>{name(one.says)}</Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
    </>
  );
}
