import { Alert } from '@mantine/core';
import type { Finding } from '../kit/problem.ts';
import { useSay } from './words.ts';

/** What is wrong, one line each; nothing when nothing is. */
export function Findings({ of, title }: { of: readonly Finding[]; title?: string }) {
  const { finding } = useSay();
  if (of.length === 0) return null;
  return (
    <Alert color="red" variant="light" role="alert" title={title}>
      {of.map((one) => (
        <div key={one.field + one.rule}>{finding(one)}</div>
      ))}
    </Alert>
  );
}
