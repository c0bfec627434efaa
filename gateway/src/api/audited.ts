// A line of the audit trail for each request that changed something, where the change leaves none of its own kind. Of
// what was sent and answered nothing is kept, so that no secret can be in it.
import type { MiddlewareHandler } from 'hono';
import { matchedRoutes } from 'hono/route';
import { type ApiEnv, type ApiPorts, addressOf } from './context.ts';

const changing = new Set(['POST', 'PUT', 'PATCH', 'DELETE']);
/** Parts of paths below which every change has a line of its own kind, in its own commit. */
const ownKinds = ['commands', 'desired', 'lease', 'groups', 'command-groups', 'command-types'];
/** Those that change nothing: tickets, live views, and previews of what would be. */
const asking = ['ticket', 'stream', 'log', 'preview'];
const leftOut = new Set([...ownKinds, ...asking]);
const base = '/api/v1';

/** What changes nothing and is told all the same: who has a backup has every secret. */
const copying = new Set(['GET /backup']);

/**
 * What a request is about, where its path does not say it. `begun` says that some of it may be done although the request
 * is refused further on.
 */
export type Told = { device?: string; subject?: string; reason?: string; begun?: boolean };

/**
 * Stands behind the sign-in. Handlers may set `told`. Of what the gateway itself could not end (5xx) some may be done,
 * and the line has the status; what was refused has no line.
 */
export function audited({ audit }: Pick<ApiPorts, 'audit'>): MiddlewareHandler<ApiEnv> {
  return async (c, next) => {
    await next();
    const { method } = c.req;
    const { status } = c.res;
    const { device, subject, reason, begun = false } = c.get('told') ?? {};
    const isDone = status < 400;
    if (!isDone && status < 500 && !begun) return;
    const route = matchedRoutes(c).find(matched => matched.method === method);
    if (route === undefined) return;
    const path = route.path.slice(base.length).replaceAll(/:(\w+)/g, '{$1}');
    if (!changing.has(method) && !copying.has(`${method} ${path}`)) return;
    if (path.split('/').some(part => leftOut.has(part))) return;
    const [named, ...others] = Object.entries<string>(c.req.param());
    const inPath = named?.[1] ?? null;
    const isDevice = path.startsWith('/devices/{');
    audit.note({
      action: 'rest',
      what: `${method} ${path}`,
      device: device ?? (isDevice ? inPath : null),
      by: c.get('principal').name,
      from: addressOf(c),
      reason: reason ?? null,
      subject: subject ?? (isDevice ? null : inPath),
      detail: others.length === 0 && isDone ? null : { ...Object.fromEntries(others), ...(!isDone && { status }) },
    });
  };
}
