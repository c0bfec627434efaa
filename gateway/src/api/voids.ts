// /voids: ranges of a series that somebody declared wrong, and taking that back. Nothing is deleted by either.
import { createRoute, z } from '@hono/zod-openapi';
import { limits, Refusal } from '../contract/index.ts';
import { type ApiPorts, unitOf } from './context.ts';
import { createRouter, needs } from './router.ts';
import {
  answer,
  body,
  deviceId,
  limitQuery,
  metricName,
  problem,
  restoreRequestSchema,
  voidRequestSchema,
  voidSchema,
  voidsSchema,
} from './schemas.ts';
import { seenPage, sightOf } from './sight.ts';

const tags = ['history'];

const create = createRoute({
  method: 'post',
  path: '/',
  tags,
  middleware: needs('operator'),
  summary: 'Declare a range of a series wrong: its readings are kept, and left out of every answer',
  request: { body: body(voidRequestSchema) },
  responses: { 201: answer('Left out from now on', voidSchema), 404: problem('No such device or metric') },
});

const list = createRoute({
  method: 'get',
  path: '/',
  tags,
  summary: 'Voided ranges, the newest first, with those that were restored',
  request: {
    query: z.object({
      device: deviceId.optional(),
      metric: metricName.optional(),
      limit: limitQuery(limits.pageRowsMax, 50),
      cursor: z.string().max(64).optional(),
    }),
  },
  responses: { 200: answer('A page', voidsSchema) },
});

const restore = createRoute({
  method: 'post',
  path: '/{id}/restore',
  tags,
  middleware: needs('operator'),
  summary: 'Take a void back: its readings are in every answer again',
  request: { params: z.object({ id: z.string().max(64) }), body: body(restoreRequestSchema) },
  responses: {
    200: answer('The void, and who restored it', voidSchema),
    404: problem('No such void'),
    422: problem('It was restored already'),
  },
});

/** In the store's words for one that is not there. */
const noVoid = (id: string) => new Refusal('not_found', `no void has the id ${JSON.stringify(id)}`);

export function voidRoutes(ports: ApiPorts) {
  const router = createRouter();
  router.openapi(create, async c => {
    const request = c.req.valid('json');
    unitOf(ports, c.get('principal'), request.device, request.metric);
    const made = await ports.voids.create(request, c.get('principal').name);
    c.set('told', { device: made.device, subject: made.id, reason: made.reason });
    return c.json(made, 201);
  });
  router.openapi(list, async c => {
    const { device, metric, ...page } = c.req.valid('query');
    const sees = sightOf(ports, c.get('principal'));
    const read = (cursor: string | null, limit: number) => ports.voids.list({ device, metric }, cursor ?? '~', limit);
    return c.json(await seenPage(read, ({ id }) => id, sees, { cursor: page.cursor, limit: page.limit }), 200);
  });
  router.openapi(restore, async c => {
    const { reason } = c.req.valid('json');
    const { id } = c.req.valid('param');
    const sees = sightOf(ports, c.get('principal'));
    if (sees !== null && !sees((await ports.voids.get(id)).device)) throw noVoid(id);
    const restored = await ports.voids.restore(id, reason, c.get('principal').name);
    c.set('told', { device: restored.device, reason });
    return c.json(restored, 200);
  });
  return router;
}
