import type { z } from 'zod';
import type { Actor } from './access.ts';
import type { Db } from './database.ts';
import type { House } from './run.ts';

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
}

/** Declares a route. Names in the path (`/api/clients/:client_id`) are part of `query`. */
export function route<Q extends z.ZodObject, R extends z.ZodType>(declared: Route<Q, R>): Route {
  return declared as unknown as Route;
}
