import { Alert, Loader } from '@mantine/core';
import type { UseQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { Refused } from './api.ts';
import { useSay } from './words.ts';

/** Shows an answer once it is there; meanwhile that it is coming, or why it does not come. */
export function Asking<T>({ of, children }: { of: UseQueryResult<T>; children: (answer: T) => ReactNode }) {
  const { say, finding } = useSay();
  // What is no longer to be seen is not left standing; without a network the last answer is.
  const isCut = of.error instanceof Refused && of.error.body.code === 'offline';
  if (of.data !== undefined && (isCut || !(of.error instanceof Refused))) return children(of.data);
  if (of.error instanceof Refused)
    return (
      <Alert color="red" variant="light" role="alert">
        {of.error.body.findings.map((one) => finding(one)).join(' ')}
      </Alert>
    );
  return <Loader aria-label={say('loading')} />;
}
