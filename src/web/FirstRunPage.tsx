import { Button, Paper, PasswordInput, Stack, Text, TextInput, Title } from '@mantine/core';
import { useNavigate } from '@tanstack/react-router';
import { type FormEvent, useState } from 'react';
import type { Finding } from '../kit/problem.ts';
import { post, tried } from './api.ts';
import { Findings } from './Findings.tsx';
import { useSay } from './words.ts';

/** The first administrator of an empty installation, with the code that stands on the server's own screen. */
export function FirstRunPage() {
  const { say } = useSay();
  const navigate = useNavigate();
  const [findings, setFindings] = useState<readonly Finding[]>([]);
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const wrong = await tried(() => post('/api/first-run', Object.fromEntries(new FormData(event.currentTarget))));
    setFindings(wrong);
    if (wrong.length === 0) await navigate({ to: '/sign-in' });
  };
  return (
    <Stack align="center" mt="xl">
      <Title order={1}>{say('first_run.title')}</Title>
      <Text c="dimmed" maw={520} ta="center">
        {say('first_run.how')}
      </Text>
      <Paper withBorder p="xl" w="100%" maw={420}>
        <form onSubmit={submit}>
          <Stack gap="sm">
            <TextInput name="code" label={say('field.access_code')} defaultValue={new URLSearchParams(window.location.search).get('code') ?? ''} required />
            <TextInput name="county_code" label={say('first_run.county')} placeholder="110118" required />
            <TextInput name="login" label={say('field.login')} autoCapitalize="none" autoComplete="username" required />
            <TextInput name="display_name" label={say('field.display_name')} required />
            <PasswordInput
              name="password"
              label={say('field.password')}
              description={say('account.password_how')}
              autoComplete="new-password"
              required
              visibilityToggleButtonProps={{ 'aria-label': say('sign_in.show') }}
            />
            <Findings of={findings} />
            <Button type="submit">{say('first_run.open')}</Button>
          </Stack>
        </form>
      </Paper>
    </Stack>
  );
}
