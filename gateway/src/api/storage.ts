// /storage: what the history takes on disk, in all and by series.
import { createRoute, z } from '@hono/zod-openapi';
import { limits } from '../contract/index.ts';
import type { ApiPorts } from './context.ts';
import { createRouter } from './router.ts';
import { answer, limitQuery, seriesStorageSchema, storageSchema } from './schemas.ts';
import { seenPage, sightOf } from './sight.ts';

const tags = ['storage'];

const read = createRoute({
  method: 'get',
  path: '/',
  tags,
  summary: 'What is stored of all devices, what is written in a day, and when it will be full',
  responses: { 200: answer('The numbers', storageSchema) },
});

const series = createRoute({
  method: 'get',
  path: '/series',
  tags,
  summary: 'What each series takes, in the order in which they were first seen',
  request: {
    query: z.object({
      limit: limitQuery(limits.pageRowsMax, 100),
      cursor: z
        .string()
        .regex(/^\d{1,15}$/, 'expected the `next` of the page before')
        .optional(),
    }),
  },
  responses: { 200: answer('A page', seriesStorageSchema) },
});

export function storageRoutes(ports: ApiPorts) {
  const { storage } = ports;
  const router = createRouter();
  router.openapi(read, async c => c.json(await storage.read(), 200));
  router.openapi(series, async c => {
    const { limit, cursor } = c.req.valid('query');
    const read = (after: string | null, most: number) => storage.series(after === null ? -1 : Number(after), most);
    const sees = sightOf(ports, c.get('principal'));
    const { items, next } = await seenPage(read, ({ id }) => String(id), sees, { cursor, limit });
    // The id is the store's own: nothing else outside goes by it.
    return c.json({ items: items.map(({ id: _, ...row }) => row), next }, 200);
  });
  return router;
}
