import { Alert, Button, Paper, PasswordInput, Stack, Text, TextInput, Title } from '@mantine/core';
import { useNavigate } from '@tanstack/react-router';
import { type FormEvent, useState } from 'react';
import type { Finding } from '../kit/problem.ts';
import { post, queries, Refused } from './api.ts';
import { useSay } from './words.ts';

export function SignInPage() {
  const { say, finding } = useSay();
  const navigate = useNavigate();
  const [findings, setFindings] = useState<readonly Finding[]>([]);
  const [isBusy, setBusy] = useState(false);
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const given = new FormData(event.currentTarget);
    setBusy(true);
    try {
      await post('/api/session', { login: given.get('login'), password: given.get('password') });
      await queries.resetQueries();
      await navigate({ to: '/board' });
    } catch (error) {
      setFindings(error instanceof Refused ? error.body.findings : [{ field: '', rule: 'our_mistake' }]);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Stack align="center" mt={{ base: 'md', sm: 60 }} gap="lg">
      <Stack gap={4} align="center" ta="center">
        <Title order={1}>{say('sign_in.title')}</Title>
        <Text c="dimmed" maw={520}>
          {say('sign_in.motto')}
        </Text>
      </Stack>
      <Paper withBorder p="xl" w="100%" maw={400}>
        <form onSubmit={submit}>
          <Stack>
            <TextInput name="login" label={say('field.login')} autoComplete="username" autoCapitalize="none" required />
            <PasswordInput
              name="password"
              label={say('field.password')}
              autoComplete="current-password"
              required
              visibilityToggleButtonProps={{ 'aria-label': say('sign_in.show') }}
            />
            {findings.length > 0 && (
              <Alert color="red" variant="light" role="alert">
                {findings.map((one) => finding(one, false)).join(' ')}
              </Alert>
            )}
            <Button type="submit" loading={isBusy}>
              {say('sign_in.go')}
            </Button>
          </Stack>
        </form>
      </Paper>
    </Stack>
  );
}
