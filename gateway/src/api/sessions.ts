// /sessions: what somebody is signed in with, and ending it.
import { createRoute, z } from '@hono/zod-openapi';
import type { ApiPorts } from './context.ts';
import { grantId, sessionsSchema } from './people-schemas.ts';
import { createRouter, needsPerson } from './router.ts';
import { answer, problem } from './schemas.ts';

const shared = { tags: ['session'], middleware: needsPerson() };

const list = createRoute({
  ...shared,
  method: 'get',
  path: '/',
  summary: 'My sessions, the newest first',
  responses: { 200: answer('The sessions', sessionsSchema) },
});

const endOthers = createRoute({
  ...shared,
  method: 'delete',
  path: '/',
  summary: 'End all my sessions but this one, with all that they opened',
  responses: { 204: { description: 'Ended' } },
});

const end = createRoute({
  ...shared,
  method: 'delete',
  path: '/{id}',
  summary: 'End one of my sessions, with all that it opened',
  request: { params: z.object({ id: grantId }) },
  responses: { 204: { description: 'Ended' }, 404: problem('No such session of mine') },
});

export function sessionListRoutes({ access: { grants } }: ApiPorts) {
  const router = createRouter();
  router.openapi(list, async c => {
    const { name, hash } = c.get('principal');
    return c.json({ items: await grants.sessionsOf(name, hash) }, 200);
  });
  router.openapi(endOthers, async c => {
    const { name, hash } = c.get('principal');
    await grants.endSessions(name, hash);
    return c.body(null, 204);
  });
  router.openapi(end, async c => {
    await grants.endSession(c.get('principal').name, c.req.valid('param').id);
    return c.body(null, 204);
  });
  return router;
}
