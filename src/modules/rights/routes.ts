import { z } from 'zod';
import { type Cell, disclose } from '../../kit/disclosure.ts';
import { must } from '../../kit/problem.ts';
import { subjectKeyOf } from '../../platform/journal.ts';
import { route } from '../../platform/route.ts';
import { secretThreshold, unseal } from '../../platform/seal.ts';
import { clientById } from '../registry/queries.ts';
import { inventoryOf } from './inventory.ts';
import { brokenGlass, complaintOutcomes, complaintsOnDesk, consentsOf, dataRequests, looksAt, retained } from './queries.ts';
import { consentSchema, lookSchema, requestSchema } from './schemas.ts';

const text = z.string().nullable();
const complaintSchema = z.object({
  id: z.string(),
  kind: z.string(),
  place_code: z.string(),
  facility_id: text,
  about_on: text,
  is_anonymous: z.boolean(),
  opened_on: z.string(),
  acknowledge_by: z.string(),
  decide_by: z.string(),
  acknowledged_on: text,
  extended_on: text,
  decided_on: text,
  outcome: text,
  review_asked_on: text,
  review_decide_by: text,
  review_outcome: text,
  status: z.string(),
});
const outcomeSchema = z.object({ year: z.number(), kind: z.string(), place_code: z.string(), outcome: z.string(), count: z.number().nullable() });

export const rightsRoutes = [
  route({
    read: 'consent_texts',
    path: '/api/consent-texts',
    summary: 'What a person agrees to, in plain words, every version',
    query: z.object({}),
    reply: z.object({ texts: z.array(z.object({ purpose: z.string(), version: z.string(), zh: z.string(), en: z.string() })) }),
    answer: async ({ house }) => ({ texts: [...house.packs.consentTexts] }),
  }),
  route({
    read: 'consents',
    path: '/api/clients/:client_id/consents',
    summary: "A client's consents: the complete history",
    query: z.object({ client_id: z.guid() }),
    reply: z.object({ consents: z.array(consentSchema) }),
    looks: (_, { client_id }) => ({ action: 'read', client_ids: [client_id] }),
    about: ({ client_id }) => client_id,
    async answer({ db, actor, query }) {
      must(await clientById(db, actor.county_code, query.client_id), 'client_id');
      return { consents: await consentsOf(db, actor.county_code, query.client_id) };
    },
  }),
  route({
    read: 'data_requests',
    path: '/api/data-requests',
    summary: 'Requests of clients about their own data, with their clocks',
    query: z.object({}),
    reply: z.object({ requests: z.array(requestSchema) }),
    looks: ({ requests }) => ({ action: 'read', client_ids: requests.map((request) => request.client_id) }),
    async answer({ db, actor, house }) {
      const requests = await dataRequests(db, actor.county_code);
      const opened = [];
      for (const { words_sealed, ...request } of requests) {
        const key = words_sealed ? await subjectKeyOf(db, house.keys, actor.county_code, request.client_id) : undefined;
        opened.push({ ...request, words: key && words_sealed ? unseal(key, `words:${request.client_id}`, words_sealed) : null });
      }
      return { requests: opened };
    },
  }),
  route({
    read: 'broken_glass',
    path: '/api/broken-glass',
    summary: 'Emergencies that opened a record, for review',
    query: z.object({}),
    reply: z.object({
      glasses: z.array(
        z.object({
          id: z.string(),
          client_id: z.string(),
          place_code: z.string(),
          reason: z.string(),
          opened_at: z.string(),
          ends_at: z.string(),
          verdict: text,
          review: text,
          display_name: z.string(),
        }),
      ),
    }),
    answer: async ({ db, actor }) => ({ glasses: await brokenGlass(db, actor.county_code) }),
  }),
  route({
    read: 'access_log',
    path: '/api/looks',
    summary: 'Who looked at whose record, newest first',
    query: z.object({ client_id: z.guid().optional(), before: z.coerce.number().int().positive().optional() }),
    reply: z.object({ looks: z.array(lookSchema) }),
    answer: async ({ db, actor, query }) => ({ looks: await looksAt(db, actor.county_code, query.client_id, query.before) }),
  }),
  route({
    read: 'inventory',
    path: '/api/inventory',
    summary: 'What is kept about people: field, purpose, legal basis, how long',
    query: z.object({}),
    reply: z.object({
      fields: z.array(
        z.object({ form: z.string(), field: z.string(), kind: z.string(), sealed: z.boolean(), purpose: z.string(), basis: z.string(), years: z.number() }),
      ),
    }),
    answer: async ({ house }) => ({ fields: inventoryOf([...house.handlers.values()].map(({ command }) => command.form)) }),
  }),
  route({
    read: 'retention',
    path: '/api/retention',
    summary: 'What retention deleted, newest first',
    query: z.object({}),
    reply: z.object({ deleted: z.array(z.object({ at: z.string(), what: z.string(), reason: z.string(), deleted: z.number() })) }),
    answer: async ({ db, actor }) => ({ deleted: await retained(db, actor.county_code) }),
  }),
  route({
    read: 'complaints',
    path: '/api/complaints',
    summary: 'Complaints with their clocks: no words, no names',
    query: z.object({}),
    reply: z.object({ complaints: z.array(complaintSchema) }),
    answer: async ({ db, actor }) => ({ complaints: await complaintsOnDesk(db, actor.county_code) }),
  }),
  route({
    read: 'complaint',
    path: '/api/complaints/:complaint_id',
    summary: 'One complaint as it was told, for the ombudsperson alone',
    query: z.object({ complaint_id: z.guid() }),
    reply: complaintSchema.extend({
      words: text,
      name: text,
      contact: text,
      answer: text,
      remedy: text,
      evidence: z.array(z.object({ id: z.string(), file_name: text, media_type: z.string(), bytes: z.number(), added_on: z.string() })),
    }),
    async answer({ db, actor, query, house }) {
      const { county_code } = actor;
      const [found] = await complaintsOnDesk(db, county_code, query.complaint_id);
      const complaint = must(found, 'complaint_id');
      const key = await subjectKeyOf(db, house.keys, county_code, complaint.id);
      const open = (field: string, sealed: string | null) => (key && sealed ? unseal(key, `${field}:${complaint.id}`, sealed) : null);
      const evidence = await db
        .selectFrom('rights.evidence')
        .selectAll()
        .where('county_code', '=', county_code)
        .where('complaint_id', '=', complaint.id)
        .execute();
      return {
        ...complaint,
        words: open('words', complaint.words_sealed),
        name: open('name', complaint.name_sealed),
        contact: open('contact', complaint.contact_sealed),
        evidence: evidence.map((one) => ({ ...one, file_name: open('file_name', one.file_name_sealed) })),
      };
    },
  }),
  route({
    read: 'complaint_statistics',
    path: '/api/complaint-statistics',
    summary: 'Decided complaints by year, kind, township and outcome; small numbers are not told',
    query: z.object({}),
    reply: z.object({ outcomes: z.array(outcomeSchema) }),
    async answer({ db, actor, house }) {
      const rows = await complaintOutcomes(db, actor.county_code);
      return { outcomes: outcomesTold(rows, actor.county_code, (key) => secretThreshold(house.keys, key)) };
    },
  }),
];

/** Counts of decided complaints as they may be told: the county's by kind and outcome, and beneath them those of townships [R6]. */
export function outcomesTold(
  rows: readonly { year: number; kind: string; place_code: string; outcome: string }[],
  county: string,
  threshold: (key: string) => number,
): z.infer<typeof outcomeSchema>[] {
  const cells = new Map<string, Cell & { of: Omit<z.infer<typeof outcomeSchema>, 'count'> }>();
  const add = (place_code: string, parent: string | undefined, { year, kind, outcome }: (typeof rows)[number]) => {
    const key = `complaints ${year} ${kind} ${outcome} ${place_code}`;
    const cell = cells.get(key) ?? { key, parent, count: 0, of: { year, kind, outcome, place_code } };
    cells.set(key, { ...cell, count: cell.count + 1 });
  };
  for (const row of rows) {
    const township = row.place_code.slice(0, county.length + 3);
    add(county, undefined, row);
    if (township !== county) add(township, `complaints ${row.year} ${row.kind} ${row.outcome} ${county}`, row);
  }
  const told = disclose([...cells.values()], threshold);
  return [...cells.values()].map(({ key, of }) => ({ ...of, count: told.get(key)?.count ?? null }));
}
