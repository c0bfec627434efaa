// /users: people, what they may, and what they are signed in with. For administrators.
import { createRoute, z } from '@hono/zod-openapi';
import { limits, Refusal } from '../contract/index.ts';
import type { ApiPorts } from './context.ts';
import {
  grantId,
  passwordResetSchema,
  sessionsSchema,
  userChangeSchema,
  userCreatedSchema,
  userParam,
  userRequestSchema,
  userSchema,
  usersSchema,
} from './people-schemas.ts';
import { createRouter, needs } from './router.ts';
import { answer, body, limitQuery, problem } from './schemas.ts';

const shared = { tags: ['users'], middleware: needs('administrator') };
const request = { params: userParam };
const notFound = { 404: problem('No such user') };
const lastOne = { 422: problem('The last administrator stays one') };

const list = createRoute({
  ...shared,
  method: 'get',
  path: '/',
  summary: 'Users in order of name',
  request: { query: z.object({ limit: limitQuery(limits.pageRowsMax, 100), cursor: z.string().optional() }) },
  responses: { 200: answer('A page', usersSchema) },
});

const create = createRoute({
  ...shared,
  method: 'post',
  path: '/',
  summary: 'Create a user. Without a password one is made up and told this once. An administrator has no scope',
  request: { body: body(userRequestSchema) },
  responses: {
    201: answer('Created', userCreatedSchema),
    409: problem('There is one'),
    429: problem('Too many users'),
  },
});

const get = createRoute({
  ...shared,
  method: 'get',
  path: '/{name}',
  summary: 'One user',
  request,
  responses: { 200: answer('The user', userSchema), ...notFound },
});

const change = createRoute({
  ...shared,
  method: 'patch',
  path: '/{name}',
  summary: 'Change role or scope. The sessions of the user end at once, and those tokens that may more than the user',
  request: { ...request, body: body(userChangeSchema) },
  responses: { 200: answer('The user', userSchema), ...notFound, ...lastOne },
});

const remove = createRoute({
  ...shared,
  method: 'delete',
  path: '/{name}',
  summary: 'Delete a user; sessions and tokens of the user end at once',
  request,
  responses: { 204: { description: 'Deleted' }, ...notFound, ...lastOne },
});

const resetPassword = createRoute({
  ...shared,
  method: 'post',
  path: '/{name}/password',
  summary: 'A new password that is told this once; the sessions of the user end at once',
  request,
  responses: { 200: answer('The password', passwordResetSchema), ...notFound },
});

const removeTotp = createRoute({
  ...shared,
  method: 'delete',
  path: '/{name}/totp',
  summary: 'Ask the user for no one-time password any more',
  request,
  responses: { 204: { description: 'Removed' }, ...notFound },
});

const sessions = createRoute({
  ...shared,
  method: 'get',
  path: '/{name}/sessions',
  summary: 'What the user is signed in with',
  request,
  responses: { 200: answer('The sessions', sessionsSchema), ...notFound },
});

const endSessions = createRoute({
  ...shared,
  method: 'delete',
  path: '/{name}/sessions',
  summary: 'End all sessions of the user',
  request,
  responses: { 204: { description: 'Ended' }, ...notFound },
});

const endSession = createRoute({
  ...shared,
  method: 'delete',
  path: '/{name}/sessions/{id}',
  summary: 'End one session of the user',
  request: { params: userParam.extend({ id: grantId }) },
  responses: { 204: { description: 'Ended' }, 404: problem('No such user or session') },
});

export function userRoutes({ access: { grants, people } }: ApiPorts) {
  const router = createRouter();
  router.openapi(list, c => {
    const { limit, cursor } = c.req.valid('query');
    const items = people.page(cursor ?? null, limit);
    return c.json({ items, next: items.length === limit ? (items.at(-1)?.name ?? null) : null }, 200);
  });
  router.openapi(create, async c => {
    const wanted = c.req.valid('json');
    needNoScope(wanted);
    c.set('told', { subject: wanted.name });
    return c.json(await people.create(wanted), 201);
  });
  router.openapi(get, c => c.json(people.describe(c.req.valid('param').name), 200));
  router.openapi(change, async c => {
    const wanted = c.req.valid('json');
    needNoScope(wanted);
    return c.json(await people.change(c.req.valid('param').name, wanted), 200);
  });
  router.openapi(remove, async c => {
    await people.remove(c.req.valid('param').name);
    return c.body(null, 204);
  });
  router.openapi(resetPassword, async c => c.json(await people.resetPassword(c.req.valid('param').name), 200));
  router.openapi(removeTotp, async c => {
    await people.removeTotp(c.req.valid('param').name);
    return c.body(null, 204);
  });
  router.openapi(sessions, async c => {
    const { name } = people.describe(c.req.valid('param').name);
    return c.json({ items: await grants.sessionsOf(name, c.get('principal').hash) }, 200);
  });
  router.openapi(endSessions, async c => {
    await grants.endSessions(people.describe(c.req.valid('param').name).name, null);
    return c.body(null, 204);
  });
  router.openapi(endSession, async c => {
    const { name, id } = c.req.valid('param');
    await grants.endSession(people.describe(name).name, id);
    return c.body(null, 204);
  });
  return router;
}

function needNoScope({ role, scope }: { role?: string; scope?: object | null }): void {
  if (role !== 'administrator' || scope === undefined || scope === null) return;
  throw new Refusal('bad_request', 'scope: expected null, for an administrator is never limited');
}
