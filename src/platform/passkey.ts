import { randomBytes } from 'node:crypto';
import { generateAuthenticationOptions, generateRegistrationOptions, verifyAuthenticationResponse, verifyRegistrationResponse } from '@simplewebauthn/server';
import type { FastifyRequest } from 'fastify';
import { sql } from 'kysely';
import { z } from 'zod';
import { isId } from '../kit/id.ts';
import { Problem } from '../kit/problem.ts';
import { isPlaceCode } from '../kit/scope.ts';
import type { Role } from './access.ts';
import type { Corridor, Hall } from './http.ts';
import type { House } from './room.ts';
import { readGiven } from './route.ts';
import { run } from './run.ts';
import { openSession } from './session.ts';

const minutes = 5;
const refused = (rule: string) => new Problem('signed_out', { field: 'passkey', rule });

/** Where the browser thinks it is: passkeys are bound to it. */
export function originOf(request: FastifyRequest, { site }: Pick<Hall, 'site'>): URL {
  return new URL(site.publicUrl ?? `${request.protocol}://${request.headers.host ?? 'localhost'}`);
}

/** Passkeys (WebAuthn): adding one to an account or to a client's own record, and signing in with one. `adding` is the command's name. */
export const passkeyDoors =
  (adding: string): Corridor =>
  (app, house, hall) => {
    app.post('/api/passkeys/new', { config: { needs: 'signed_in' }, schema: { summary: 'What a browser needs to make a passkey' } }, async (request) => {
      const actor = await hall.who(request);
      const kind = actor.client_id ? 'client' : 'account';
      const options = await generateRegistrationOptions({
        rpName: '知愿 Zhiyuan',
        rpID: originOf(request, hall).hostname,
        userName: kind === 'client' ? '我的记录 My record' : actor.display_name,
        userID: new TextEncoder().encode(`${actor.county_code} ${kind} ${actor.client_id ?? actor.account_id}`),
        authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
      });
      const id = await keepChallenge(house, 'new', options.challenge, actor.client_id ?? actor.account_id);
      return { id, options };
    });
    app.post('/api/passkeys', { config: { needs: 'signed_in' }, schema: { summary: 'Keep the passkey that was made' } }, async (request, reply) => {
      const actor = await hall.who(request);
      const { id, name, response } = readGiven(answer.extend({ name: z.string().min(1).max(60) }), request.body);
      const holder_id = actor.client_id ?? actor.account_id;
      const challenge = await takeChallenge(house, 'new', id, holder_id);
      const origin = originOf(request, hall);
      const found = await verifyRegistrationResponse({
        response: response as never,
        expectedChallenge: challenge,
        expectedOrigin: origin.origin,
        expectedRPID: origin.hostname,
      }).catch(() => undefined);
      if (!found?.verified || !found.registrationInfo) throw refused('passkey_not_verified');
      const { credential } = found.registrationInfo;
      const self = { ...actor, client_id: undefined, account_id: holder_id, role: hall.roles.get('self') as Role };
      const input = {
        passkey_id: credential.id,
        holder_id,
        holder_kind: actor.client_id ? 'client' : 'account',
        public_key: Buffer.from(credential.publicKey).toString('base64url'),
        passkey_name: name,
      };
      const [outcome] = await run(house, self, [{ id: crypto.randomUUID(), name: adding, input }]);
      if (outcome?.problem) throw new Problem(outcome.problem.code as 'refused', outcome.problem.findings);
      return reply.status(204).send();
    });

    app.post(
      '/api/session/passkey/start',
      { config: { needs: 'anyone' }, schema: { summary: 'What a browser needs to sign in with a passkey' } },
      async (request) => {
        const options = await generateAuthenticationOptions({ rpID: originOf(request, hall).hostname, userVerification: 'required' });
        return { id: await keepChallenge(house, 'sign_in', options.challenge), options };
      },
    );
    app.post('/api/session/passkey', { config: { needs: 'anyone' }, schema: { summary: 'Sign in with a passkey' } }, async (request, reply) => {
      await hall.attempts.count(request.ip);
      const { id, response } = readGiven(answer, request.body);
      const challenge = await takeChallenge(house, 'sign_in', id);
      const holder = holderOf(response);
      const kept = await house.database.read({ county_code: holder.county_code, place_code: holder.county_code }, (db) =>
        db
          .selectFrom('access.passkey')
          .selectAll()
          .where('county_code', '=', holder.county_code)
          .where('id', '=', response.id)
          .where('removed_at', 'is', null)
          .executeTakeFirst(),
      );
      if (!kept || (kept.account_id ?? kept.client_id) !== holder.id) throw refused('passkey_unknown');
      const origin = originOf(request, hall);
      const verified = await verifyAuthenticationResponse({
        response: response as never,
        expectedChallenge: challenge,
        expectedOrigin: origin.origin,
        expectedRPID: origin.hostname,
        credential: { id: kept.id, publicKey: new Uint8Array(Buffer.from(kept.public_key, 'base64url')), counter: 0 },
      }).catch(() => undefined);
      if (!verified?.verified) throw refused('passkey_not_verified');
      const session = kept.client_id
        ? { client_id: kept.client_id, kind: 'portal' as const }
        : { account_id: kept.account_id as string, kind: 'site' as const };
      hall.welcome(request, reply, await openSession(house.database, { county_code: holder.county_code, ...session }));
      return reply.status(204).send();
    });
  };

const answer = z.object({ id: z.string().max(60), response: z.looseObject({ id: z.string().max(400), response: z.looseObject({}) }) });

/** Whose passkey it says it is; believed only after the signature was verified with the key kept for it. */
function holderOf(response: z.infer<typeof answer>['response']): { county_code: string; id: string } {
  const handle = Buffer.from(String((response.response as { userHandle?: string }).userHandle ?? ''), 'base64url').toString();
  const [county_code = '', , id = ''] = handle.split(' ');
  if (!isPlaceCode(county_code) || !isId(id)) throw refused('passkey_unknown');
  return { county_code, id };
}

async function keepChallenge(house: House, purpose: string, challenge: string, holder_id: string | null = null): Promise<string> {
  const id = randomBytes(24).toString('base64url');
  const ends_at = new Date(Date.now() + minutes * 60_000).toISOString();
  await house.database.app.insertInto('access.challenge').values({ id, purpose, challenge, holder_id, ends_at }).execute();
  return id;
}

/** The challenge, once. */
async function takeChallenge(house: House, purpose: string, id: string, holder?: string): Promise<string> {
  const { rows } = await sql<{ challenge: string; holder_id: string | null; ends_at: string }>`
    delete from access.challenge where id = ${id} and purpose = ${purpose} returning challenge, holder_id, ends_at`.execute(house.database.app);
  const [found] = rows;
  if (!found || found.ends_at < new Date().toISOString() || (holder && found.holder_id !== holder)) throw refused('passkey_too_late');
  return found.challenge;
}
