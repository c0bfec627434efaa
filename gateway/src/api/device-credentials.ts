// /credentials: what devices and field gateways sign in with. Secrets are told once, in the answer that makes them.
import { createRoute, z } from '@hono/zod-openapi';
import {
  type Credential,
  type CredentialChange,
  type CredentialCreated,
  type CredentialRequest,
  credentialKinds,
  limits,
  type NewSecret,
} from '../contract/index.ts';
import type { ApiPorts } from './context.ts';
import {
  connectionLogSchema,
  credentialChangeSchema,
  credentialCreatedSchema,
  credentialName,
  credentialRequestSchema,
  credentialSchema,
  credentialsSchema,
  newSecretSchema,
  secretRequestSchema,
} from './device-access-schemas.ts';
import { createRouter, needs } from './router.ts';
import { answer, body, limitQuery, problem } from './schemas.ts';

/** Each of them resolves once it is on disk; what may not sign in any more is being cut by then ([ACC-8]). */
export type CredentialPorts = {
  /** In order of name, those after `after` whose name contains `search`. */
  page(after: string | null, limit: number, search: string, kind: Credential['kind'] | null): Credential[];
  get(name: string): Credential;
  create(request: CredentialRequest): Promise<CredentialCreated>;
  change(name: string, change: CredentialChange): Promise<Credential>;
  rotate(name: string, overlapMs: number): Promise<NewSecret>;
  endPrevious(name: string): Promise<void>;
  revoke(name: string): Promise<void>;
};

const tags = ['credentials'];
const middleware = needs('administrator');
const params = z.object({ name: credentialName });
const notFound = { 404: problem('No such credential') };

const list = createRoute({
  method: 'get',
  path: '/',
  tags,
  middleware,
  summary: 'Credentials in order of name',
  request: {
    query: z.object({
      limit: limitQuery(limits.pageRowsMax, 100),
      cursor: z.string().max(128).optional(),
      q: z.string().max(128).default('').openapi({ description: 'A part of the name' }),
      kind: z.enum(credentialKinds).optional(),
    }),
  },
  responses: { 200: answer('A page', credentialsSchema) },
});

const create = createRoute({
  method: 'post',
  path: '/',
  tags,
  middleware,
  summary: 'A credential for a field gateway, which speaks for a set of devices',
  request: { body: body(credentialRequestSchema) },
  responses: {
    201: answer('Made; the secret is told this once', credentialCreatedSchema),
    409: problem('A credential or a device has this name'),
  },
});

const get = createRoute({
  method: 'get',
  path: '/{name}',
  tags,
  middleware,
  summary: 'One credential',
  request: { params },
  responses: { 200: answer('The credential', credentialSchema), ...notFound },
});

const change = createRoute({
  method: 'patch',
  path: '/{name}',
  tags,
  middleware,
  summary: 'Change the devices of a field gateway, or disable a credential; connections that lose a right end',
  request: { params, body: body(credentialChangeSchema) },
  responses: {
    200: answer('The credential', credentialSchema),
    ...notFound,
    422: problem('A device’s own credential speaks for that device'),
  },
});

const revoke = createRoute({
  method: 'delete',
  path: '/{name}',
  tags,
  middleware,
  summary: 'Revoke a credential; its connections end',
  request: { params },
  responses: { 204: { description: 'Revoked' }, ...notFound },
});

const rotate = createRoute({
  method: 'post',
  path: '/{name}/secret',
  tags,
  middleware,
  summary: 'A new secret; the old one ends at once, or holds beside it for `overlapMs`',
  request: { params, body: { ...body(secretRequestSchema), required: false } },
  responses: { 200: answer('The secret, told this once', newSecretSchema), ...notFound },
});

const endPrevious = createRoute({
  method: 'delete',
  path: '/{name}/secret/previous',
  tags,
  middleware,
  summary: 'End the secret before the present one; connections that signed in with it end',
  request: { params },
  responses: { 204: { description: 'Only the present secret holds' }, ...notFound },
});

const connections = createRoute({
  method: 'get',
  path: '/{name}/connections',
  tags,
  middleware,
  summary: 'What became of the connections of a credential, the newest first',
  request: { params },
  responses: { 200: answer('The log', connectionLogSchema), ...notFound },
});

export function deviceCredentialRoutes({ connectionLog, credentials }: ApiPorts) {
  const router = createRouter();
  router.openapi(list, c => {
    const { limit, cursor, q, kind } = c.req.valid('query');
    const items = credentials.page(cursor ?? null, limit, q, kind ?? null);
    return c.json({ items, next: items.length === limit ? (items.at(-1)?.name ?? null) : null }, 200);
  });
  router.openapi(create, async c => {
    const wanted = c.req.valid('json');
    c.set('told', { subject: wanted.name });
    return c.json(await credentials.create(wanted), 201);
  });
  router.openapi(get, c => c.json(credentials.get(c.req.valid('param').name), 200));
  router.openapi(change, async c =>
    c.json(await credentials.change(c.req.valid('param').name, c.req.valid('json')), 200),
  );
  router.openapi(revoke, async c => {
    await credentials.revoke(c.req.valid('param').name);
    return c.body(null, 204);
  });
  router.openapi(rotate, async c => {
    const { overlapMs = 0 } = c.req.valid('json');
    return c.json(await credentials.rotate(c.req.valid('param').name, overlapMs), 200);
  });
  router.openapi(endPrevious, async c => {
    await credentials.endPrevious(c.req.valid('param').name);
    return c.body(null, 204);
  });
  router.openapi(connections, c => c.json(connectionLog(credentials.get(c.req.valid('param').name).name), 200));
  return router;
}
