// Who may come in: by the session cookie or a bearer token.
import type { IncomingHttpHeaders } from 'node:http';
import type { Context, MiddlewareHandler } from 'hono';
import { getCookie } from 'hono/cookie';
import { parse } from 'hono/utils/cookie';
import { Refusal } from '../contract/index.ts';
import { type ApiEnv, type ApiPorts, type Principal, sessionCookie } from './context.ts';
import type { Page } from './origin.ts';

const bearerForm = /^Bearer ([\w-]{1,256})$/i;

/** The secret that a request carries, from its header or its cookie. Never from the URL ([ACC-1]). */
export function secretIn(authorization: string | undefined, cookie: string | undefined): string | null {
  return bearerForm.exec(authorization ?? '')?.[1] ?? cookie ?? null;
}

/** The same for a request that did not come through the application: an upgrade. */
export function secretInHeaders({ authorization, cookie = '' }: IncomingHttpHeaders, page: Page): string | null {
  return secretIn(authorization, page === 'allowed' ? undefined : parse(cookie, sessionCookie)[sessionCookie]);
}

/** Who asks, or null. The cookie of a session counts for the gateway's own pages alone ([ACC-10]). */
export async function principalIn(c: Context<ApiEnv>, ports: ApiPorts): Promise<Principal | null> {
  const cookie = c.get('page') === 'allowed' ? undefined : getCookie(c, sessionCookie);
  const secret = secretIn(c.req.header('Authorization'), cookie);
  return secret === null ? null : ports.access.principalOf(secret);
}

/** Lets in whoever is signed in, and keeps who it is. */
export function signedIn(ports: ApiPorts): MiddlewareHandler<ApiEnv> {
  return async (c, next) => {
    const principal = await principalIn(c, ports);
    if (principal === null) throw new Refusal('not_signed_in');
    c.set('principal', principal);
    await next();
  };
}
