import { Group, Stack, Text, Title } from '@mantine/core';
import { Asking } from '../../../web/Asking.tsx';
import { useAsked, usePlaces } from '../../../web/api.ts';
import { Listing } from '../../../web/Listing.tsx';
import { TextLink } from '../../../web/links.tsx';
import { useSync, wordsOfState } from '../../../web/use-sync.ts';
import { useSay } from '../../../web/words.ts';
import type { DueTask } from '../due-list.ts';
import { type DueAnswer, DueOn } from './DuePage.tsx';
import { useWorkPlace } from './WorkPlace.tsx';

/** How many of those to be followed up stand here; the rest on their own page. */
const first = 12;

/** What there is to do today: who comes, who is to be followed up, and whether everything has been sent. The same with and without a network. */
export function TodayPage() {
  const { say, placeName } = useSay();
  const places = usePlaces();
  const { place, chooser } = useWorkPlace();
  const due = useAsked<DueAnswer>(`/api/due?place=${place}&limit=1000`, { enabled: place !== undefined, keep: true });
  return (
    <Stack>
      <Title order={1}>
        {say('today.title')} · {placeName(place ? places.get(place) : undefined)}
      </Title>
      <Sending />
      {chooser}
      <Asking of={due}>{(found) => <Work {...found} />}</Asking>
      <Group gap="md">
        <TextLink to="/people">{say('today.find')}</TextLink>
        <TextLink to="/people/new">{say('people.register')}</TextLink>
        <TextLink to="/sessions">{say('session.title')}</TextLink>
      </Group>
    </Stack>
  );
}

/** What waits on this phone, told as it is. */
function Sending() {
  const { say, moment } = useSay();
  const state = useSync();
  if (!state?.isCarrying) return null;
  const { waiting, refused, at } = state;
  return (
    <Text role="status">
      {say(wordsOfState(state), { waiting, refused: refused.length })}
      {at ? ` · ${say('phone.synced', { at: moment(at) })}` : ''} · <TextLink to="/phone">{say('nav.phone')}</TextLink>
    </Text>
  );
}

function Work({ tasks, total, day }: DueAnswer) {
  const { say, option, placeName } = useSay();
  const places = usePlaces();
  const coming = tasks.filter((task) => task.kind === 'appointment' && task.due_on === day).sort((a, b) => ((a.slot_at ?? '') < (b.slot_at ?? '') ? -1 : 1));
  const others = tasks.filter((task) => task.kind !== 'appointment' && task.state !== 'soon');
  const name = (task: DueTask) => (
    <a key="name" href={`/people/${task.client_id}`}>
      {task.name}
    </a>
  );
  return (
    <>
      <section className="card">
        <Title order={2} size="h4">
          {say('today.coming', { count: coming.length })}
        </Title>
        {coming.length > 0 && (
          <Listing
            label={say('today.coming', { count: coming.length })}
            minWidth={280}
            heads={[say('field.slot_at'), say('field.name'), say('field.place')]}
            rows={coming}
            keyOf={(task) => task.id}
            cells={(task) => [task.slot_at, name(task), placeName(places.get(task.place_code))]}
          />
        )}
      </section>
      <section className="card">
        <Title order={2} size="h4">
          {say('today.due', { count: others.length })}
        </Title>
        {others.length > 0 && (
          <Listing
            label={say('due.title')}
            minWidth={280}
            heads={[say('client.due'), say('field.name'), say('field.kind')]}
            rows={others.slice(0, first)}
            keyOf={(task) => task.id}
            cells={(task) => [<DueOn key="due" task={task} />, name(task), `${option('kind', task.kind)} · ${say('client.month', { step: task.step })}`]}
          />
        )}
        <Text mt="xs">
          <TextLink to="/due">{say('today.all', { total })}</TextLink>
        </Text>
      </section>
    </>
  );
}
