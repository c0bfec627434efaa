// Health and metrics: for everybody as much as a supervisor needs, whole for who may see all devices or has the
// listener of their own ([ACC-10]).
import type { OpenAPIHono } from '@hono/zod-openapi';
import type { Context } from 'hono';
import type { ApiEnv, ApiPorts } from './context.ts';
import { principalIn, signedIn } from './guard.ts';
import type { Metrics } from './metrics.ts';
import type { PagePolicy } from './origin.ts';
import { checkHost, withHeaders } from './pages.ts';
import { handleError } from './problem.ts';
import { createRouter, needsAllDevices } from './router.ts';

const alive = (c: Context<ApiEnv>) => c.json({ ok: true });

function readiness(c: Context<ApiEnv>, ports: ApiPorts, isDetailed: boolean): Response {
  const health = ports.health();
  return c.json(isDetailed ? health : { ok: health.ok }, health.ok ? 200 : 503);
}

async function scrape(c: Context<ApiEnv>, metrics: Metrics): Promise<Response> {
  return c.text(await metrics.read(), 200, { 'Content-Type': metrics.contentType });
}

/** On the listener that everybody uses. */
export function addOps(app: OpenAPIHono<ApiEnv>, ports: ApiPorts, metrics: Metrics): void {
  app.get('/livez', alive);
  app.get('/readyz', async c => {
    // A store that cannot tell who asks is just what is asked about.
    const principal = await principalIn(c, ports).catch(() => null);
    return readiness(c, ports, principal?.scope === null);
  });
  app.get('/metrics', signedIn(ports), needsAllDevices(), c => scrape(c, metrics));
}

/** The listener for supervisors and Prometheus: no token, and nothing else. */
export function createOpsApp(pages: PagePolicy, ports: ApiPorts, metrics: Metrics): OpenAPIHono<ApiEnv> {
  const app = createRouter();
  app.onError((error, c) => handleError(error, c, ports.log));
  app.use(withHeaders());
  app.get('/livez', alive);
  app.get('/readyz', c => readiness(c, ports, true));
  app.get('/metrics', checkHost(pages), c => scrape(c, metrics));
  return app;
}
