import { Button, Group, Stack, Text, Title } from '@mantine/core';
import { useState } from 'react';
import type { Finding } from '../../../kit/problem.ts';
import { send, useAsked, usePlaces, useSession } from '../../../web/api.ts';
import { Findings } from '../../../web/Findings.tsx';
import { TextLink } from '../../../web/links.tsx';
import { useSay } from '../../../web/words.ts';
import { decideConflict } from '../client.ts';

interface Conflict {
  id: string;
  client_id: string;
  field: string;
  value?: string | null;
  made_at: string;
  status: string;
}

/** Where two people gave one thing two values: both are shown, and a person decides. */
export function Conflicts({ client }: { client: object & { id: string } }) {
  const { say, option, placeName, moment } = useSay();
  const { data: session } = useSession();
  const places = usePlaces();
  const { data } = useAsked<{ conflicts: Conflict[] }>(`/api/clients/${client.id}/conflicts`);
  const [findings, setFindings] = useState<readonly Finding[]>([]);
  const shown = (field: string, value: unknown) => {
    if (value === null || value === undefined) return '–';
    if (field === 'place_code') return placeName(places.get(String(value)));
    return ['sex', 'residence'].includes(field) ? option(field, String(value)) : field === 'follow_up_consented' ? say(`option.${value}`) : String(value);
  };
  if (!data || data.conflicts.length === 0) return null;
  return (
    <section className="card" aria-label={say('conflict.title')}>
      <Title order={2} size="h4">
        {say('conflict.title')}
      </Title>
      <Text c="dimmed">{say('conflict.how')}</Text>
      <Findings of={findings} />
      <Stack gap="sm" mt="sm">
        {data.conflicts.map((one) => {
          const keep = async (which: 'standing' | 'other') =>
            setFindings(await send(decideConflict, { conflict_id: one.id, client_id: client.id, keep: which }));
          const standing = (client as Record<string, unknown>)[one.field];
          if (one.status === 'merged')
            return (
              <Text key={one.id} c="dimmed">
                {say(`field.${one.field}`)} · {say('conflict.merged', { value: shown(one.field, one.value) })} · {moment(one.made_at)}
              </Text>
            );
          return (
            <Group key={one.id} gap="sm">
              <Text fw={600}>{say(`field.${one.field}`)}</Text>
              <Text>
                {say('conflict.standing')}：{shown(one.field, standing)}
              </Text>
              <Text>
                {say('conflict.other')}：{one.value === undefined ? say('conflict.offline') : shown(one.field, one.value)}（{moment(one.made_at)}）
              </Text>
              {session?.commands.includes(decideConflict.name) && one.value !== undefined && (
                <>
                  <Button size="compact-sm" variant="light" onClick={() => keep('standing')}>
                    {option('keep', 'standing')}
                  </Button>
                  <Button size="compact-sm" variant="light" onClick={() => keep('other')}>
                    {option('keep', 'other')}
                  </Button>
                </>
              )}
            </Group>
          );
        })}
      </Stack>
    </section>
  );
}

/** The clients about whom somebody has to decide. */
export function OpenConflicts() {
  const { say, moment } = useSay();
  const { data } = useAsked<{ conflicts: (Conflict & { name: string })[] }>('/api/conflicts');
  if (!data || data.conflicts.length === 0) return null;
  return (
    <section className="card">
      <Title order={2} size="h4">
        {say('conflict.title')}
      </Title>
      <Text c="dimmed">{say('conflict.how')}</Text>
      <Stack gap={4} mt="sm">
        {data.conflicts.map((one) => (
          <Text key={one.id}>
            <TextLink to="/people/$client" params={{ client: one.client_id }}>
              {one.name}
            </TextLink>{' '}
            · {say(`field.${one.field}`)} · {moment(one.made_at)}
          </Text>
        ))}
      </Stack>
    </section>
  );
}
