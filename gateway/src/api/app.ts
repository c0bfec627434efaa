// The HTTP application as a list of what it answers. No port is opened here, so that tests ask it directly.
import { serveStatic } from '@hono/node-server/serve-static';
import type { OpenAPIHono } from '@hono/zod-openapi';
import { bodyLimit } from 'hono/body-limit';
import { limits, Refusal } from '../contract/index.ts';
import { asyncApiDocument } from './asyncapi.ts';
import { auditRoutes } from './audit.ts';
import { audited } from './audited.ts';
import { backupRoutes } from './backup.ts';
import { bulkRoutes } from './bulk.ts';
import { groupRoutes } from './command-groups.ts';
import { commandTypeRoutes } from './command-types.ts';
import { commandRoutes } from './commands.ts';
import { type ApiEnv, type ApiPorts, findClient } from './context.ts';
import { controlRoutes } from './control.ts';
import { credentialRoutes } from './credentials.ts';
import { deadLetterRoutes } from './dead-letters.ts';
import { deviceCredentialRoutes } from './device-credentials.ts';
import { deviceStateRoutes } from './device-state.ts';
import { deviceRoutes } from './devices.ts';
import { enrolmentKeyRoutes, enrolRoutes } from './enrolment.ts';
import { bodyRead, importPath, signedIn } from './guard.ts';
import { historyRoutes } from './history.ts';
import { createMetrics, type Metrics } from './metrics.ts';
import { addOps } from './ops.ts';
import type { PagePolicy } from './origin.ts';
import { checkHost, checkPage, withHeaders } from './pages.ts';
import { handleError } from './problem.ts';
import { createRouter } from './router.ts';
import { sessionRoutes } from './session.ts';
import { sessionListRoutes } from './sessions.ts';
import { storageRoutes } from './storage.ts';
import { streamRoutes } from './stream.ts';
import { ticketRoutes } from './tickets.ts';
import { tokenRoutes } from './tokens.ts';
import { transferRoutes } from './transfer.ts';
import { userRoutes } from './users.ts';
import { voidRoutes } from './voids.ts';

export type AppConfig = {
  /** Folder of the built dashboard, or null for the API alone. */
  dashboardDir: string | null;
  pages: PagePolicy;
  /** Addresses and ranges of proxies whose word on where a request came from is believed. */
  trustedProxies: readonly string[];
};

const openApiInfo = {
  openapi: '3.1.0',
  info: {
    title: 'Telltale',
    version: '1',
    description: 'Devices, history, commands and the live stream of an IoT remote monitoring gateway.',
  },
  servers: [{ url: '/api/v1' }],
};

/** `metrics` is handed in where another listener answers with the same. */
export function createApp(
  config: AppConfig,
  ports: ApiPorts,
  metrics: Metrics = createMetrics(ports),
): OpenAPIHono<ApiEnv> {
  const app = createRouter();
  app.onError((error, c) => handleError(error, c, ports.log));
  app.use(withHeaders());
  app.use(findClient(config.trustedProxies));
  // Before the names are looked at: what asks after health has none.
  addOps(app, ports, metrics);
  app.use(checkHost(config.pages));

  app.route('/api/v1', createApi(config, ports));

  if (config.dashboardDir !== null) serveDashboard(app, config.dashboardDir);
  app.notFound(c =>
    handleError(new Refusal('not_found', `nothing answers ${c.req.method} ${c.req.path}`), c, ports.log),
  );
  return app;
}

function createApi(config: AppConfig, ports: ApiPorts): OpenAPIHono<ApiEnv> {
  const api = createRouter();
  api.use(checkPage(config.pages));
  api.use(async (c, next) => {
    await next();
    c.res.headers.set('Cache-Control', 'no-store');
  });
  // What a stranger may send is small: it is read before anybody knows who asks.
  const fromStrangers = limitBody(limits.signInBodyBytesMax);
  api.use('/session/*', fromStrangers);
  api.use('/enrol/*', fromStrangers);
  api.route('/session', sessionRoutes(ports));
  api.route('/enrol', enrolRoutes(ports));
  const json = { 'Content-Type': 'application/json' };
  // Made once: it takes tens of milliseconds, and anybody may ask.
  let openApi: string | undefined;
  api.get('/openapi.json', c => {
    openApi ??= JSON.stringify(api.getOpenAPI31Document(openApiInfo));
    return c.body(openApi, 200, json);
  });
  api.get('/asyncapi.json', c => c.body(asyncApiDocument(), 200, json));
  // Everything below is for those who are signed in.
  api.use(signedIn(ports));
  api.use(audited(ports));
  // An import is read chunk by chunk, so that its size costs nothing.
  const limited = limitBody(limits.requestBodyBytesMax);
  api.use((c, next) => (c.req.path === importPath ? next() : limited(c, next)));
  api.use(bodyRead(ports));
  api.route('/session', credentialRoutes(ports));
  api.route('/sessions', sessionListRoutes(ports));
  api.route('/tokens', tokenRoutes(ports));
  api.route('/users', userRoutes(ports));
  api.route('/devices', deviceRoutes(ports));
  api.route('/devices', bulkRoutes(ports));
  api.route('/devices', controlRoutes(ports));
  api.route('/devices', deviceStateRoutes(ports));
  api.route('/credentials', deviceCredentialRoutes(ports));
  api.route('/enrolment-keys', enrolmentKeyRoutes(ports));
  api.route('/history', historyRoutes(ports));
  api.route('/voids', voidRoutes(ports));
  api.route('/storage', storageRoutes(ports));
  api.route('/dead-letters', deadLetterRoutes(ports));
  api.route('/audit', auditRoutes(ports));
  api.route('/backup', backupRoutes(ports));
  api.route('/', transferRoutes(ports));
  api.route('/', commandTypeRoutes(ports));
  api.route('/', commandRoutes(ports));
  api.route('/command-groups', groupRoutes(ports));
  api.route('/', streamRoutes(ports));
  api.route('/', ticketRoutes(ports));
  return api;
}

function limitBody(maxSize: number) {
  return bodyLimit({
    maxSize,
    onError: () => {
      throw new Refusal('too_large', `expected at most ${maxSize} bytes`);
    },
  });
}

/** The built pages. Names with a hash never change; every other path is the page itself, which routes on its own. */
function serveDashboard(app: OpenAPIHono<ApiEnv>, dir: string): void {
  app.use(
    '/assets/*',
    serveStatic({
      root: dir,
      onFound: (_path, c) => c.header('Cache-Control', 'public, max-age=31536000, immutable'),
    }),
  );
  const page = serveStatic({
    root: dir,
    path: 'index.html',
    onFound: (_path, c) => c.header('Cache-Control', 'no-cache'),
  });
  app.get('*', async (c, next) => {
    const { path } = c.req;
    if (path.startsWith('/api/') || path === '/mqtt' || path.startsWith('/assets/')) return next();
    return (await serveStatic({ root: dir })(c, async () => {})) ?? page(c, next);
  });
}
