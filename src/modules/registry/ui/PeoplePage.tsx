import { Button, Group, Stack, Table, Text, TextInput, Title } from '@mantine/core';
import { useDeferredValue, useState } from 'react';
import { Asking } from '../../../web/Asking.tsx';
import { useAsked, usePlaces, useSession } from '../../../web/api.ts';
import { ButtonLink, TextLink } from '../../../web/links.tsx';
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
  const { say, option, placeName } = useSay();
  const { data: session } = useSession();
  const places = usePlaces();
  const [typed, setTyped] = useState('');
  const find = useDeferredValue(typed.trim());
  const [ends, setEnds] = useState<ClientLine[]>([]);
  const last = ends.at(-1);
  const after = last ? `&after_name=${encodeURIComponent(last.name)}&after_id=${last.id}` : '';
  const found = useAsked<{ clients: ClientLine[] }>(`/api/clients?find=${encodeURIComponent(find)}${after}`);
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
              <Table.ScrollContainer minWidth={560}>
                <Table highlightOnHover className="numbers">
                  <Table.Thead>
                    <Table.Tr>
                      <Table.Th>{say('field.name')}</Table.Th>
                      <Table.Th>{say('field.record_number')}</Table.Th>
                      <Table.Th>{say('field.sex')}</Table.Th>
                      <Table.Th>{say('field.born_on')}</Table.Th>
                      <Table.Th>{say('field.residence')}</Table.Th>
                      <Table.Th>{say('field.place')}</Table.Th>
                    </Table.Tr>
                  </Table.Thead>
                  <Table.Tbody>
                    {clients.map((client) => (
                      <Table.Tr key={client.id}>
                        <Table.Td>
                          <TextLink to="/people/$client" params={{ client: client.id }}>
                            {client.name || say('people.erased')}
                          </TextLink>
                        </Table.Td>
                        <Table.Td>{client.record_number}</Table.Td>
                        <Table.Td>{option('sex', client.sex)}</Table.Td>
                        <Table.Td>{client.born_on}</Table.Td>
                        <Table.Td>{option('residence', client.residence)}</Table.Td>
                        <Table.Td>{placeName(places.get(client.place_code))}</Table.Td>
                      </Table.Tr>
                    ))}
                  </Table.Tbody>
                </Table>
              </Table.ScrollContainer>
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
