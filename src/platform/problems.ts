import { Problem, type ProblemCode } from '../kit/problem.ts';

const codes: Record<string, ProblemCode> = {
  '23505': 'conflict',
  '23503': 'missing',
  '23514': 'refused',
  '23502': 'invalid',
  '23P01': 'conflict',
  '22003': 'invalid',
  '22007': 'invalid',
  '22021': 'invalid',
  '22P02': 'invalid',
  '22P05': 'invalid',
  '22008': 'invalid',
  '42501': 'forbidden',
};

/**
 * The Problem behind a database error, or undefined when it is a bug. Decided by SQLSTATE; the rule is the constraint's own name,
 * which on Citus stands only in the message, with the shard's number behind it (docs/adr/0003).
 */
export function problemOfDatabase(error: unknown): Problem | undefined {
  if (error instanceof Problem) return error;
  const { code, message } = (error ?? {}) as { code?: string; message?: string };
  const problem = codes[code ?? ''];
  if (!problem) return undefined;
  // Values the database cannot even read: a zero byte, a number beyond its type.
  if (code?.startsWith('22')) return new Problem('invalid', { field: '', rule: 'not_this_parameter' });
  const quoted = [...(message ?? '').matchAll(/"([^"]+)"/g)].map((match) => match[1] as string);
  const rule = code === '42501' ? 'not_your_place' : (quoted.at(code === '23502' ? 0 : -1) ?? code ?? '').replace(/_\d+$/, '');
  return new Problem(problem, { field: rule.replace(/_(pkey|is_.*|has_.*|lies_.*)$/, ''), rule });
}
