import { Button, Group, Stack, Text, Title } from '@mantine/core';
import { useNavigate, useParams } from '@tanstack/react-router';
import { useState } from 'react';
import { readAnswers } from '../../../kit/form.ts';
import { newId } from '../../../kit/id.ts';
import type { Finding } from '../../../kit/problem.ts';
import { Asking } from '../../../web/Asking.tsx';
import { send, useAsked } from '../../../web/api.ts';
import { Findings } from '../../../web/Findings.tsx';
import { type Draft, FormFields } from '../../../web/FormFields.tsx';
import { hintsOf } from '../../../web/hints.ts';
import { useSay } from '../../../web/words.ts';
import { amendClient, amendedFields, checkClient } from '../client.ts';

/** A client as a page sees her before putting her particulars right. */
type Amendable = Draft & { id: string; version: number; contacted_on: string; seen?: string };

/** A client's particulars put right: only what was changed is sent, with what had been seen, so that others' changes stay. */
export function AmendPage() {
  const { client: id } = useParams({ from: '/people/$client/amend' });
  const client = useAsked<Amendable>(`/api/clients/${id}`);
  const [before, setBefore] = useState<Amendable>();
  if (client.data && !before) setBefore(client.data);
  return <Asking of={client}>{() => (before ? <Amend before={before} /> : null)}</Asking>;
}

function Amend({ before }: { before: Amendable }) {
  const { say } = useSay();
  const navigate = useNavigate();
  const [entry] = useState(() => newId());
  const [changed, setChanged] = useState<Draft>({});
  const [findings, setFindings] = useState<readonly Finding[]>([]);
  const check = (now: Draft) => {
    const differing = Object.fromEntries(Object.entries(now).filter(([field, value]) => value !== undefined && value !== (before[field] ?? undefined)));
    const seen = before.seen ? { seen: before.seen } : {};
    const read = readAnswers(amendClient.form, { client_id: before.id, version: before.version, ...seen, ...differing });
    return { read, differing, wrong: read.findings.length > 0 ? read.findings : checkClient({ ...(before as object), ...read.answers } as never) };
  };
  const save = async () => {
    const { read, differing, wrong } = check(changed);
    const nothing = Object.keys(differing).length === 0;
    const refused = wrong.length > 0 ? wrong : nothing ? [] : await send(amendClient, read.answers, entry);
    setFindings(refused);
    if (refused.length === 0) await navigate({ to: '/people/$client', params: { client: before.id } });
  };
  return (
    <Stack maw={720}>
      <Title order={1}>{say('people.amend')}</Title>
      <Text c="dimmed">{say('people.amend_how')}</Text>
      <div className="card">
        <FormFields
          form={amendClient.form}
          only={amendedFields}
          answers={{ ...before, ...changed }}
          findings={findings}
          change={(field, value) => {
            const now = { ...changed, [field]: value };
            setChanged(now);
            const rules = (draft: Draft) => checkClient({ ...before, ...draft } as never);
            setFindings(hintsOf(amendClient.form, now, rules, Object.keys(now), field));
          }}
        />
      </div>
      <Findings of={findings} />
      <Group>
        <Button onClick={save}>{say('save')}</Button>
      </Group>
    </Stack>
  );
}
