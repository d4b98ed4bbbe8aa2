import { Button, Group, Stack, Text, Title } from '@mantine/core';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { today } from '../../../kit/day.ts';
import { readAnswers } from '../../../kit/form.ts';
import { newId } from '../../../kit/id.ts';
import type { Finding } from '../../../kit/problem.ts';
import { send, useSession } from '../../../web/api.ts';
import { Findings } from '../../../web/Findings.tsx';
import { type Draft, FormFields } from '../../../web/FormFields.tsx';
import { hintsOf } from '../../../web/hints.ts';
import { Resumed } from '../../../web/Resumed.tsx';
import { Unlikely } from '../../../web/Unlikely.tsx';
import { type Filling, useDraft, useFilling } from '../../../web/use-draft.ts';
import { useSay } from '../../../web/words.ts';
import { checkClient, clientForm, registerClient, unlikelyInClient } from '../client.ts';

/** A person becomes a client. */
export function RegisterPage() {
  const draft = useDraft('new');
  return draft ? <Register draft={draft.kept} /> : null;
}

function Register({ draft }: { draft: Filling | undefined }) {
  const { say } = useSay();
  const navigate = useNavigate();
  const { data: session } = useSession();
  const filling = useFilling('new', draft, () => ({ client_id: newId(), contacted_on: today() }));
  const { entry, answers } = filling;
  const [findings, setFindings] = useState<readonly Finding[]>([]);
  const given: Draft = { ...(session && session.place_code.length > 9 ? { place_code: session.place_code } : {}), ...answers };
  const [unlikely, setUnlikely] = useState<readonly Finding[]>([]);
  const [wasSent, setSent] = useState(false);
  const check = (draft: Draft) => {
    const read = readAnswers(clientForm, draft);
    return { ...read, wrong: read.findings.length > 0 ? read.findings : checkClient(read.answers) };
  };
  const change = (field: string, value: unknown) => {
    filling.change(field, value);
    const draft = { ...given, [field]: value };
    setFindings(wasSent ? check(draft).wrong : hintsOf(clientForm, draft, (answered) => checkClient(answered as never), filling.touched, field));
  };
  const save = async (isChecked = false) => {
    const { answers: read, wrong } = check(given);
    const odd = wrong.length > 0 || isChecked ? [] : unlikelyInClient(read, today());
    if (odd.length > 0) return setUnlikely(odd);
    const refused = wrong.length > 0 ? wrong : await send(registerClient, read, entry);
    setSent(true);
    setUnlikely([]);
    setFindings(refused);
    if (refused.length > 0) return;
    await filling.forget();
    await navigate({ to: '/people/$client', params: { client: given['client_id'] as string } });
  };
  return (
    <Stack maw={720}>
      <Title order={1}>{say('people.register')}</Title>
      <Text c="dimmed">{say('people.register_how')}</Text>
      <Resumed of={filling} />
      <div className="card">
        <FormFields form={clientForm} answers={given} findings={findings} change={change} />
      </div>
      <Findings of={wasSent ? findings : []} />
      <Unlikely of={unlikely} goOn={() => save(true)} />
      <Group>
        <Button onClick={() => save()}>{say('save')}</Button>
      </Group>
    </Stack>
  );
}
