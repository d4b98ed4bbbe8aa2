import { Button, Stack, Text, Title } from '@mantine/core';
import { useState } from 'react';
import { Asking } from '../../../web/Asking.tsx';
import { useAsked, usePlaces } from '../../../web/api.ts';
import { Listing } from '../../../web/Listing.tsx';
import { useSay } from '../../../web/words.ts';
import type { DueTask } from '../due-list.ts';
import { useWorkPlace } from './WorkPlace.tsx';

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
  const { say } = useSay();
  const { place, chooser } = useWorkPlace();
  const [limit, setLimit] = useState(step);
  const due = useAsked<DueAnswer>(`/api/due?place=${place}&limit=${limit}`, { enabled: place !== undefined, keep: true });
  return (
    <Stack>
      <Title order={1}>{say('due.title')}</Title>
      <Text c="dimmed">{say('due.how')}</Text>
      {chooser}
      <Asking of={due}>{(found) => <Tasks {...found} more={limit < most ? () => setLimit(Math.min(most, limit + step)) : undefined} />}</Asking>
    </Stack>
  );
}

/** The day something is due, and whether its window is open, near, or over. */
export function DueOn({ task }: { task: DueTask }) {
  const { say } = useSay();
  return (
    <span className="due-on">
      <time>{task.due_on}</time> <span className={`verdict ${{ late: 'short', open: 'met', soon: 'hidden' }[task.state]}`}>{say(`due.${task.state}`)}</span>
    </span>
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
          <DueOn key="due" task={task} />,
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
