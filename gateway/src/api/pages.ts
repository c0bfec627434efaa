// What every answer tells a browser, and which requests of pages are refused before any route sees them ([ACC-10]).
import type { Context, MiddlewareHandler } from 'hono';
import { Refusal } from '../contract/index.ts';
import { type ApiEnv, isHttps } from './context.ts';
import { isAnswered, type PagePolicy, pageOf } from './origin.ts';

/** Nothing inline, nothing from elsewhere, in nobody's frame. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "font-src 'self'",
  "connect-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ');

const always: Readonly<Record<string, string>> = {
  'Content-Security-Policy': policy,
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'no-referrer',
  'Permissions-Policy': 'camera=(), geolocation=(), microphone=(), payment=(), usb=()',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
};
/** A year, as browsers' own lists ask for. */
const strictTransport = 'max-age=31536000';
const preflightSeconds = 600;

/** Types that a form of any page can send without asking first. */
const formTypes = new Set(['application/x-www-form-urlencoded', 'multipart/form-data', 'text/plain']);
const safeMethods = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * The headers that each answer has. Strict-Transport-Security stands for a name in all its ports: it is given where the
 * gateway itself speaks TLS, and never for this machine's own name, which others use too.
 */
export function answerHeaders(c: Context<ApiEnv>): Record<string, string> {
  const headers: Record<string, string> = { ...always };
  const { protocol, hostname } = new URL(c.req.url);
  if (protocol === 'https:' && !/^localhost$|\.localhost$/.test(hostname)) {
    headers['Strict-Transport-Security'] = strictTransport;
  }
  if (c.get('page') === 'allowed') {
    headers['Access-Control-Allow-Origin'] = c.req.header('Origin') ?? '';
    headers['Access-Control-Expose-Headers'] = 'Content-Disposition, ETag, Retry-After';
    headers.Vary = 'Origin';
  }
  return headers;
}

export function withHeaders(): MiddlewareHandler<ApiEnv> {
  return async (c, next) => {
    await next();
    for (const [name, value] of Object.entries(answerHeaders(c))) c.res.headers.set(name, value);
  };
}

/** Refuses a name that is not the gateway's. */
export function checkHost(pages: PagePolicy): MiddlewareHandler<ApiEnv> {
  return async (c, next) => {
    if (!isAnswered(c.req.header('Host'), pages)) {
      throw new Refusal('host_unknown', 'expected an address, localhost, or a name out of http.hosts');
    }
    await next();
  };
}

/**
 * Refuses what a page of another origin asks a signed-in browser to do. Pages of the configured origins are answered;
 * the session's cookie does not count for them, so that they need a token.
 */
export function checkPage(pages: PagePolicy): MiddlewareHandler<ApiEnv> {
  return async (c, next) => {
    const origin = c.req.header('Origin');
    const page = pageOf(origin, c.req.header('Host'), isHttps(c), pages);
    if (page === 'foreign') throw new Refusal('origin_refused', `the origin ${origin} is not this gateway`);
    c.set('page', page);
    if (c.req.method === 'OPTIONS' && page === 'allowed') return preflight(c);
    if (!safeMethods.has(c.req.method)) checkForgery(c, page === 'allowed');
    await next();
    return undefined;
  };
}

function preflight(c: Context<ApiEnv>): Response {
  c.header('Access-Control-Allow-Methods', 'GET, POST, PATCH, PUT, DELETE');
  c.header('Access-Control-Allow-Headers', 'Authorization, Content-Type, Idempotency-Key, If-Match, Last-Event-ID');
  c.header('Access-Control-Max-Age', String(preflightSeconds));
  return c.body(null, 204);
}

/** What browsers add of themselves has to fit, too; and without a token no form's type of body is read. */
function checkForgery(c: Context<ApiEnv>, isAllowed: boolean): void {
  const site = c.req.header('Sec-Fetch-Site');
  if (!isAllowed && (site === 'cross-site' || site === 'same-site')) {
    throw new Refusal('origin_refused', 'another site asked for it');
  }
  const [type = ''] = (c.req.header('Content-Type') ?? '').split(';');
  if (c.req.header('Authorization') === undefined && formTypes.has(type.trim().toLowerCase())) {
    throw new Refusal('unsupported_type', `expected a Content-Type such as application/json, got ${type.slice(0, 64)}`);
  }
}
