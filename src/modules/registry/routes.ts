import { z } from 'zod';
import { must } from '../../kit/problem.ts';
import { allow } from '../../platform/access.ts';
import { subjectKeyOf } from '../../platform/journal.ts';
import { route } from '../../platform/route.ts';
import { unseal } from '../../platform/seal.ts';
import { clientById, clientsLike, conflictsOf, duplicatePairs, facilitiesWithin, openConflicts, placesWithin, populationOf } from './queries.ts';

const line = z.object({
  id: z.string(),
  record_number: z.string(),
  place_code: z.string(),
  name: z.string(),
  sex: z.string(),
  born_on: z.string(),
  residence: z.string(),
});

export const registryRoutes = [
  route({
    read: 'session',
    path: '/api/session',
    summary: 'Who is signed in, and what they may do and ask',
    query: z.object({}),
    reply: z.object({
      display_name: z.string(),
      role: z.string(),
      county_code: z.string(),
      place_code: z.string(),
      facility_id: z.string().optional(),
      health_worker_id: z.string().optional(),
      commands: z.array(z.string()),
      reads: z.array(z.string()),
      account_id: z.string(),
      client_id: z.string().optional(),
      duty_id: z.string().optional(),
      people: z.boolean().optional(),
      must_change: z.boolean().optional(),
      synthetic: z.boolean(),
      titles: z.array(z.object({ zh: z.string(), en: z.string() })),
    }),
    withoutDb: true,
    answer: async ({ actor, house }) => ({
      ...actor,
      role: actor.role.name,
      commands: [...actor.role.commands],
      reads: [...actor.role.reads],
      synthetic: house.packs.synthetic,
      titles: house.packs.titles,
    }),
  }),
  route({
    read: 'places',
    path: '/api/places',
    summary: 'Places in the scope',
    query: z.object({}),
    reply: z.object({
      places: z.array(
        z.object({
          place_code: z.string(),
          parent_code: z.string().nullable(),
          level: z.string(),
          name_zh: z.string(),
          name_en: z.string().nullable(),
          valid_until: z.string().nullable(),
        }),
      ),
    }),
    answer: async ({ db, actor }) => ({ places: await placesWithin(db, actor.county_code, actor.place_code) }),
  }),
  route({
    read: 'facilities',
    path: '/api/places/:place/particulars',
    summary: 'A place: its facilities and its people in numbers',
    query: z.object({ place: z.string() }),
    reply: z.object({
      facilities: z.array(
        z.object({
          id: z.string(),
          facility_number: z.string(),
          place_code: z.string(),
          kind: z.string(),
          name_zh: z.string(),
          name_en: z.string().nullable(),
        }),
      ),
      population: z.array(z.object({ year: z.number(), sex: z.string(), residence: z.string(), people: z.number() })),
    }),
    async answer({ db, actor, query }) {
      allow(actor, 'reads', 'facilities', query.place);
      const [facilities, population] = [await facilitiesWithin(db, actor.county_code, query.place), await populationOf(db, actor.county_code, query.place)];
      return { facilities, population };
    },
  }),
  route({
    read: 'products',
    path: '/api/products',
    summary: 'Contraceptives and materials of the packs',
    query: z.object({}),
    reply: z.object({
      products: z.array(
        z.object({
          code: z.string(),
          name: z.object({ zh: z.string(), en: z.string() }),
          unit: z.object({ zh: z.string(), en: z.string() }),
          free: z.boolean(),
          yearly_cap: z.number().optional(),
        }),
      ),
    }),
    withoutDb: true,
    answer: async ({ house }) => ({ products: [...house.packs.products.values()] }),
  }),
  route({
    read: 'clients',
    path: '/api/clients',
    summary: 'Clients found by name, pinyin, initials, birth day, phone, ID number or record number',
    query: z.object({ find: z.string().max(100).default(''), after_name: z.string().optional(), after_id: z.string().optional() }),
    reply: z.object({ clients: z.array(line) }),
    looks: ({ clients }, { find }) => ({ action: find === '' ? 'read' : 'search', client_ids: clients.map((client) => client.id) }),
    answer: async ({ db, actor, query, house }) => ({
      clients: await clientsLike(
        db,
        house.keys,
        actor.county_code,
        query.find,
        query.after_name && query.after_id ? { name: query.after_name, id: query.after_id } : undefined,
      ),
    }),
  }),
  route({
    read: 'client',
    path: '/api/clients/:client_id',
    summary: 'One client',
    query: z.object({ client_id: z.guid() }),
    reply: line.extend({
      phone: z.string().nullable(),
      id_number_end: z.string().nullable(),
      contact_reason: z.string(),
      contacted_on: z.string(),
      follow_up_consented: z.boolean(),
      merged_into_id: z.string().nullable(),
      purposes: z.array(z.string()),
      version: z.number(),
    }),
    looks: (_, { client_id }) => ({ action: 'read', client_ids: [client_id] }),
    about: ({ client_id }) => client_id,
    async answer({ db, actor, query, house }) {
      const client = must(await clientById(db, actor.county_code, query.client_id), 'client_id');
      const key = await subjectKeyOf(db, house.keys, actor.county_code, client.id);
      const open = (field: string, sealed: string | null) => (key && sealed ? unseal(key, `${field}:${client.id}`, sealed) : null);
      return { ...client, phone: open('phone', client.phone_sealed), id_number_end: open('id_number', client.id_number_sealed)?.slice(-4) ?? null };
    },
  }),
  route({
    read: 'client',
    path: '/api/clients/:client_id/conflicts',
    summary: 'Where two people gave one field of a client two values: both',
    query: z.object({ client_id: z.guid() }),
    reply: z.object({
      conflicts: z.array(
        z.object({ id: z.string(), client_id: z.string(), field: z.string(), value: z.string().nullable(), made_at: z.string(), status: z.string() }),
      ),
    }),
    looks: (_, { client_id }) => ({ action: 'read', client_ids: [client_id] }),
    about: ({ client_id }) => client_id,
    async answer({ db, actor, query, house }) {
      const { county_code } = actor;
      const { client_id } = query;
      must(await clientById(db, county_code, client_id), 'client_id');
      const key = await subjectKeyOf(db, house.keys, county_code, client_id);
      const opened = (field: string, sealed: string | null) => (key && sealed ? unseal(key, `${field}:${client_id}`, sealed) : null);
      const shown = (field: string, value: string | null) => (field === 'id_number' && value ? `•••• ${value.slice(-4)}` : value);
      const found = await conflictsOf(db, county_code, client_id);
      return { conflicts: found.map(({ value, value_sealed, ...one }) => ({ ...one, value: shown(one.field, value ?? opened(one.field, value_sealed)) })) };
    },
  }),
  route({
    read: 'duplicates',
    path: '/api/conflicts',
    summary: 'Clients of whom somebody has to decide between two values',
    query: z.object({}),
    reply: z.object({
      conflicts: z.array(z.object({ id: z.string(), client_id: z.string(), field: z.string(), made_at: z.string(), name: z.string() })),
    }),
    looks: ({ conflicts }) => ({ action: 'read', client_ids: conflicts.map((one) => one.client_id) }),
    answer: async ({ db, actor }) => ({ conflicts: await openConflicts(db, actor.county_code) }),
  }),
  route({
    read: 'duplicates',
    path: '/api/duplicates',
    summary: 'Pairs of records that look like one person, side by side',
    query: z.object({ status: z.enum(['open', 'merged', 'apart']).default('open') }),
    reply: z.object({
      pairs: z.array(
        z.object({
          score: z.number(),
          status: z.string(),
          reasons: z.array(z.string()),
          client: line.extend({ merged_into_id: z.string().nullable() }),
          other: line.extend({ merged_into_id: z.string().nullable() }),
        }),
      ),
    }),
    looks: ({ pairs }) => ({ action: 'read', client_ids: pairs.flatMap(({ client, other }) => [client.id, other.id]) }),
    answer: async ({ db, actor, query }) => ({ pairs: (await duplicatePairs(db, actor.county_code, query.status)) as never }),
  }),
];
