import { randomBytes } from 'node:crypto';
import {
  allowInsecureRequests,
  authorizationCodeGrant,
  buildAuthorizationUrl,
  type Configuration,
  calculatePKCECodeChallenge,
  discovery,
  randomPKCECodeVerifier,
} from 'openid-client';
import { Problem } from '../kit/problem.ts';
import type { Corridor } from './http.ts';
import { originOf } from './passkey.ts';
import { openSession } from './session.ts';

/** An identity provider outside the house; `claim` names the answer that holds the login. */
export interface Oidc {
  issuer: string;
  clientId: string;
  clientSecret: string;
  claim: string;
}

const cookie = 'zhiyuan_oidc';
const refused = (rule: string) => new Problem('signed_out', { field: 'oidc', rule });

/** Sign-in against an outside identity provider (OpenID Connect, code flow with PKCE): it says who, an account here says what they may. */
export const oidcDoors: Corridor = (app, house, hall) => {
  const { oidc } = hall.site;
  app.get('/api/sign-in-ways', { config: { needs: 'anyone' }, schema: { summary: 'How one can sign in here' } }, async () => ({ oidc: oidc !== undefined }));
  if (!oidc) return;
  let known: Promise<Configuration> | undefined;
  const provider = () => {
    // Over plain http only on this machine itself: a provider elsewhere is spoken to over TLS.
    const isLocal = ['localhost', '127.0.0.1', '[::1]'].includes(new URL(oidc.issuer).hostname);
    known ??= discovery(new URL(oidc.issuer), oidc.clientId, oidc.clientSecret, undefined, isLocal ? { execute: [allowInsecureRequests] } : {});
    known.catch(() => {
      known = undefined;
    });
    return known;
  };
  app.get('/api/oidc/start', { config: { needs: 'anyone' }, schema: { summary: 'Go to the identity provider' } }, async (request, reply) => {
    const verifier = randomPKCECodeVerifier();
    const state = randomBytes(24).toString('base64url');
    const nonce = randomBytes(24).toString('base64url');
    const to = buildAuthorizationUrl(await provider(), {
      redirect_uri: `${originOf(request, hall).origin}/api/oidc/callback`,
      scope: 'openid profile',
      code_challenge: await calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      state,
      nonce,
    });
    reply.setCookie(cookie, JSON.stringify({ verifier, state, nonce }), {
      path: '/api/oidc',
      httpOnly: true,
      sameSite: 'lax',
      secure: request.protocol === 'https',
      maxAge: 600,
    });
    return reply.redirect(to.href);
  });
  app.get('/api/oidc/callback', { config: { needs: 'anyone' }, schema: { summary: 'Back from the identity provider' } }, async (request, reply) => {
    const kept = readKept(request.cookies[cookie]);
    const here = new URL(request.url, originOf(request, hall));
    const tokens = await authorizationCodeGrant(await provider(), here, {
      pkceCodeVerifier: kept.verifier,
      expectedState: kept.state,
      expectedNonce: kept.nonce,
      idTokenExpected: true,
    }).catch(() => undefined);
    const login = tokens?.claims()?.[oidc.claim];
    reply.clearCookie(cookie, { path: '/api/oidc' });
    if (typeof login !== 'string') throw refused('oidc_refused');
    const account = await house.database.app.selectFrom('access.login').selectAll().where('login', '=', login.toLowerCase()).executeTakeFirst();
    if (!account) throw refused('oidc_no_account');
    hall.welcome(request, reply, await openSession(house.database, { county_code: account.county_code, account_id: account.account_id, kind: 'site' }));
    return reply.redirect('/');
  });
};

function readKept(value: string | undefined): { verifier: string; state: string; nonce: string } {
  try {
    const kept = JSON.parse(value ?? '') as { verifier: string; state: string; nonce: string };
    if (kept.verifier && kept.state && kept.nonce) return kept;
  } catch {
    // no cookie, or one that is not ours: the same refusal
  }
  throw refused('oidc_refused');
}
