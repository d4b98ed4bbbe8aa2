import * as z from 'zod/mini';
import { isDay } from './day.ts';
import { isId } from './id.ts';
import type { Finding } from './problem.ts';
import { isPlaceCode } from './scope.ts';

/** A question is asked only when another answer is one of these. */
export interface When {
  field: string;
  is: readonly (string | boolean)[];
}

interface Common {
  required?: boolean;
  when?: When;
  /** Identifies a person: stands sealed in the journal (HOUSE §4). */
  seal?: boolean;
  /** Not asked in a workbook, a page or a message from outside: filled in by the program. */
  hidden?: boolean;
  example?: string;
}

export type Ask = Common &
  (
    | { kind: 'text'; max: number; pattern?: RegExp; rule?: string }
    | { kind: 'number'; min: number; max: number }
    | { kind: 'day' }
    | { kind: 'yes_no' }
    | { kind: 'choice'; options: readonly string[] }
    | { kind: 'many'; options: readonly string[] }
    | { kind: 'id' }
    | { kind: 'place' }
  );

type Value<A extends Ask> = A extends { kind: 'number' }
  ? number
  : A extends { kind: 'yes_no' }
    ? boolean
    : A extends { kind: 'choice'; options: readonly (infer O)[] }
      ? O
      : A extends { kind: 'many'; options: readonly (infer O)[] }
        ? O[]
        : string;

type Asks = Record<string, Ask>;
type RequiredOf<A extends Asks> = { [K in keyof A]: A[K] extends { required: true } ? K : never }[keyof A];

/** The answers of a form, typed from its questions. */
export type Answers<F> = F extends Form<infer A> ? { [K in RequiredOf<A>]: Value<A[K]> } & { [K in Exclude<keyof A, RequiredOf<A>>]?: Value<A[K]> } : never;

/** Why what a form asks may be kept, by what law, and for how many years after the last contact: the data inventory is made from it. */
export interface About {
  purpose: string;
  basis: string;
  years: number;
}

/** Questions declared once: schema, type, page, column headings, dictionary and journal seal are derived from them. */
export interface Form<A extends Asks = Asks> {
  name: string;
  asks: A;
  schema: z.ZodMiniType;
  sealed: readonly string[];
  about: About | undefined;
}

export const text = <const O extends Common & { max?: number; pattern?: RegExp; rule?: string }>(o: O) =>
  ({ kind: 'text', max: 200, ...o }) as O & { kind: 'text'; max: number };
export const number = <const O extends Common & { min: number; max: number }>(o: O) => ({ kind: 'number', ...o }) as O & { kind: 'number' };
export const day = <const O extends Common>(o: O) => ({ kind: 'day', ...o }) as O & { kind: 'day' };
export const yesNo = <const O extends Common>(o: O) => ({ kind: 'yes_no', ...o }) as O & { kind: 'yes_no' };
export const choice = <const O extends Common & { options: readonly string[] }>(o: O) => ({ kind: 'choice', ...o }) as O & { kind: 'choice' };
export const many = <const O extends Common & { options: readonly string[] }>(o: O) => ({ kind: 'many', ...o }) as O & { kind: 'many' };
export const id = <const O extends Common>(o: O) => ({ kind: 'id', ...o }) as O & { kind: 'id' };
export const place = <const O extends Common>(o: O) => ({ kind: 'place', ...o }) as O & { kind: 'place' };

/** Declares a form; one that concerns people says why it may. */
export function form<const A extends Asks>(name: string, asks: A, about?: About): Form<A> {
  const shape = Object.fromEntries(Object.entries(asks).map(([field, ask]) => [field, ask.required ? schemaOf(ask) : z.optional(z.nullable(schemaOf(ask)))]));
  const sealed = Object.keys(asks).filter((field) => asks[field]?.seal);
  return { name, asks, schema: z.strictObject(shape), sealed, about };
}

function schemaOf(ask: Ask): z.ZodMiniType {
  switch (ask.kind) {
    case 'text':
      return z.string().check(z.trim(), z.minLength(ask.required ? 1 : 0), z.maxLength(ask.max), z.regex(ask.pattern ?? /^[^\u0000]*$/u));
    case 'number':
      return z.int().check(z.gte(ask.min), z.lte(ask.max));
    case 'day':
      return z.string().check(z.refine(isDay));
    case 'yes_no':
      return z.boolean();
    case 'choice':
      return z.enum([...ask.options]);
    case 'many':
      return z.array(z.enum([...ask.options])).check(z.maxLength(ask.options.length));
    case 'id':
      return z.string().check(z.refine(isId));
    case 'place':
      return z.string().check(z.refine(isPlaceCode));
  }
}

/** The answers as the form's type, or what is wrong with each; empty answers are left out. */
export function readAnswers<F extends Form>(form: F, input: unknown): { answers: Answers<F>; findings: Finding[] } {
  const read = z.safeParse(form.schema, input);
  if (!read.success) return { answers: {} as Answers<F>, findings: read.error.issues.map((issue) => findingOf(form, issue, input)) };
  const answers: Record<string, unknown> = {};
  for (const [field, value] of Object.entries(read.data as Record<string, unknown>)) {
    if (value !== null && value !== undefined && value !== '') answers[field] = value;
  }
  return { answers: answers as Answers<F>, findings: [] };
}

/** True when the question is to be asked, given the answers so far. */
export function isAsked(ask: Ask, answers: Record<string, unknown>): boolean {
  if (ask.hidden) return false;
  if (!ask.when) return true;
  const value = answers[ask.when.field];
  return Array.isArray(value) ? value.some((one) => ask.when?.is.includes(one)) : ask.when.is.includes(value as string | boolean);
}

/** Answers given to questions that were not to be asked: each is a finding, so that no stray value enters a record. */
export function strayAnswers(form: Form, answers: Record<string, unknown>): Finding[] {
  return Object.entries(form.asks)
    .filter(([field, ask]) => ask.when && answers[field] !== undefined && answers[field] !== false && !isAsked({ ...ask, hidden: false }, answers))
    .map(([field]) => ({ field, rule: 'not_asked_here' }));
}

/** What was given, as a text to show: an object is asked for nothing of its own. */
const shown = (given: unknown): string => (typeof given === 'object' ? JSON.stringify(given) : String(given));

function findingOf(form: Form, issue: z.core.$ZodIssue, input: unknown): Finding {
  if (issue.code === 'unrecognized_keys') return { field: issue.keys[0] ?? '', rule: 'unknown_field' };
  const field = String(issue.path[0] ?? '');
  const ask = form.asks[field];
  const given = (input as Record<string, unknown> | null)?.[field];
  if (!ask) return { field, rule: 'not_a_form' };
  if (given === undefined || given === null || given === '') return { field, rule: 'required' };
  const value = shown(given).slice(0, 60);
  switch (ask.kind) {
    case 'text':
      return shown(given).length > ask.max
        ? { field, rule: 'too_long', values: { max: ask.max } }
        : { field, rule: ask.rule ?? 'not_this_text', values: { value } };
    case 'number':
      return { field, rule: 'not_a_number_between', values: { min: ask.min, max: ask.max, value } };
    case 'day':
      return { field, rule: 'not_a_day', values: { value } };
    case 'yes_no':
      return { field, rule: 'not_yes_or_no', values: { value } };
    case 'choice':
    case 'many':
      return { field, rule: 'not_an_option', values: { value, options: ask.options.join(' ') } };
    case 'id':
      return { field, rule: 'not_an_id', values: { value } };
    case 'place':
      return { field, rule: 'not_a_place_code', values: { value } };
  }
}
