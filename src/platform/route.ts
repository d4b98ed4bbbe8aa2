import type { z } from 'zod';
import { Problem } from '../kit/problem.ts';
import type { Actor } from './access.ts';
import type { Db } from './database.ts';
import type { Look } from './looks.ts';
import type { House } from './room.ts';

/** What a question is answered from: who asks, the parameters, and reads under their scope. */
export interface Asked<Q> {
  db: Db;
  actor: Actor;
  query: Q;
  house: House;
}

/** A question over HTTP, declared once: permission, path, parameters and the answer's schema; what the schema does not name is not sent. */
export interface Route<Q extends z.ZodObject = z.ZodObject, R extends z.ZodType = z.ZodType> {
  /** The name by which a role may ask it. */
  read: string;
  path: string;
  summary: string;
  query: Q;
  reply: R;
  answer: (asked: Asked<z.infer<Q>>) => Promise<z.input<R>>;
  /** No transaction is opened for it and `db` is not there: answered from the session and the packs, or with transactions of its own. */
  withoutDb?: boolean;
  /** Whose records the answer shows: written down before it is sent [R7]. A question about people has it. */
  looks?: (reply: z.input<R>, query: z.infer<Q>) => Omit<Look, 'what'>;
  /** The one client it is about: an emergency that was declared opens her record (break-glass). */
  about?: (query: z.infer<Q>) => string;
}

/** What was sent, as its schema has it; a Problem that names each field which is not. */
export function readGiven<T extends z.ZodType>(schema: T, given: unknown): z.infer<T> {
  const found = schema.safeParse(given ?? {});
  if (found.success) return found.data;
  throw new Problem(
    'invalid',
    found.error.issues.map((issue) => ({ field: String(issue.path[0] ?? ''), rule: 'not_this_parameter' })),
  );
}

/** Declares a route. Names in the path (`/api/clients/:client_id`) are part of `query`. */
export function route<Q extends z.ZodObject, R extends z.ZodType>(declared: Route<Q, R>): Route {
  return declared as unknown as Route;
}
