import { Button, Select, Stack, Text, Title } from '@mantine/core';
import { useState } from 'react';
import { Asking } from '../../../web/Asking.tsx';
import { useAsked, usePlaces, useSession } from '../../../web/api.ts';
import { Listing } from '../../../web/Listing.tsx';
import { useSay } from '../../../web/words.ts';
import type { DueTask } from '../due-list.ts';

export interface DueAnswer {
  total: number;
  day: string;
  tasks: DueTask[];
}

/** How many are shown at first and added each time; as many as the server gives at once. */
const step = 200;
const most = 1000;

/** Who is to be followed up today: the same list for the worker, the station and the supervisor. */
export function DuePage() {
  const { say, placeName } = useSay();
  const { data: session } = useSession();
  const places = [...usePlaces().values()];
  const [chosen, setChosen] = useState<string>();
  // A whole county's list is nobody's work: it is looked at township by township.
  const townships = places.filter((place) => place.parent_code === session?.place_code && place.level === 'township');
  const place = chosen ?? townships[0]?.place_code ?? session?.place_code;
  const [limit, setLimit] = useState(step);
  const due = useAsked<DueAnswer>(`/api/due?place=${place}&limit=${limit}`, { enabled: place !== undefined && places.length > 0, keep: true });
  return (
    <Stack>
      <Title order={1}>{say('due.title')}</Title>
      <Text c="dimmed">{say('due.how')}</Text>
      {townships.length > 0 && (
        <Select
          label={say('option.level.township')}
          data={townships.map((one) => ({ value: one.place_code, label: placeName(one) }))}
          value={place ?? null}
          onChange={(next) => setChosen(next ?? undefined)}
          searchable
          maw={320}
        />
      )}
      <Asking of={due}>{(found) => <Tasks {...found} more={limit < most ? () => setLimit(Math.min(most, limit + step)) : undefined} />}</Asking>
    </Stack>
  );
}

function Tasks({ tasks, total, more }: DueAnswer & { more: (() => void) | undefined }) {
  const { say, option, placeName } = useSay();
  const places = usePlaces();
  if (tasks.length === 0) return <Text>{say('due.none')}</Text>;
  return (
    <section className="card">
      <Text c="dimmed" size="sm">
        {say(total > tasks.length ? 'due.shown' : 'due.all', { shown: tasks.length, total })}
      </Text>
      <Listing
        label={say('due.title')}
        minWidth={360}
        heads={[say('client.due'), say('field.name'), say('field.kind'), say('field.place')]}
        rows={tasks}
        keyOf={(task) => task.id}
        cells={(task) => [
          <span key="due">
            {task.due_on} <span className={`verdict ${{ late: 'short', open: 'met', soon: 'hidden' }[task.state]}`}>{say(`due.${task.state}`)}</span>
          </span>,
          <a key="name" href={`/people/${task.client_id}`}>
            {task.name}
          </a>,
          `${option('kind', task.kind)} · ${task.slot_at ?? say('client.month', { step: task.step })}`,
          placeName(places.get(task.place_code)),
        ]}
      />
      {total > tasks.length && more && (
        <Button mt="sm" variant="outline" size="compact-md" onClick={more}>
          {say('due.more')}
        </Button>
      )}
    </section>
  );
}
