import { z } from 'zod';
import { must } from '../../kit/problem.ts';
import { route } from '../../platform/route.ts';
import { clientById } from '../registry/queries.ts';
import { followUpsFor, visitsOf } from './queries.ts';

const optionalText = z.string().nullable();

const visitSchema = z.object({
  id: z.string(),
  visited_on: z.string(),
  served_on: optionalText,
  place_code: z.string(),
  facility_id: z.string(),
  service: z.string(),
  decision: z.string(),
  client_is: optionalText,
  method_chosen: optionalText,
  method_received: z.boolean().nullable(),
  product_code: optionalText,
  quantity: z.number().nullable(),
  procedure: optionalText,
  consent_complete: z.boolean().nullable(),
  risk: optionalText,
  items_done: z.array(z.string()).nullable(),
  four_ones: z.array(z.string()).nullable(),
  result: optionalText,
  charge_fen: z.number(),
  note: optionalText,
  voided: z.boolean(),
  version: z.number(),
});
const followUpSchema = z.object({
  id: z.string(),
  kind: z.string(),
  step: z.number(),
  opens_on: z.string(),
  due_on: z.string(),
  closes_on: z.string(),
  done_on: optionalText,
  status: z.string(),
  outcome: optionalText,
});

export const careRoutes = [
  route({
    read: 'client_visits',
    path: '/api/clients/:client_id/visits',
    summary: "A client's visits and follow-ups",
    query: z.object({ client_id: z.uuid() }),
    reply: z.object({ visits: z.array(visitSchema), follow_ups: z.array(followUpSchema) }),
    async answer({ db, actor, query }) {
      must(await clientById(db, actor.county_code, query.client_id), 'client_id');
      const [visits, follow_ups] = [await visitsOf(db, actor.county_code, query.client_id), await followUpsFor(db, actor.county_code, query.client_id)];
      return { visits, follow_ups };
    },
  }),
];
