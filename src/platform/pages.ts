import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzip, gzipSync } from 'node:zlib';
import fixed from '@fastify/static';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Problem } from '../kit/problem.ts';
import { root } from './config.ts';

/**
 * Answers travel compressed: a village's rows in a tenth. Small ones, one-time codes among them, as they are. In one go and not as a
 * stream: two hundred phones at once waited half a second longer for streams of ten kilobytes (measured with the library for it).
 */
export async function packed(request: FastifyRequest, reply: FastifyReply, payload: unknown): Promise<unknown> {
  const isWorth = typeof payload === 'string' && payload.length > 1200 && /json/.test(String(reply.getHeader('content-type')));
  if (!isWorth || !/\bgzip\b/.test(String(request.headers['accept-encoding'] ?? ''))) return payload;
  reply.header('content-encoding', 'gzip').header('vary', 'accept-encoding').removeHeader('content-length');
  return payload.length < 65_536 ? gzipSync(payload, { level: 4 }) : gzipped(payload, { level: 4 });
}
const gzipped = promisify<string, { level: number }, Buffer>(gzip);

/** Headers that tell a browser what a page may do; a script or a style sheet has no use for them. */
const ofPages = [
  'content-security-policy',
  'cross-origin-opener-policy',
  'origin-agent-cluster',
  'referrer-policy',
  'x-dns-prefetch-control',
  'x-download-options',
  'x-frame-options',
  'x-permitted-cross-domain-policies',
  'x-xss-protection',
];

/** The built pages: each address that is not the server's own opens the site. */
export async function addPages(app: FastifyInstance): Promise<void> {
  const pages = join(root, 'dist');
  if (!existsSync(join(pages, 'index.html'))) return;
  await app.register(fixed, {
    root: pages,
    preCompressed: true,
    cacheControl: false,
    setHeaders: (reply, path: string) => {
      const isAsset = path.includes('/assets/');
      reply.header('cache-control', isAsset ? 'public, max-age=31536000, immutable' : 'no-cache');
      // What a page may do is said with the page, not again with each of its parts: on a slow line the words weigh more than many a part.
      if (isAsset) for (const name of ofPages) reply.removeHeader(name);
    },
  });
  app.setNotFoundHandler((request, reply) => {
    if (request.method === 'GET' && !request.url.startsWith('/api/')) return reply.sendFile('index.html');
    throw new Problem('missing', { field: 'path', rule: 'not_found' });
  });
}
