import { Anchor, Button, Divider, Group, Paper, PasswordInput, Stack, Text, TextInput, Title } from '@mantine/core';
import { startAuthentication } from '@simplewebauthn/browser';
import { useNavigate } from '@tanstack/react-router';
import { type FormEvent, useState } from 'react';
import type { Finding } from '../kit/problem.ts';
import { call, post, queries, tried, useAsked } from './api.ts';
import { Findings } from './Findings.tsx';
import { TextLink } from './links.tsx';
import { useSay } from './words.ts';

/** Signs in with a passkey this browser holds. */
export async function signInWithPasskey(): Promise<readonly Finding[]> {
  return tried(async () => {
    const { id, options } = await post<{ id: string; options: Parameters<typeof startAuthentication>[0]['optionsJSON'] }>('/api/session/passkey/start', {});
    const response = await startAuthentication({ optionsJSON: options });
    await post('/api/session/passkey', { id, response });
  });
}

export function SignInPage() {
  const { say } = useSay();
  const navigate = useNavigate();
  const { data: ways } = useAsked<{ oidc: boolean }>('/api/sign-in-ways');
  const [findings, setFindings] = useState<readonly Finding[]>([]);
  const [isBusy, setBusy] = useState(false);
  const [isTotpAsked, setTotpAsked] = useState(false);
  const enter = async (way: () => Promise<readonly Finding[]>) => {
    setBusy(true);
    const wrong = await way();
    setBusy(false);
    if (wrong.some((one) => one.rule === 'totp_needed')) setTotpAsked(true);
    setFindings(wrong);
    if (wrong.length > 0) return;
    await queries.resetQueries();
    const { role, must_change } = await call<{ role: string; must_change?: boolean }>('/api/session');
    await navigate({ to: must_change ? '/account' : (homes[role] ?? '/board') });
  };
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const given = new FormData(event.currentTarget);
    const totp = given.get('totp');
    void enter(() => tried(() => post('/api/session', { login: given.get('login'), password: given.get('password'), ...(totp ? { totp } : {}) })));
  };
  return (
    <Stack align="center" className="door" gap="lg">
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
            {isTotpAsked && <TextInput name="totp" label={say('field.totp')} inputMode="numeric" autoComplete="one-time-code" autoFocus required />}
            <Findings of={findings} />
            <Button type="submit" loading={isBusy}>
              {say('sign_in.go')}
            </Button>
          </Stack>
        </form>
        <Divider my="md" />
        <Stack gap="xs">
          <Button variant="light" onClick={() => enter(signInWithPasskey)}>
            {say('sign_in.passkey')}
          </Button>
          {ways?.oidc && (
            <Button component="a" href="/api/oidc/start" variant="light">
              {say('sign_in.oidc')}
            </Button>
          )}
        </Stack>
      </Paper>
      <Group gap="lg">
        <TextLink to="/my">{say('sign_in.my_record')}</TextLink>
        <TextLink to="/complain">{say('sign_in.complain')}</TextLink>
        <Anchor href="/api/openapi.json" c="dimmed" size="sm">
          API
        </Anchor>
      </Group>
    </Stack>
  );
}

/** Where each duty begins; the others at the board. */
export const homes: Record<string, '/accounts' | '/desk' | '/privacy' | '/my' | '/today'> = {
  village_worker: '/today',
  administrator: '/accounts',
  ombudsperson: '/desk',
  privacy_officer: '/privacy',
  client: '/my',
};
