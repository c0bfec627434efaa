// /dead-letters: payloads that could not be understood, newest first.
import { createRoute, z } from '@hono/zod-openapi';
import { limits } from '../contract/index.ts';
import type { ApiPorts } from './context.ts';
import { createRouter, needs } from './router.ts';
import { answer, deadLettersSchema, limitQuery } from './schemas.ts';

const list = createRoute({
  method: 'get',
  path: '/',
  tags: ['dead letters'],
  middleware: needs('administrator'),
  summary: 'What devices sent and nobody understood, with the reason and a hint',
  request: {
    query: z.object({
      limit: limitQuery(limits.pageRowsMax, 50),
      cursor: z
        .string()
        .regex(/^\d{1,15}$/, 'expected the `next` of the page before')
        .optional(),
    }),
  },
  responses: { 200: answer('A page', deadLettersSchema) },
});

export function deadLetterRoutes({ deadLetters }: ApiPorts) {
  const router = createRouter();
  router.openapi(list, async c => {
    const { limit, cursor } = c.req.valid('query');
    const before = cursor === undefined ? Number.MAX_SAFE_INTEGER : Number(cursor);
    const items = await deadLetters.list(before, limit);
    const next = items.length === limit ? String(items.at(-1)?.id) : null;
    return c.json({ items, next, refused: deadLetters.refused() }, 200);
  });
  return router;
}
