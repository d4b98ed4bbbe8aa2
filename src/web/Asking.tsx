import { Alert, Loader } from '@mantine/core';
import type { UseQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { Refused } from './api.ts';
import { useSay } from './words.ts';

/** Shows an answer once it is there; meanwhile that it is coming, or why it does not come. */
export function Asking<T>({ of, children }: { of: UseQueryResult<T>; children: (answer: T) => ReactNode }) {
  const { say, finding } = useSay();
  if (of.data !== undefined) return children(of.data);
  if (of.error instanceof Refused)
    return (
      <Alert color="red" variant="light" role="alert">
        {of.error.body.findings.map((one) => finding(one)).join(' ')}
      </Alert>
    );
  return <Loader aria-label={say('loading')} />;
}
