import { Button, Group, SegmentedControl, Stack, Text, Title } from '@mantine/core';
import { useState } from 'react';
import type { Finding } from '../../../kit/problem.ts';
import { Asking } from '../../../web/Asking.tsx';
import { send, useAsked, usePlaces, useSession } from '../../../web/api.ts';
import { Findings } from '../../../web/Findings.tsx';
import { useSay } from '../../../web/words.ts';
import { keepApart, mergeClients, unmergeClients } from '../client.ts';
import { OpenConflicts } from './Conflicts.tsx';
import type { ClientLine } from './PeoplePage.tsx';

type Record = ClientLine & { merged_into_id: string | null };
interface Pair {
  score: number;
  status: string;
  reasons: string[];
  client: Record;
  other: Record;
}

/** Pairs that look like one person, side by side; a person decides, and can undo. */
export function DuplicatesPage() {
  const { say } = useSay();
  const [status, setStatus] = useState('open');
  const [findings, setFindings] = useState<readonly Finding[]>([]);
  const pairs = useAsked<{ pairs: Pair[] }>(`/api/duplicates?status=${status}`);
  return (
    <Stack>
      <Group justify="space-between">
        <Title order={1}>{say('duplicates.title')}</Title>
        <SegmentedControl
          aria-label={say('duplicates.which')}
          value={status}
          onChange={setStatus}
          data={['open', 'merged', 'apart'].map((one) => ({ value: one, label: say(`duplicates.${one}`) }))}
        />
      </Group>
      <Text c="dimmed">{say('duplicates.how')}</Text>
      <Findings of={findings} />
      <OpenConflicts />
      <Asking of={pairs}>
        {({ pairs: found }) =>
          found.length === 0 ? (
            <Text role="status">{say('duplicates.none')}</Text>
          ) : (
            found.map((pair) => <PairCard key={pair.client.id + pair.other.id} pair={pair} tell={setFindings} />)
          )
        }
      </Asking>
    </Stack>
  );
}

const fields = ['name', 'record_number', 'sex', 'born_on', 'residence', 'place_code'] as const;

function PairCard({ pair, tell }: { pair: Pair; tell: (findings: readonly Finding[]) => void }) {
  const { say, option, placeName } = useSay();
  const { data: session } = useSession();
  const places = usePlaces();
  const shown = (record: Record, field: (typeof fields)[number]) =>
    field === 'sex' || field === 'residence' ? option(field, record[field]) : field === 'place_code' ? placeName(places.get(record.place_code)) : record[field];
  const act = async (command: typeof mergeClients, kept: Record, other: Record) => tell(await send(command, { kept_id: kept.id, other_id: other.id }));
  const merged = pair.other.merged_into_id ? { kept: pair.client, other: pair.other } : { kept: pair.other, other: pair.client };
  return (
    <article className="card">
      <Text size="sm" c="dimmed">
        {say('duplicates.score', { score: pair.score })} · {pair.reasons.map((reason) => say(`reason.${reason}`)).join('、')}
      </Text>
      <div className="pair numbers">
        {fields.map((field) => {
          const [one, two] = [shown(pair.client, field), shown(pair.other, field)];
          const css = one === two ? '' : 'differs';
          return [
            <Text key={field} size="sm" c="dimmed">
              {say(`field.${field}`)}
            </Text>,
            <span key={`${field}1`} className={css}>
              {one}
            </span>,
            <span key={`${field}2`} className={css}>
              {two}
            </span>,
          ];
        })}
      </div>
      {session?.commands.includes(mergeClients.name) && (
        <Group mt="sm" gap="xs">
          {pair.status === 'merged' ? (
            <Button size="xs" variant="outline" onClick={() => act(unmergeClients, merged.kept, merged.other)}>
              {say('duplicates.undo')}
            </Button>
          ) : (
            <>
              <Button size="xs" onClick={() => act(mergeClients, pair.client, pair.other)}>
                {say('duplicates.keep_left')}
              </Button>
              <Button size="xs" onClick={() => act(mergeClients, pair.other, pair.client)}>
                {say('duplicates.keep_right')}
              </Button>
              {pair.status === 'open' && (
                <Button size="xs" variant="outline" onClick={() => act(keepApart, pair.client, pair.other)}>
                  {say('duplicates.two_people')}
                </Button>
              )}
            </>
          )}
        </Group>
      )}
    </article>
  );
}
