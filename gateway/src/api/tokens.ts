// /tokens: what programs sign in with. Everybody has their own; administrators see and end all.
import { createRoute, z } from '@hono/zod-openapi';
import type { ApiPorts } from './context.ts';
import type { Principal } from './people-ports.ts';
import { grantId, tokenCreatedSchema, tokenRequestSchema, tokensSchema } from './people-schemas.ts';
import { createRouter, needsPerson } from './router.ts';
import { answer, body, problem } from './schemas.ts';

// A program that was given a token makes no further ones, which would outlive it.
const shared = { tags: ['tokens'], middleware: needsPerson('administrator') };

const list = createRoute({
  ...shared,
  method: 'get',
  path: '/',
  summary: 'My API tokens; for an administrator all, also those of the command line',
  responses: { 200: answer('The tokens', tokensSchema) },
});

const create = createRoute({
  ...shared,
  method: 'post',
  path: '/',
  summary: 'Make an API token that may no more than I; the secret in the answer is told this once',
  request: { body: body(tokenRequestSchema) },
  responses: {
    201: answer('Made', tokenCreatedSchema),
    403: problem('It would go beyond what I may'),
    429: problem('Too many tokens'),
  },
});

const end = createRoute({
  ...shared,
  method: 'delete',
  path: '/{id}',
  summary: 'Revoke an API token: it and all that it opened ends at once',
  request: { params: z.object({ id: grantId }) },
  responses: { 204: { description: 'Revoked' }, 404: problem('No such token') },
});

/** Whose tokens the principal may see and end: its own, or null for everybody's. */
const ownerFor = ({ role, user }: Principal) => (role === 'administrator' ? null : user);

export function tokenRoutes({ access: { grants } }: ApiPorts) {
  const router = createRouter();
  router.openapi(list, async c => c.json({ items: await grants.tokens(ownerFor(c.get('principal'))) }, 200));
  router.openapi(create, async c => {
    const made = await grants.createToken(c.get('principal'), c.req.valid('json'));
    c.set('told', { subject: made.id });
    return c.json(made, 201);
  });
  router.openapi(end, async c => {
    await grants.endToken(ownerFor(c.get('principal')), c.req.valid('param').id);
    return c.body(null, 204);
  });
  return router;
}
