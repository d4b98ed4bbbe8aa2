import { type Form, readAnswers } from '../kit/form.ts';
import type { Finding } from '../kit/problem.ts';
import type { Draft } from './FormFields.tsx';

/**
 * What is said while somebody types: what the form and the rules find wrong with the answers given here, and not yet that others are missing.
 * `field` is the one being changed just now; `rules` see a form that is not whole.
 */
export function hintsOf(form: Form, draft: Draft, rules: (draft: Draft) => readonly Finding[], touched: Iterable<string>, field: string): Finding[] {
  const given = new Set([...touched, field]);
  const wrong = readAnswers(form, draft).findings.filter((one) => given.has(one.field));
  const broken = rules(draft).filter((one) => given.has(one.field) && !wrong.some(({ field: said }) => said === one.field));
  return [...wrong, ...broken].filter((one) => one.rule !== 'required');
}
