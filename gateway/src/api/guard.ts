// Who may come in: by the session cookie or a bearer token.
import type { IncomingHttpHeaders } from 'node:http';
import type { Context, MiddlewareHandler } from 'hono';
import { getCookie } from 'hono/cookie';
import { parse } from 'hono/utils/cookie';
import { Refusal } from '../contract/index.ts';
import { type ApiEnv, type ApiPorts, isHttps, sessionCookie } from './context.ts';
import type { Page } from './origin.ts';
import type { Principal } from './people-ports.ts';

/** The path of imports; no limit of a body's size or time applies to it. */
export const importPath = '/api/v1/import';

const isJson = /^application\/json\b/i;
const bearerForm = /^Bearer ([\w-]{1,256})$/i;

/** The secret that a request carries, from its header or its cookie. Never from the URL ([ACC-1]). */
export function secretIn(authorization: string | undefined, cookie: string | undefined): string | null {
  return bearerForm.exec(authorization ?? '')?.[1] ?? cookie ?? null;
}

/** The same for a request that did not come through the application: an upgrade. */
export function secretInHeaders(
  { authorization, cookie = '' }: IncomingHttpHeaders,
  page: Page,
  isHttps: boolean,
): string | null {
  const name = sessionCookie(isHttps);
  return secretIn(authorization, page === 'allowed' ? undefined : parse(cookie, name)[name]);
}

/** Who asks, or null. The cookie of a session counts for the gateway's own pages alone ([ACC-10]). */
export async function principalIn(c: Context<ApiEnv>, ports: ApiPorts): Promise<Principal | null> {
  const cookie = c.get('page') === 'allowed' ? undefined : getCookie(c, sessionCookie(isHttps(c)));
  const secret = secretIn(c.req.header('Authorization'), cookie);
  return secret === null ? null : ports.access.principalOf(secret);
}

/** What may take an hour to be read: an answer of one of these types ends when the sign-in does. */
const downloads = new Set(['text/csv', 'application/x-ndjson', 'application/vnd.sqlite3']);

/** The chunks of a body or an answer, broken off where whoever asked is signed out meanwhile ([ACC-7]). */
export async function* whileHolds(
  chunks: AsyncIterable<Uint8Array>,
  { access }: ApiPorts,
  { hash }: Principal,
): AsyncIterable<Uint8Array> {
  for await (const chunk of chunks) {
    if (access.isOver(hash)) throw new Refusal('not_signed_in', 'the session is over');
    yield chunk;
  }
}

/** Reads the body, which may take its time: what it asks for is not done for somebody who is signed out by then. */
export function bodyRead({ access }: ApiPorts): MiddlewareHandler<ApiEnv> {
  return async (c, next) => {
    if (c.req.path !== importPath && c.req.header('Content-Type') !== undefined) {
      const { byteLength } = await c.req.arrayBuffer();
      // Programs say that JSON comes where none does: a body that may be left out was left out.
      if (byteLength === 0 && isJson.test(c.req.header('Content-Type') ?? '')) c.req.raw.headers.delete('Content-Type');
      if (access.isOver(c.get('principal').hash)) throw new Refusal('not_signed_in', 'the session is over');
    }
    await next();
  };
}

/** Lets in whoever is signed in, and keeps who it is. */
export function signedIn(ports: ApiPorts): MiddlewareHandler<ApiEnv> {
  return async (c, next) => {
    const principal = await principalIn(c, ports);
    if (principal === null) throw new Refusal('not_signed_in');
    c.set('principal', principal);
    await next();
    const type = c.res.headers.get('Content-Type')?.split(';')[0] ?? '';
    const { body } = c.res;
    if (!downloads.has(type) || body === null) return;
    c.res = new Response(ReadableStream.from(whileHolds(body, ports, principal)) as ReadableStream, c.res);
  };
}
