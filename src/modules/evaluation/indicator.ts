import * as z from 'zod/mini';

const name = z.object({ zh: z.string(), en: z.string() });

const test = z.union([
  z.string(),
  z.boolean(),
  z.array(z.string()),
  z.strictObject({ at_least: z.number() }),
  z.strictObject({ between: z.tuple([z.number(), z.number()]) }),
  z.strictObject({ has: z.string() }),
  z.strictObject({ given: z.boolean() }),
]);

/** Column → what it must be; all of them. */
const condition = z.record(z.string(), test);
const population = z.strictObject({ population: z.strictObject({ sex: z.optional(z.string()), age: z.tuple([z.number(), z.number()]) }) });
const estimated = z.strictObject({ estimate: z.string() });
const target = z.union([z.strictObject({ at_least: z.number() }), z.strictObject({ at_most: z.number() })]);
const counts = z.enum(['events', 'people', 'sum']);

const beside = z.strictObject({
  code: z.string(),
  title: name,
  from: z.optional(z.string()),
  counts: z.optional(counts),
  count_only: z.optional(z.boolean()),
  denominator: z.optional(condition),
  numerator: condition,
});

const common = {
  code: z.string().check(z.regex(/^[A-Z][A-Z0-9_]{1,20}$/)),
  dimension: z.enum(['L', 'P', 'R', 'Q', 'D', 'T', 'context']),
  class: z._default(z.enum(['scored', 'context']), 'scored'),
  title: name,
  says: name,
  cites: z.string(),
  from: z.string(),
  counts,
  /** Rows of this many months that end with the period, instead of the period's own. */
  window_months: z.optional(z.int()),
  /** Hidden where fewer are counted [R11]. */
  show_from: z.optional(z.number()),
  more: z.optional(name),
  target: z.optional(target),
  weight: z.optional(z.number()),
  beside: z._default(z.array(beside), []),
};

const indicator = z.discriminatedUnion('kind', [
  z.strictObject({
    ...common,
    kind: z.literal('proportion'),
    interval: z._default(z.enum(['wilson', 'poisson']), 'wilson'),
    unit: z._default(z.enum(['percent', 'permille']), 'percent'),
    denominator: z.union([population, estimated, condition]),
    numerator: condition,
  }),
  z.strictObject({
    ...common,
    kind: z.literal('parity'),
    population: z.strictObject({ age: z.tuple([z.number(), z.number()]) }),
    services: z.array(z.strictObject({ code: z.string(), title: name, condition })),
  }),
  z.strictObject({ ...common, kind: z.literal('mix'), column: z.string(), classes: z.array(z.string()) }),
  z.strictObject({ ...common, kind: z.literal('ratio'), numerator: condition, denominator: condition, times: z.number() }),
]);

export const bookSchema = z.strictObject({ code: z.string(), title: name, indicators: z.array(indicator) });

export type Test = z.infer<typeof test>;
export type Condition = z.infer<typeof condition>;
export type Indicator = z.infer<typeof indicator>;
export type Book = z.infer<typeof bookSchema>;

/** A denominator that comes from official statistics rather than from rows. */
export type Official = z.infer<typeof population> | z.infer<typeof estimated>;

export function isOfficial(denominator: unknown): denominator is Official {
  return typeof denominator === 'object' && denominator !== null && ('population' in denominator || 'estimate' in denominator);
}
