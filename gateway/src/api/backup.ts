// /backup: the whole database as it is now, for administrators; the gateway goes on meanwhile ([STO-9]).
import { createRoute, z } from '@hono/zod-openapi';
import type { ApiPorts } from './context.ts';
import { createRouter, needs } from './router.ts';
import { problem } from './schemas.ts';

const contentType = 'application/vnd.sqlite3';

const route = createRoute({
  method: 'get',
  path: '/',
  tags: ['backup'],
  middleware: needs('administrator'),
  summary: 'A backup of the database; the command restore takes it. Secrets are in it',
  responses: {
    200: {
      description: 'The file',
      headers: z.object({ 'Content-Disposition': z.string(), 'Content-Length': z.string() }),
      content: { [contentType]: { schema: z.string().openapi({ format: 'binary' }) } },
    },
    403: problem('Not an administrator'),
    422: problem('There is no room for it'),
    429: problem('One is being taken already'),
  },
});

export function backupRoutes({ now, backup }: ApiPorts) {
  const router = createRouter();
  router.openapi(route, async c => {
    const headers = { 'Content-Type': contentType };
    // Nobody would take the body of a HEAD, and its size is not known before it is made.
    if (c.req.method === 'HEAD') return c.body(null, 200, headers) as never;
    const { bytes, body } = await backup.take(c.req.raw.signal);
    const stamp = new Date(now())
      .toISOString()
      .replace(/\.\d+Z$/, 'Z')
      .replaceAll(':', '');
    return c.body(body, 200, {
      ...headers,
      'Content-Length': String(bytes),
      'Content-Disposition': `attachment; filename="telltale-${stamp}.db"`,
    }) as never;
  });
  return router;
}
