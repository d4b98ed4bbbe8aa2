import { Button, Group, Stack, Text, TextInput, Title } from '@mantine/core';
import { memo, useState } from 'react';
import { Asking } from '../../../web/Asking.tsx';
import { useAsked, usePlaces, useSession } from '../../../web/api.ts';
import { Listing } from '../../../web/Listing.tsx';
import { ButtonLink } from '../../../web/links.tsx';
import { useSay } from '../../../web/words.ts';
import { registerClient } from '../client.ts';

export interface ClientLine {
  id: string;
  record_number: string;
  place_code: string;
  name: string;
  sex: string;
  born_on: string;
  residence: string;
}

/** How many the server lists at a time. */
const pageSize = 50;

/** Clients who came for care, found as one types. */
export function PeoplePage() {
  const { say } = useSay();
  const { data: session } = useSession();
  const [typed, setTyped] = useState('');
  const find = typed.trim();
  const [ends, setEnds] = useState<ClientLine[]>([]);
  const last = ends.at(-1);
  const after = last ? `&after_name=${encodeURIComponent(last.name)}&after_id=${last.id}` : '';
  const found = useAsked<{ clients: ClientLine[] }>(`/api/clients?find=${encodeURIComponent(find)}${after}`, { keep: true });
  return (
    <Stack>
      <Group justify="space-between">
        <Title order={1}>{say('people.title')}</Title>
        {session?.commands.includes(registerClient.name) && <ButtonLink to="/people/new">{say('people.register')}</ButtonLink>}
      </Group>
      <TextInput
        label={say('people.find')}
        description={say('people.find_how')}
        value={typed}
        onChange={(event) => {
          setTyped(event.currentTarget.value);
          setEnds([]);
        }}
      />
      <Asking of={found}>
        {({ clients }) =>
          clients.length === 0 ? (
            <Text role="status">{say('people.none')}</Text>
          ) : (
            <div className="card">
              <Text size="sm" c="dimmed" role="status">
                {clients.length === pageSize || ends.length > 0
                  ? say('people.page', { from: ends.length * pageSize + 1, to: ends.length * pageSize + clients.length })
                  : say('people.count', { count: clients.length })}
              </Text>
              <Found clients={clients} />
              <Group mt="sm">
                {ends.length > 0 && (
                  <Button variant="outline" size="compact-md" onClick={() => setEnds(ends.slice(0, -1))}>
                    {say('people.before')}
                  </Button>
                )}
                {clients.length === pageSize && (
                  <Button variant="outline" size="compact-md" onClick={() => setEnds([...ends, clients.at(-1) as ClientLine])}>
                    {say('people.after')}
                  </Button>
                )}
              </Group>
            </div>
          )
        }
      </Asking>
    </Stack>
  );
}

/** Drawn anew only when others are found: not with every letter. */
const Found = memo(function Found({ clients }: { clients: readonly ClientLine[] }) {
  const { say, option, placeName } = useSay();
  const places = usePlaces();
  return (
    <Listing
      label={say('people.title')}
      minWidth={560}
      heads={['name', 'record_number', 'sex', 'born_on', 'residence', 'place'].map((field) => say(`field.${field}`))}
      rows={clients}
      keyOf={(client) => client.id}
      cells={(client) => [
        <a key="name" href={`/people/${client.id}`}>
          {client.name || say('people.erased')}
        </a>,
        client.record_number,
        option('sex', client.sex),
        client.born_on,
        option('residence', client.residence),
        placeName(places.get(client.place_code)),
      ]}
    />
  );
});
