import { z } from 'zod';
import { must } from '../../kit/problem.ts';
import { route } from '../../platform/route.ts';

const name = z.object({ zh: z.string(), en: z.string() });
const refusal = z.object({ sheet: z.string(), row: z.number(), column: z.string(), value: z.string(), rule: z.string(), says: name });
const finding = z.object({ field: z.string(), rule: z.string(), values: z.record(z.string(), z.union([z.string(), z.number()])).optional() });
const report = z.object({
  rows: z.number().optional(),
  sheets: z.array(z.object({ name: z.string(), added: z.number(), changed: z.number(), repeated: z.number(), refused: z.number() })).optional(),
  dropped: z.array(z.object({ sheet: z.string(), column: z.string(), reason: name, values: z.number() })).optional(),
  unknown: z.array(z.object({ sheet: z.string(), column: z.string() })).optional(),
  refusals: z.array(refusal),
  findings: z.array(finding).optional(),
});
const line = z.object({ id: z.string(), file_name: z.string(), status: z.string(), rows_total: z.number(), rows_done: z.number(), opened_at: z.string() });

export const exchangeRoutes = [
  route({
    read: 'imports',
    path: '/api/imports',
    summary: 'My imports, newest first',
    query: z.object({}),
    reply: z.object({ imports: z.array(line) }),
    answer: async ({ db, actor }) => ({
      imports: await db
        .selectFrom('exchange.import')
        .selectAll()
        .where('county_code', '=', actor.county_code)
        .where('actor_id', '=', actor.account_id)
        .orderBy('opened_at', 'desc')
        .limit(20)
        .execute(),
    }),
  }),
  route({
    read: 'imports',
    path: '/api/imports/:id',
    summary: 'One import: how far it is, and what was or would be added, changed, refused',
    query: z.object({ id: z.guid() }),
    reply: line.extend({ report: report.nullable() }),
    async answer({ db, actor, query }) {
      const row = must(
        await db
          .selectFrom('exchange.import')
          .selectAll()
          .where('county_code', '=', actor.county_code)
          .where('actor_id', '=', actor.account_id)
          .where('id', '=', query.id)
          .executeTakeFirst(),
        'id',
      );
      const found = row.report as z.infer<typeof report> | null;
      return { ...row, report: found && { ...found, refusals: found.refusals.slice(0, 200) } };
    },
  }),
];
