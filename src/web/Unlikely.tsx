import { Alert, Button } from '@mantine/core';
import type { Finding } from '../kit/problem.ts';
import { useSay } from './words.ts';

/** What may be true but seldom is: asked once; whoever has checked goes on. */
export function Unlikely({ of, goOn }: { of: readonly Finding[]; goOn: () => void }) {
  const { say, finding } = useSay();
  if (of.length === 0) return null;
  return (
    <Alert color="orange" variant="light" role="alert" title={say('unlikely.title')}>
      {of.map((one) => (
        <div key={one.field + one.rule}>{finding(one)}</div>
      ))}
      <Button mt="sm" size="compact-md" variant="outline" onClick={goOn}>
        {say('unlikely.sure')}
      </Button>
    </Alert>
  );
}
