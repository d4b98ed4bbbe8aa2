import { z } from 'zod';
import { today } from '../../kit/day.ts';
import { must } from '../../kit/problem.ts';
import { allow } from '../../platform/access.ts';
import type { Keys } from '../../platform/config.ts';
import type { Db } from '../../platform/database.ts';
import { subjectKeyOf } from '../../platform/journal.ts';
import { route } from '../../platform/route.ts';
import { unseal } from '../../platform/seal.ts';
import { clientById } from '../registry/queries.ts';
import { consentsOf, dataRequests, glassesOver, looksAt } from '../rights/queries.ts';
import { consentSchema, lookSchema, requestSchema } from '../rights/schemas.ts';
import { slotsOf } from './appointment.ts';
import { dueList } from './due-list.ts';
import { appointmentsOf, followUpsDue, followUpsFor, numbersOn, queueOf, sessionsFrom, visitsOf, writersOf } from './queries.ts';
import { schedulesOf } from './server-schedules.ts';
import { visitForm } from './visit.ts';

const optionalText = z.string().nullable();

/** Every answer of the form, as it was given: what a page needs to put a visit right. */
const answers = z.object(Object.fromEntries(Object.keys(visitForm.asks).map((field) => [field, z.unknown()])));

const visitSchema = answers.omit({ visit_id: true }).extend({
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

const appointmentsSchema = z.object({
  appointments: z.array(
    z.object({
      id: z.string(),
      session_id: z.string(),
      held_on: z.string(),
      slot_at: z.string(),
      service: z.string(),
      status: z.string(),
      queue_number: z.number().nullable(),
      name_zh: z.string(),
      name_en: optionalText,
    }),
  ),
  contact: z.object({ channel: z.string(), from_hour: z.number(), to_hour: z.number(), language: z.string() }).nullable(),
  messages: z.array(z.object({ id: z.string(), kind: z.string(), channel: optionalText, status: z.string(), last_at: optionalText, next_at: z.string() })),
});

/** What of a client's record she sees herself: all of it. */
async function ownRecord(db: Db, county: string, clientId: string, keys: Keys) {
  const client = must(await clientById(db, county, clientId), 'client_id');
  const key = await subjectKeyOf(db, keys, county, clientId);
  const open = (field: string, sealed: string | null) => (key && sealed ? unseal(key, `${field}:${clientId}`, sealed) : null);
  return { ...client, phone: open('phone', client.phone_sealed), id_number_end: open('id_number', client.id_number_sealed)?.slice(-4) ?? null };
}

export const careRoutes = [
  route({
    read: 'my_record',
    path: '/api/my/record',
    summary: 'My own record: who I am here, my visits, consents and requests',
    query: z.object({}),
    reply: z.object({
      client: z.object({
        id: z.string(),
        name: z.string(),
        sex: z.string(),
        born_on: z.string(),
        record_number: z.string(),
        place_code: z.string(),
        residence: z.string(),
        phone: optionalText,
        id_number_end: optionalText,
        purposes: z.array(z.string()),
        restricted: z.boolean(),
      }),
      visits: z.array(visitSchema),
      follow_ups: z.array(followUpSchema),
      consents: z.array(consentSchema),
      requests: z.array(requestSchema.omit({ words: true })),
    }),
    looks: (reply) => ({ action: 'read', client_ids: [reply.client.id] }),
    async answer({ db, actor, house }) {
      const { county_code } = actor;
      const id = must(actor.client_id, 'client_id');
      return {
        client: await ownRecord(db, county_code, id, house.keys),
        visits: await visitsOf(db, county_code, id),
        follow_ups: await followUpsFor(db, county_code, id),
        consents: await consentsOf(db, county_code, id),
        requests: await dataRequests(db, county_code, id),
      };
    },
  }),
  route({
    read: 'my_access',
    path: '/api/my/access',
    summary: 'Who looked at my record, who wrote in it, and why',
    query: z.object({}),
    reply: z.object({
      looks: z.array(lookSchema.extend({ reason: optionalText })),
      writes: z.array(z.object({ seq: z.number(), at: z.string(), command: z.string(), display_name: z.string(), by_client: z.boolean() })),
    }),
    withoutDb: true,
    async answer({ house, actor }) {
      const { county_code } = actor;
      const id = must(actor.client_id, 'client_id');
      const { glasses, looks, numbers } = await house.database.read(actor, async (db) => ({
        glasses: await glassesOver(db, county_code, id),
        looks: await looksAt(db, county_code, id),
        numbers: await numbersOn(db, county_code, id),
      }));
      return {
        looks: looks.map((look) => ({
          ...look,
          reason: glasses.find((glass) => glass.account_id === look.account_id && glass.opened_at <= look.at && look.at < glass.ends_at)?.reason ?? null,
        })),
        writes: await writersOf(house.database, county_code, numbers, id),
      };
    },
  }),
  route({
    read: 'products',
    path: '/api/schedules',
    summary: 'What becomes due after what, as the packs declare it',
    query: z.object({}),
    reply: z.object({
      kinds: z.record(z.string(), z.object({ priority: z.number(), grace_days: z.number(), consent: z.string(), closed_by: z.string() })),
      schedules: z.array(
        z.object({
          kind: z.string(),
          when: z.record(z.string(), z.array(z.string())),
          unless_given: z.array(z.string()),
          after_months: z.array(z.number()),
          opens_days: z.number(),
          closes_days: z.number(),
          recorded_from: z.string().optional(),
          recorded_until: z.string().optional(),
          source: z.string(),
        }),
      ),
    }),
    withoutDb: true,
    answer: async ({ house }) => schedulesOf(house.packs) as never,
  }),
  route({
    read: 'due_list',
    path: '/api/due',
    summary: 'Who is to be followed up, most pressing first; as many as asked for, and how many there are',
    query: z.object({ place: z.string().optional(), limit: z.coerce.number().int().min(1).max(1000).default(200) }),
    reply: z.object({
      total: z.number(),
      day: z.string(),
      tasks: z.array(
        z.object({
          id: z.string(),
          client_id: z.string(),
          name: z.string(),
          place_code: z.string(),
          kind: z.string(),
          step: z.number(),
          due_on: z.string(),
          closes_on: z.string(),
          slot_at: optionalText,
          state: z.string(),
          status: z.string(),
        }),
      ),
    }),
    looks: ({ tasks }) => ({ action: 'read', client_ids: tasks.map((task) => task.client_id) }),
    async answer({ db, actor, query, house }) {
      const place = query.place ?? actor.place_code;
      allow(actor, 'reads', 'due_list', place);
      const day = today();
      const { kinds } = schedulesOf(house.packs);
      const { rows, total } = await followUpsDue(db, actor.county_code, place, kinds, day, query.limit);
      return { total, day, tasks: dueList(rows, new Map(rows.map((row) => [row.client_id, row])), kinds, day) };
    },
  }),
  route({
    read: 'sessions',
    path: '/api/sessions',
    summary: 'Sessions of the stations around a place from today on, with the slots that are free',
    query: z.object({ place: z.string().optional() }),
    reply: z.object({
      sessions: z.array(
        z.object({
          id: z.string(),
          facility_id: z.string(),
          place_code: z.string(),
          held_on: z.string(),
          opens_at: z.string(),
          closes_at: z.string(),
          slot_minutes: z.number(),
          places_per_slot: z.number(),
          name_zh: z.string(),
          name_en: optionalText,
          slots: z.array(z.object({ at: z.string(), free: z.number() })),
        }),
      ),
    }),
    withoutDb: true,
    async answer({ actor, query, house }) {
      const { sessions, taken } = await sessionsFrom(house.database, actor.county_code, query.place ?? actor.place_code, today());
      const free = (session: (typeof sessions)[number]) =>
        slotsOf(session).map((at) => ({ at, free: Math.max(0, session.places_per_slot - (taken.get(session.id)?.[at] ?? 0)) }));
      return { sessions: sessions.map((session) => ({ ...session, slots: free(session) })) };
    },
  }),
  route({
    read: 'queue',
    path: '/api/sessions/:session_id/queue',
    summary: 'Who is expected and who has come, by number; after the day only who came',
    query: z.object({ session_id: z.guid() }),
    reply: z.object({
      queue: z.array(
        z.object({
          id: z.string(),
          client_id: z.string(),
          name: z.string(),
          slot_at: z.string(),
          service: z.string(),
          status: z.string(),
          queue_number: z.number().nullable(),
          held_on: z.string(),
        }),
      ),
    }),
    looks: ({ queue }) => ({ action: 'read', client_ids: queue.map((one) => one.client_id) }),
    answer: async ({ db, actor, query }) => ({ queue: await queueOf(db, actor.county_code, query.session_id) }),
  }),
  route({
    read: 'client_visits',
    path: '/api/clients/:client_id/appointments',
    summary: "A client's appointments to come and kept, how she wants to be told, and what was sent",
    query: z.object({ client_id: z.guid() }),
    reply: appointmentsSchema,
    looks: (_, { client_id }) => ({ action: 'read', client_ids: [client_id] }),
    about: ({ client_id }) => client_id,
    async answer({ db, actor, query }) {
      must(await clientById(db, actor.county_code, query.client_id), 'client_id');
      return appointmentsOf(db, actor.county_code, query.client_id, today());
    },
  }),
  route({
    read: 'my_record',
    path: '/api/my/appointments',
    summary: 'My appointments, how I want to be told, and what was sent to me',
    query: z.object({}),
    reply: appointmentsSchema,
    looks: (_, __) => ({ action: 'read', client_ids: [] }),
    answer: ({ db, actor }) => appointmentsOf(db, actor.county_code, must(actor.client_id, 'client_id'), today()),
  }),
  route({
    read: 'client_visits',
    path: '/api/clients/:client_id/visits',
    summary: "A client's visits and follow-ups",
    query: z.object({ client_id: z.guid() }),
    reply: z.object({ visits: z.array(visitSchema), follow_ups: z.array(followUpSchema) }),
    looks: (_, { client_id }) => ({ action: 'read', client_ids: [client_id] }),
    about: ({ client_id }) => client_id,
    async answer({ db, actor, query }) {
      must(await clientById(db, actor.county_code, query.client_id), 'client_id');
      const [visits, follow_ups] = [await visitsOf(db, actor.county_code, query.client_id), await followUpsFor(db, actor.county_code, query.client_id)];
      return { visits, follow_ups };
    },
  }),
];
