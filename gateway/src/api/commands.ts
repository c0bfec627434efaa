// Commands: asking for one, and the ledger of all.
import { createRoute, z } from '@hono/zod-openapi';
import { commandStates, limits, Refusal } from '../contract/index.ts';
import { type ApiPorts, addressOf } from './context.ts';
import type { Principal } from './people-ports.ts';
import { createRouter, needs, needsPerson } from './router.ts';
import { answer, body, commandRequestSchema, commandSchema, deviceId, limitQuery, pageOf, problem } from './schemas.ts';
import { needDevice, seenPage, sightOf } from './sight.ts';

const tags = ['commands'];
const params = z.object({ id: z.string().max(64) });

const request = createRoute({
  method: 'post',
  path: '/devices/{id}/commands',
  tags,
  middleware: needs('operator'),
  summary: 'Ask a device to do something. The answer says that it is in the ledger, not that it is done',
  request: {
    params: z.object({ id: deviceId }),
    headers: z.object({
      'idempotency-key': z
        .string()
        .min(1)
        .max(limits.commandKeyLengthMax)
        .optional()
        .openapi({ description: 'The same key again answers with the same command' }),
    }),
    body: body(commandRequestSchema),
  },
  responses: {
    202: answer('In the ledger', commandSchema),
    404: problem('No such device'),
    409: problem('The key stands for another command, or somebody else controls the device'),
    422: problem('The parameters are not those of the command, or it has to be confirmed'),
    429: problem('Too many open commands'),
  },
});

const list = createRoute({
  method: 'get',
  path: '/commands',
  tags,
  summary: 'The ledger, newest first',
  request: {
    query: z.object({
      device: deviceId.optional(),
      state: z.enum(commandStates).optional(),
      limit: limitQuery(limits.pageRowsMax, 50),
      cursor: z.string().max(64).optional(),
    }),
  },
  responses: { 200: answer('A page', pageOf(commandSchema)) },
});

const get = createRoute({
  method: 'get',
  path: '/commands/{id}',
  tags,
  summary: 'One command with all its transitions',
  request: { params },
  responses: { 200: answer('The command', commandSchema), 404: problem('No such command') },
});

const cancel = createRoute({
  method: 'post',
  path: '/commands/{id}/cancel',
  tags,
  middleware: needs('operator'),
  summary: 'Withdraw a command that was not sent yet',
  request: { params },
  responses: { 200: answer('The command', commandSchema), 404: problem('No such command'), 422: problem('Too late') },
});

const approve = createRoute({
  method: 'post',
  path: '/commands/{id}/approve',
  tags,
  middleware: [needs('operator'), needsPerson()] as const,
  summary: 'Agree to a command that needs a second person',
  request: { params },
  responses: {
    200: answer('The command', commandSchema),
    404: problem('No such command'),
    422: problem('Nobody has to agree to it'),
  },
});

export function commandRoutes(ports: ApiPorts) {
  const { commands } = ports;
  const router = createRouter();
  const seen = async (principal: Principal, id: string) => {
    const command = await commands.get(id);
    const sees = sightOf(ports, principal);
    // In the ledger's words for one that is not there.
    if (sees !== null && !sees(command.device)) throw new Refusal('not_found', 'no such command');
    return command;
  };
  router.openapi(request, async c => {
    const key = c.req.valid('header')['idempotency-key'] ?? null;
    const requester = { by: c.get('principal').name, from: addressOf(c) };
    const { id } = c.req.valid('param');
    needDevice(ports, c.get('principal'), id);
    return c.json(await commands.request(id, c.req.valid('json'), key, requester), 202);
  });
  router.openapi(list, async c => {
    const { device, state, ...page } = c.req.valid('query');
    const sees = sightOf(ports, c.get('principal'));
    const read = (cursor: string | null, limit: number) => commands.list({ device, state }, cursor ?? '~', limit);
    return c.json(await seenPage(read, ({ id }) => id, sees, { cursor: page.cursor, limit: page.limit }), 200);
  });
  router.openapi(get, async c => c.json(await seen(c.get('principal'), c.req.valid('param').id), 200));
  router.openapi(cancel, async c => {
    const { id } = await seen(c.get('principal'), c.req.valid('param').id);
    return c.json(await commands.cancel(id, { by: c.get('principal').name, from: addressOf(c) }), 200);
  });
  router.openapi(approve, async c => {
    const { id } = await seen(c.get('principal'), c.req.valid('param').id);
    return c.json(await commands.approve(id, { by: c.get('principal').name, from: addressOf(c) }), 200);
  });
  return router;
}
