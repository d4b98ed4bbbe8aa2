import { Button, Group, Stack, Text, Textarea, TextInput, Title } from '@mantine/core';
import { useNavigate } from '@tanstack/react-router';
import { type FormEvent, useState } from 'react';
import type { Finding } from '../../../kit/problem.ts';
import { post, tried } from '../../../web/api.ts';
import { Findings } from '../../../web/Findings.tsx';
import { useSay } from '../../../web/words.ts';

/** An emergency: one record outside one's place, found by exact number, with the reason; the client sees it, it is reviewed. */
export function GlassPage() {
  const { say } = useSay();
  const navigate = useNavigate();
  const [findings, setFindings] = useState<readonly Finding[]>([]);
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const given = Object.fromEntries(new FormData(event.currentTarget));
    let found = '';
    const wrong = await tried(async () => {
      found = (await post<{ client_id: string }>('/api/glass', given)).client_id;
    });
    setFindings(wrong);
    if (found) await navigate({ to: '/people/$client', params: { client: found } });
  };
  return (
    <Stack maw={640}>
      <Title order={1}>{say('glass.title')}</Title>
      <Text>{say('glass.how')}</Text>
      <form onSubmit={submit} className="card">
        <Stack gap="sm">
          <TextInput name="number" label={say('glass.number')} required autoComplete="off" />
          <Textarea name="reason" label={say('glass.reason')} required autosize minRows={2} maxLength={500} />
          <Findings of={findings} />
          <Group>
            <Button type="submit" color="red.9">
              {say('glass.open')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Stack>
  );
}
