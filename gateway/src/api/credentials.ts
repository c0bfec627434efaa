// /session/password and /session/totp: what a person signs in with.
import { createRoute } from '@hono/zod-openapi';
import { type ApiPorts, addressOf } from './context.ts';
import {
  passwordChangeSchema,
  totpBeginSchema,
  totpConfirmedSchema,
  totpConfirmSchema,
  totpEnrolmentSchema,
  totpRemoveSchema,
  totpStateSchema,
} from './people-schemas.ts';
import { createRouter, needsPerson } from './router.ts';
import { answer, body, problem } from './schemas.ts';

const shared = { tags: ['session'], middleware: needsPerson() };
const wrong = { 401: problem('Password or one-time password is wrong'), 429: problem('Too many attempts') };

const changePassword = createRoute({
  ...shared,
  method: 'put',
  path: '/password',
  summary: 'Change my password; all my other sessions end at once',
  request: { body: body(passwordChangeSchema) },
  responses: { 204: { description: 'Changed' }, ...wrong },
});

const state = createRoute({
  ...shared,
  method: 'get',
  path: '/totp',
  summary: 'Whether I am asked for one-time passwords, and how many recovery codes are left',
  responses: { 200: answer('The state', totpStateSchema) },
});

const begin = createRoute({
  ...shared,
  method: 'post',
  path: '/totp',
  summary: 'A new secret for one-time passwords (RFC 6238); it counts once the first of them was right',
  request: { body: body(totpBeginSchema) },
  responses: { 200: answer('For the authenticator app', totpEnrolmentSchema), 409: problem('They are on'), ...wrong },
});

const confirm = createRoute({
  ...shared,
  method: 'post',
  path: '/totp/confirm',
  summary: 'The first one-time password: from now on they are asked for',
  request: { body: body(totpConfirmSchema) },
  responses: {
    200: answer('On; recovery codes for the day that the app is lost', totpConfirmedSchema),
    401: problem('It is wrong'),
    422: problem('No secret was asked for'),
  },
});

const remove = createRoute({
  ...shared,
  method: 'post',
  path: '/totp/remove',
  summary: 'Ask me for no one-time passwords any more',
  request: { body: body(totpRemoveSchema) },
  responses: { 204: { description: 'Off' }, ...wrong },
});

export function credentialRoutes({ access: { proofs } }: ApiPorts) {
  const router = createRouter();
  router.openapi(changePassword, async c => {
    await proofs.changePassword(c.get('principal'), c.req.valid('json'), addressOf(c));
    return c.body(null, 204);
  });
  router.openapi(state, c => c.json(proofs.totpOf(c.get('principal')), 200));
  router.openapi(begin, async c =>
    c.json(await proofs.beginTotp(c.get('principal'), c.req.valid('json').password, addressOf(c)), 200),
  );
  router.openapi(confirm, async c =>
    c.json(await proofs.confirmTotp(c.get('principal'), c.req.valid('json').totp), 200),
  );
  router.openapi(remove, async c => {
    await proofs.leaveTotp(c.get('principal'), c.req.valid('json'), addressOf(c));
    return c.body(null, 204);
  });
  return router;
}
