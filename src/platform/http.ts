import { existsSync } from 'node:fs';
import { join } from 'node:path';
import cookie from '@fastify/cookie';
import helmet from '@fastify/helmet';
import multipart from '@fastify/multipart';
import fixed from '@fastify/static';
import swagger from '@fastify/swagger';
import fastify, { type FastifyInstance, type FastifyRequest } from 'fastify';
import { jsonSchemaTransform, jsonSchemaTransformObject, serializerCompiler, validatorCompiler, type ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { newId } from '../kit/id.ts';
import { Problem } from '../kit/problem.ts';
import { type Actor, allow, type Role } from './access.ts';
import { root } from './config.ts';
import { problemOfDatabase } from './problems.ts';
import type { Route } from './route.ts';
import { type House, type Item, run } from './run.ts';
import { actorOf, signIn, signOut } from './session.ts';

/** A door that is more than a question: it gets the server and the way to know who asks. */
export type Corridor = (app: FastifyInstance, house: House, who: (request: FastifyRequest) => Promise<Actor>) => void;

export interface Site {
  house: House;
  roles: ReadonlyMap<string, Role>;
  routes: readonly Route[];
  corridors?: readonly Corridor[];
  log?: boolean;
}

const largestBatch = 2000;
const cookieName = 'zhiyuan_session';

const findingSchema = z.object({ field: z.string(), rule: z.string(), values: z.record(z.string(), z.union([z.string(), z.number()])).optional() });
const problemSchema = z.object({
  type: z.string(),
  code: z.string(),
  status: z.number(),
  title: z.string(),
  findings: z.array(findingSchema),
  entry_id: z.string().optional(),
});
const outcomeSchema = z.object({
  id: z.string(),
  status: z.enum(['done', 'repeated', 'refused']),
  seq: z.number().optional(),
  problem: problemSchema.optional(),
});

/** The server with every route, the one door for writes, sign-in, the OpenAPI document and the built pages. */
export async function serve(site: Site): Promise<FastifyInstance> {
  const { house } = site;
  const app = fastify({ logger: site.log ? { level: 'warn', redact: ['req.headers.cookie'] } : false, bodyLimit: 16 * 1024 * 1024, genReqId: () => newId() });
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  await app.register(helmet, { contentSecurityPolicy: { directives: policy }, strictTransportSecurity: false });
  await app.register(cookie);
  await app.register(multipart, { limits: { fileSize: 210 * 1024 * 1024, files: 1 } });
  await app.register(swagger, {
    openapi: { openapi: '3.1.0', info: { title: '知愿 Zhiyuan', version: '1' } },
    transform: jsonSchemaTransform,
    transformObject: (document) => withCommands(jsonSchemaTransformObject(document), house),
  });
  app.setErrorHandler((error, request, reply) => {
    const problem = problemFrom(error);
    if (!problem) request.log.error({ err: error, entry_id: request.id });
    const body = problem?.body() ?? {
      type: 'urn:zhiyuan:problem:bug',
      code: 'bug',
      status: 500,
      title: 'bug',
      findings: [{ field: '', rule: 'our_mistake' }],
      entry_id: request.id,
    };
    return reply.status(body.status).type('application/problem+json').serializer(JSON.stringify).send(body);
  });
  const who = (request: FastifyRequest) => actorOf(house.database, site.roles, request.cookies[cookieName]);
  addDoors(app, house, who);
  for (const route of site.routes) addRoute(app, house, who, route);
  for (const corridor of site.corridors ?? []) corridor(app, house, who);
  app.get('/api/openapi.json', { schema: { hide: true } }, () => app.swagger());
  await addPages(app);
  await app.ready();
  return app;
}

/** Own scripts only; styles may stand in the page because the component library sets positions that way. */
const policy = {
  defaultSrc: ["'self'"],
  scriptSrc: ["'self'"],
  styleSrc: ["'self'", "'unsafe-inline'"],
  imgSrc: ["'self'", 'data:'],
  connectSrc: ["'self'"],
  objectSrc: ["'none'"],
  frameAncestors: ["'none'"],
  baseUri: ["'self'"],
  formAction: ["'self'"],
  upgradeInsecureRequests: null,
};

function addDoors(app: FastifyInstance, house: House, who: (request: FastifyRequest) => Promise<Actor>): void {
  const door = app.withTypeProvider<ZodTypeProvider>();
  const itemSchema = z.object({ id: z.string(), name: z.string(), input: z.record(z.string(), z.unknown()) });
  door.post(
    '/api/commands',
    {
      schema: {
        summary: 'The one door for writes',
        body: z.object({ items: z.array(itemSchema).min(1).max(largestBatch) }),
        response: { 200: z.object({ outcomes: z.array(outcomeSchema) }) },
      },
    },
    async (request) => ({ outcomes: await run(house, await who(request), request.body.items as Item[]) }),
  );
  const credentials = z.object({ login: z.string().max(40), password: z.string().max(200) });
  door.post('/api/session', { schema: { summary: 'Sign in', body: credentials, response: { 204: z.undefined() } } }, async (request, reply) => {
    const token = await signIn(house.database, request.body.login.trim().toLowerCase(), request.body.password);
    reply.setCookie(cookieName, token, { path: '/', httpOnly: true, sameSite: 'lax', secure: request.protocol === 'https', maxAge: 7 * 86_400 });
    return reply.status(204).send();
  });
  door.delete('/api/session', { schema: { summary: 'Sign out', response: { 204: z.undefined() } } }, async (request, reply) => {
    const token = request.cookies[cookieName];
    if (token) await signOut(house.database, token);
    reply.clearCookie(cookieName, { path: '/' });
    return reply.status(204).send();
  });
}

function addRoute(app: FastifyInstance, house: House, who: (request: FastifyRequest) => Promise<Actor>, route: Route): void {
  app
    .withTypeProvider<ZodTypeProvider>()
    .get(route.path, { schema: { summary: route.summary, operationId: route.read, response: { 200: route.reply } } }, async (request) => {
      const actor = await who(request);
      allow(actor, 'reads', route.read);
      const given = { ...(request.query as object), ...(request.params as object) };
      const query = route.query.safeParse(given);
      if (!query.success)
        throw new Problem(
          'invalid',
          query.error.issues.map((issue) => ({ field: String(issue.path[0] ?? ''), rule: 'not_this_parameter' })),
        );
      return house.database.read(actor, (db) => route.answer({ db, actor, query: query.data, house }));
    });
}

function problemFrom(error: unknown): Problem | undefined {
  const known = problemOfDatabase(error);
  if (known) return known;
  const { statusCode, validation, code } = error as { statusCode?: number; validation?: { instancePath?: string }[]; code?: string };
  if (validation)
    return new Problem(
      'invalid',
      validation.map((one) => ({ field: (one.instancePath ?? '').slice(1).replaceAll('/', '.'), rule: 'not_this_parameter' })),
    );
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE' || code === 'FST_REQ_FILE_TOO_LARGE') return new Problem('invalid', { field: 'body', rule: 'too_large' });
  return statusCode && statusCode < 500 ? new Problem('invalid', { field: 'request', rule: 'not_a_request' }) : undefined;
}

/** Each command's form stands in the document under its name, so that other systems can check before they send. */
function withCommands<D>(document: D, house: House): D {
  const held = document as { components?: { schemas?: Record<string, unknown> } };
  held.components ??= {};
  held.components.schemas ??= {};
  for (const { command } of house.handlers.values()) {
    held.components.schemas[command.name] = z.toJSONSchema(command.form.schema, { target: 'draft-2020-12', unrepresentable: 'any' });
  }
  return document;
}

async function addPages(app: FastifyInstance): Promise<void> {
  const pages = join(root, 'dist');
  if (!existsSync(join(pages, 'index.html'))) return;
  await app.register(fixed, {
    root: pages,
    preCompressed: true,
    cacheControl: false,
    setHeaders: (reply, path: string) => {
      reply.header('cache-control', path.includes('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache');
    },
  });
  app.setNotFoundHandler((request, reply) => {
    if (request.method === 'GET' && !request.url.startsWith('/api/')) return reply.sendFile('index.html');
    throw new Problem('missing', { field: 'path', rule: 'not_found' });
  });
}
