// /devices/{id}/state: how a device should be, how it says that it is, and what became of both. Changes name the version
// that they were made for ([CMD-9]).
import { createRoute, z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { type DesiredChange, type DeviceState, limits, Refusal, type StateChangePage } from '../contract/index.ts';
import { type ApiEnv, type ApiPorts, addressOf } from './context.ts';
import { createRouter, needs } from './router.ts';
import { answer, body, deviceId, limitQuery, millis, pageOf, problem } from './schemas.ts';
import { needDevice } from './sight.ts';
import { desiredChangeSchema, fieldValue } from './state-schemas.ts';

const tags = ['state'];
const params = z.object({ id: deviceId });
const notFound = { 404: problem('No such device') };
const eTag = { ETag: { description: 'The version, in quotes', schema: { type: 'string', example: '"7"' } } } as const;

const stateSchema = z
  .object({
    device: z.string(),
    version: z.int().openapi({ description: 'Of what is desired; 0 where nothing ever was' }),
    desired: z.record(z.string(), z.object({ value: fieldValue, at: millis, by: z.string() })),
    reported: z.record(z.string(), z.object({ value: fieldValue, at: millis })),
    difference: z
      .record(z.string(), fieldValue)
      .openapi({ description: 'Desired fields that the device does not report so' }),
  })
  .openapi('DeviceState') satisfies z.ZodType<DeviceState>;

const historySchema = pageOf(
  z.object({
    id: z.int(),
    device: z.string(),
    at: millis,
    side: z.enum(['desired', 'reported']),
    version: z.int().nullable().openapi({ description: 'Null where the device reported' }),
    fields: z.record(z.string(), fieldValue.nullable()).openapi({ description: 'Null: taken back' }),
    by: z.string().nullable(),
    from: z.string().nullable(),
    reason: z.string().nullable(),
  }),
).openapi('StateChanges') satisfies z.ZodType<StateChangePage>;

const get = createRoute({
  method: 'get',
  path: '/{id}/state',
  tags,
  summary: 'Desired state, reported state, and what is different',
  request: { params },
  responses: { 200: { ...answer('The state', stateSchema), headers: eTag }, ...notFound },
});

const changing = {
  tags,
  middleware: needs('operator'),
  request: {
    params,
    headers: z.object({
      'if-match': z
        .string()
        .optional()
        .openapi({ description: 'The version that was seen, in quotes as ETag has it; * is whatever it is' }),
    }),
    body: body(desiredChangeSchema),
  },
  responses: {
    200: { ...answer('The state', stateSchema), headers: eTag },
    ...notFound,
    409: problem('Somebody else controls the device'),
    412: problem('It was changed meanwhile; the detail has the present version'),
    428: problem('Without If-Match; the detail has the present version'),
  },
};
const path = '/{id}/state/desired';
const patch = createRoute({ ...changing, method: 'patch', path, summary: 'Set some fields; null takes one back' });
const put = createRoute({ ...changing, method: 'put', path, summary: 'Set these fields, and take all others back' });

const history = createRoute({
  method: 'get',
  path: '/{id}/state/history',
  tags,
  summary: 'Changes of both sides, the newest first',
  request: {
    params,
    query: z.object({
      limit: limitQuery(limits.pageRowsMax, 50),
      cursor: z
        .string()
        .regex(/^\d{1,15}$/, 'expected the `next` of the page before')
        .optional(),
    }),
  },
  responses: { 200: answer('A page', historySchema), ...notFound },
});

/** The version in If-Match (RFC 9110, 13.1.1); undefined where there is no such header. */
export function versionIn(ifMatch: string | undefined): number | '*' | undefined {
  if (ifMatch === undefined || ifMatch.trim() === '*') return ifMatch === undefined ? undefined : '*';
  const [, digits] = /^\s*"(\d{1,15})"\s*$/.exec(ifMatch) ?? [];
  if (digits !== undefined) return Number(digits);
  throw new Refusal(
    'bad_request',
    `If-Match: expected a version in quotes such as "7", or *, got ${ifMatch.slice(0, 40)}`,
  );
}

export function deviceStateRoutes(ports: ApiPorts) {
  const router = createRouter();
  const answerState = (c: Context<ApiEnv>, state: DeviceState) => {
    c.header('ETag', `"${state.version}"`);
    return c.json(state, 200);
  };
  const change = async (c: Context<ApiEnv>, id: string, wanted: DesiredChange, replacesAll: boolean) => {
    needDevice(ports, c.get('principal'), id);
    const version = versionIn(c.req.header('If-Match'));
    const asked = { by: c.get('principal').name, from: addressOf(c), version, replacesAll };
    // As they came: zod leaves out a field called __proto__ without a word, and devices may have one.
    const { fields } = await c.req.json<DesiredChange>();
    return answerState(c, await ports.state.change(id, { ...wanted, fields }, asked));
  };
  router.openapi(get, c => {
    const { id } = c.req.valid('param');
    needDevice(ports, c.get('principal'), id);
    return answerState(c, ports.state.describe(id));
  });
  router.openapi(patch, c => change(c, c.req.valid('param').id, c.req.valid('json'), false));
  router.openapi(put, c => change(c, c.req.valid('param').id, c.req.valid('json'), true));
  router.openapi(history, async c => {
    const { id } = c.req.valid('param');
    needDevice(ports, c.get('principal'), id);
    ports.devices.describe(id);
    const { limit, cursor } = c.req.valid('query');
    const before = cursor === undefined ? Number.MAX_SAFE_INTEGER : Number(cursor);
    const items = await ports.state.history(id, before, limit);
    return c.json({ items, next: items.length === limit ? String(items.at(-1)?.id) : null }, 200);
  });
  return router;
}
