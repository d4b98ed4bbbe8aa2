import cookie from '@fastify/cookie';
import helmet from '@fastify/helmet';
import multipart from '@fastify/multipart';
import swagger from '@fastify/swagger';
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { jsonSchemaTransform, jsonSchemaTransformObject, serializerCompiler, validatorCompiler, type ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { newId } from '../kit/id.ts';
import { Problem } from '../kit/problem.ts';
import { type Actor, allow, type Role } from './access.ts';
import type { Db } from './database.ts';
import { noteLook } from './looks.ts';
import type { Oidc } from './oidc.ts';
import { addPages, packed } from './pages.ts';
import { problemOfDatabase } from './problems.ts';
import type { House, Item } from './room.ts';
import { type Route, readGiven } from './route.ts';
import { run } from './run.ts';
import { actorOf, signOut } from './session.ts';
import { Attempts, signIn } from './sign-in.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Who may pass: `anyone`, whoever is `signed_in`, or who holds this question or command. */
    needs?: string;
  }
}

/** A door that is more than a question: it gets the server and the way to know who asks. */
export type Corridor = (app: FastifyInstance, house: House, hall: Hall) => void;

/** What a door may use to know who stands before it. */
export interface Hall {
  /** Who asks; Problem `signed_out` for nobody, `forbidden` while a password has to be changed first. */
  who: (request: FastifyRequest) => Promise<Actor>;
  /** The same, with the password still to be changed. */
  whoever: (request: FastifyRequest) => Promise<Actor>;
  roles: ReadonlyMap<string, Role>;
  attempts: Attempts;
  /** Puts a session's token where the browser keeps it. */
  welcome: (request: FastifyRequest, reply: FastifyReply, token: string) => void;
  site: Site;
}

export interface Site {
  house: House;
  roles: ReadonlyMap<string, Role>;
  routes: readonly Route[];
  corridors?: readonly Corridor[];
  /** The address people type, for passkeys and outside sign-in; the request's own where it is not set. */
  publicUrl?: string | undefined;
  oidc?: Oidc | undefined;
  /** Told of every door as it opens. */
  onRoute?: (route: { method: string; url: string; needs: string }) => void;
  /** Whether an emergency was declared that opens a client's record to this actor now. */
  isOpened?: (house: House, actor: Actor, clientId: string) => Promise<boolean>;
  /** A password that must be changed before anything else: the demonstration's, where others than this machine can reach the site. */
  mustChange?: (password: string) => boolean;
  log?: boolean | { write: (line: string) => void };
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
  const app = fastify({
    logger: site.log ? { level: 'warn', serializers: quiet, ...(site.log === true ? {} : { stream: site.log }) } : false,
    bodyLimit: 16 * 1024 * 1024,
    genReqId: () => newId(),
  });
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  await app.register(helmet, { contentSecurityPolicy: { directives: policy }, strictTransportSecurity: false });
  app.addHook('onSend', packed);
  await app.register(cookie);
  await app.register(multipart, { limits: { fileSize: 210 * 1024 * 1024, files: 1 } });
  await app.register(swagger, {
    openapi: { openapi: '3.1.0', info: { title: '知愿 Zhiyuan', version: '1' } },
    transform: jsonSchemaTransform,
    transformObject: (document) => withCommands(jsonSchemaTransformObject(document), house),
  });
  app.setErrorHandler((error, request, reply) => {
    const problem = problemFrom(error);
    if (!problem) request.log.error({ err: error, entry_id: request.id }, 'our mistake');
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
  app.addHook('onRoute', ({ method, url, config }) => {
    for (const one of [method].flat()) if (url.startsWith('/api/') && one !== 'HEAD') site.onRoute?.({ method: one, url, needs: config?.needs ?? '' });
  });
  const hall = hallOf(site);
  // Who is not signed in learns nothing of what a door would take.
  app.addHook('preValidation', async (request) => {
    const needs = request.routeOptions.config.needs;
    if (needs !== undefined && needs !== 'anyone') await hall.whoever(request);
  });
  addDoors(app, house, hall);
  for (const route of site.routes) addRoute(app, house, hall, route);
  for (const corridor of site.corridors ?? []) corridor(app, house, hall);
  app.get('/api/openapi.json', { config: { needs: 'anyone' }, schema: { hide: true } }, () => app.swagger());
  await addPages(app);
  await app.ready();
  return app;
}

/** The doors that corridors open, with who may pass, without opening a server. */
export function doorsOf(corridors: readonly Corridor[]): { method: string; path: string; needs: string }[] {
  const doors: { method: string; path: string; needs: string }[] = [];
  const note = (method: string) => (path: string, options: { config?: { needs?: string } }) => doors.push({ method, path, needs: options.config?.needs ?? '' });
  const app = { get: note('GET'), post: note('POST'), delete: note('DELETE') } as unknown as FastifyInstance;
  const site = { oidc: { issuer: '', clientId: '', clientSecret: '', claim: '' } };
  for (const corridor of corridors) corridor(app, {} as House, { site } as Hall);
  return doors;
}

/** A message without what may be somebody's: what is quoted, long numbers, Chinese words, days. */
const withoutData = (message: string): string => message.replace(/"[^"]*"|'[^']*'|`[^`]*`|[\u3400-\u9fff]+|\d{4}-\d{2}-\d{2}|\d{4,}/g, '…');

/**
 * What a log line says of a request and of an error: never a name, a number or a word of anybody. An address carries what was searched
 * for, and a database's message the row it refused, so both stay out; the entry's id and the place in the code lead to the cause.
 */
const quiet = {
  req: (request: FastifyRequest) => ({ method: request.method, route: request.routeOptions?.url ?? '' }),
  err: (error: Error & { code?: string | number; table?: string; constraint?: string; severity?: string }) => ({
    type: error.name,
    code: String(error.code ?? ''),
    // A database's own words may hold the row it refused.
    message: error.severity ? '' : withoutData(error.message),
    table: error.table ?? '',
    constraint: error.constraint ?? '',
    stack: (error.stack ?? '')
      .split('\n')
      .filter((line) => /^\s+at /.test(line))
      .join('\n'),
  }),
};

/** Own scripts and own style sheets only; nothing that stands in a page is run or styles it. */
const policy = {
  defaultSrc: ["'self'"],
  scriptSrc: ["'self'"],
  styleSrc: ["'self'"],
  imgSrc: ["'self'", 'data:'],
  fontSrc: ["'self'"],
  connectSrc: ["'self'"],
  objectSrc: ["'none'"],
  frameAncestors: ["'none'"],
  baseUri: ["'self'"],
  formAction: ["'self'"],
  upgradeInsecureRequests: null,
};

function hallOf(site: Site): Hall {
  const { database } = site.house;
  const asked = new WeakMap<FastifyRequest, Promise<Actor>>();
  const whoever = (request: FastifyRequest) => {
    const known = asked.get(request) ?? actorOf(database, site.roles, request.cookies[cookieName]);
    asked.set(request, known);
    return known;
  };
  return {
    whoever,
    async who(request) {
      const actor = await whoever(request);
      if (actor.must_change) throw new Problem('forbidden', { field: 'password', rule: 'change_password_first' });
      return actor;
    },
    roles: site.roles,
    attempts: new Attempts(database),
    welcome(request, reply, token) {
      reply.setCookie(cookieName, token, { path: '/', httpOnly: true, sameSite: 'lax', secure: request.protocol === 'https', maxAge: 180 * 86_400 });
    },
    site,
  };
}

function addDoors(app: FastifyInstance, house: House, { who, attempts, welcome, site }: Hall): void {
  const door = app.withTypeProvider<ZodTypeProvider>();
  const itemSchema = z.object({ id: z.string(), name: z.string(), input: z.record(z.string(), z.unknown()) });
  door.post(
    '/api/commands',
    {
      config: { needs: 'signed_in' },
      schema: {
        summary: 'The one door for writes',
        body: z.object({ items: z.array(itemSchema).min(1).max(largestBatch) }),
        response: { 200: z.object({ outcomes: z.array(outcomeSchema) }) },
      },
    },
    async (request) => ({ outcomes: await run(house, await who(request), request.body.items as Item[]) }),
  );
  const credentials = z.object({
    login: z.string().max(40),
    password: z.string().max(200),
    totp: z.string().max(10).optional(),
    device_name: z.string().max(60).optional(),
  });
  door.post(
    '/api/session',
    { config: { needs: 'anyone' }, schema: { summary: 'Sign in', body: credentials, response: { 204: z.undefined() } } },
    async (request, reply) => {
      welcome(request, reply, await signIn(house, attempts, request.body, request.ip, site.mustChange));
      return reply.status(204).send();
    },
  );
  door.delete('/api/session', { config: { needs: 'anyone' }, schema: { summary: 'Sign out', response: { 204: z.undefined() } } }, async (request, reply) => {
    const token = request.cookies[cookieName];
    if (token) await signOut(house.database, token);
    reply.clearCookie(cookieName, { path: '/' });
    return reply.status(204).send();
  });
}

function addRoute(app: FastifyInstance, house: House, { who, whoever, site }: Hall, route: Route): void {
  app
    .withTypeProvider<ZodTypeProvider>()
    .get(
      route.path,
      { config: { needs: route.read }, schema: { summary: route.summary, operationId: route.read, response: { 200: route.reply } } },
      async (request) => {
        const actor = await (route.read === 'session' ? whoever : who)(request);
        await allowOrNote(house, actor, route);
        const given = { ...(request.query as object), ...(request.params as object) };
        const query = readGiven(route.query, given);
        const asked = { actor, query, house };
        const isOpened = route.about && actor.people && (await site.isOpened?.(house, actor, route.about(query)));
        const scope = isOpened ? { ...actor, client_id: route.about?.(query) } : actor;
        const reply = route.withoutDb
          ? await route.answer({ db: undefined as unknown as Db, ...asked })
          : await house.database.read(scope, (db) => route.answer({ db, ...asked }));
        if (route.looks) {
          const look = { what: route.read, ...route.looks(reply, query) };
          if (look.client_ids.length > 0) await noteLook(house.database, house.keys, actor, look);
        }
        return reply;
      },
    );
}

/** Who asks for people's records without the duty is refused, and the attempt is written down. */
async function allowOrNote(house: House, actor: Actor, route: Route): Promise<void> {
  try {
    allow(actor, 'reads', route.read);
  } catch (problem) {
    if (route.looks) await noteLook(house.database, house.keys, actor, { action: 'refused', what: route.read, client_ids: [] });
    throw problem;
  }
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
