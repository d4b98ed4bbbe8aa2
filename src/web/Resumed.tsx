import { Button, Group, Text } from '@mantine/core';
import type { useFilling } from './use-draft.ts';
import { useSay } from './words.ts';

/** Says that a form goes on where it was left, and offers to begin anew. */
export function Resumed({ of: { isResumed, anew } }: { of: Pick<ReturnType<typeof useFilling>, 'isResumed' | 'anew'> }) {
  const { say } = useSay();
  if (!isResumed) return null;
  return (
    <Group className="card" role="note" justify="space-between" gap="xs">
      <Text>{say('draft.resumed')}</Text>
      <Button size="compact-sm" variant="light" onClick={anew}>
        {say('draft.anew')}
      </Button>
    </Group>
  );
}
