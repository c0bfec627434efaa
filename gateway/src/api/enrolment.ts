// /enrolment-keys and /enrol: how devices get their own credential without somebody typing in each of them ([ACC-9]).
import { createRoute, z } from '@hono/zod-openapi';
import {
  type EnrolledDevice,
  type EnrolmentKey,
  type EnrolmentKeyCreated,
  type EnrolmentKeyRequest,
  type EnrolRequest,
  limits,
} from '../contract/index.ts';
import { type ApiPorts, addressOf } from './context.ts';
import {
  enrolledSchema,
  enrolmentKeyCreatedSchema,
  enrolmentKeyRequestSchema,
  enrolmentKeysSchema,
  enrolRequestSchema,
} from './device-access-schemas.ts';
import { createRouter, needs } from './router.ts';
import { answer, body, limitQuery, problem } from './schemas.ts';

export type EnrolmentPorts = {
  /** The newest first, those before the id `before`. */
  page(before: string | null, limit: number): EnrolmentKey[];
  create(request: EnrolmentKeyRequest, by: string): Promise<EnrolmentKeyCreated>;
  revoke(id: string): Promise<void>;
  /** Gives a device its credential. Resolves once that and the use of the key are on disk. */
  enrol(request: EnrolRequest, address: string): Promise<EnrolledDevice>;
};

const middleware = needs('administrator');

const list = createRoute({
  method: 'get',
  path: '/',
  tags: ['enrolment'],
  middleware,
  summary: 'Enrolment keys, the newest first, with those that are used up or expired',
  request: { query: z.object({ limit: limitQuery(limits.pageRowsMax, 100), cursor: z.string().max(64).optional() }) },
  responses: { 200: answer('A page', enrolmentKeysSchema) },
});

const create = createRoute({
  method: 'post',
  path: '/',
  tags: ['enrolment'],
  middleware,
  summary: 'A key with which devices get their credential',
  request: { body: body(enrolmentKeyRequestSchema) },
  responses: { 201: answer('Made; the key is told this once', enrolmentKeyCreatedSchema) },
});

const revoke = createRoute({
  method: 'delete',
  path: '/{id}',
  tags: ['enrolment'],
  middleware,
  summary: 'Revoke a key; devices that enrolled with it keep their credentials',
  request: { params: z.object({ id: z.string().max(64) }) },
  responses: { 204: { description: 'Revoked' }, 404: problem('No such key') },
});

export function enrolmentKeyRoutes({ enrolment }: ApiPorts) {
  const router = createRouter();
  router.openapi(list, c => {
    const { limit, cursor } = c.req.valid('query');
    const items = enrolment.page(cursor ?? null, limit);
    return c.json({ items, next: items.length === limit ? (items.at(-1)?.id ?? null) : null }, 200);
  });
  router.openapi(create, async c => {
    const made = await enrolment.create(c.req.valid('json'), c.get('principal').name);
    c.set('told', { subject: made.id });
    return c.json(made, 201);
  });
  router.openapi(revoke, async c => {
    await enrolment.revoke(c.req.valid('param').id);
    return c.body(null, 204);
  });
  return router;
}

const enrol = createRoute({
  method: 'post',
  path: '/',
  tags: ['enrolment'],
  summary: 'For devices: a credential in exchange for an enrolment key. Needs no session',
  request: { body: body(enrolRequestSchema) },
  responses: {
    201: answer('Enrolled; the secret is told this once', enrolledSchema),
    403: problem('No such key, or one that is used up, expired, or not for this device'),
    409: problem('The device has a credential, and the key does not allow a second'),
    429: problem('Too many failures from this address'),
  },
});

export function enrolRoutes({ enrolment }: ApiPorts) {
  const router = createRouter();
  router.openapi(enrol, async c => c.json(await enrolment.enrol(c.req.valid('json'), addressOf(c)), 201));
  return router;
}
