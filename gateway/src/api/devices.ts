// /devices: the registry, secrets, and the latest values.
import { createRoute, z } from '@hono/zod-openapi';
import { type Latest, limits } from '../contract/index.ts';
import type { ApiPorts } from './context.ts';
import { csvForeign, csvResponse, csvValue, isoTime } from './csv.ts';
import { connectionLogSchema, newSecretSchema, secretRequestSchema } from './device-access-schemas.ts';
import { tags as deviceTags, tag } from './people-schemas.ts';
import { createRouter, needs } from './router.ts';
import {
  answer,
  body,
  deviceCreatedSchema,
  deviceId,
  deviceName,
  deviceSchema,
  latestSchema,
  limitQuery,
  pageOf,
  problem,
} from './schemas.ts';
import { needDevice, sightOf } from './sight.ts';

const tags = ['devices'];
const params = z.object({ id: deviceId });
const notFound = { 404: problem('No such device') };

const list = createRoute({
  method: 'get',
  path: '/',
  tags,
  summary: 'Devices in order of id',
  request: {
    query: z.object({
      limit: limitQuery(limits.pageRowsMax, 100),
      cursor: z.string().optional(),
      q: z.string().max(128).default('').openapi({ description: 'A part of id or name' }),
      tag: tag.optional().openapi({ description: 'Those that have this tag' }),
    }),
  },
  responses: { 200: answer('A page', pageOf(deviceSchema)) },
});

const create = createRoute({
  method: 'post',
  path: '/',
  tags,
  middleware: needs('administrator'),
  summary: 'Create a device; the secret in the answer is told this once',
  request: { body: body(z.strictObject({ id: deviceId, name: deviceName.optional() })) },
  responses: { 201: answer('Created', deviceCreatedSchema), 409: problem('It is there already') },
});

const get = createRoute({
  method: 'get',
  path: '/{id}',
  tags,
  summary: 'One device',
  request: { params },
  responses: { 200: answer('The device', deviceSchema), ...notFound },
});

const change = createRoute({
  method: 'patch',
  path: '/{id}',
  tags,
  middleware: needs('administrator'),
  summary: 'Rename a device, or set its tags. Who sees it by a tag that it gains or loses does so at once',
  request: { params, body: body(z.strictObject({ name: deviceName.optional(), tags: deviceTags.optional() })) },
  responses: { 200: answer('The device', deviceSchema), ...notFound },
});

const remove = createRoute({
  method: 'delete',
  path: '/{id}',
  tags,
  middleware: needs('administrator'),
  summary: 'Delete a device and its secret; its history stays',
  request: { params },
  responses: { 204: { description: 'Deleted' }, ...notFound },
});

const newSecret = createRoute({
  method: 'post',
  path: '/{id}/secret',
  tags,
  middleware: needs('administrator'),
  summary: 'A new secret; the old one ends at once with its connections, or holds beside it for `overlapMs`',
  request: { params, body: { ...body(secretRequestSchema), required: false } },
  responses: { 200: answer('The secret, told this once', newSecretSchema), ...notFound },
});

const endPrevious = createRoute({
  method: 'delete',
  path: '/{id}/secret/previous',
  tags,
  middleware: needs('administrator'),
  summary: 'End the secret before the present one; connections that signed in with it end',
  request: { params },
  responses: { 204: { description: 'Only the present secret holds' }, ...notFound },
});

const connections = createRoute({
  method: 'get',
  path: '/{id}/connections',
  tags,
  middleware: needs('operator'),
  summary: 'What became of the connections of the device’s own credential, the newest first',
  request: { params },
  responses: { 200: answer('The log', connectionLogSchema), ...notFound },
});

const latestColumns = 'metric,unit,ts,time,value,freshness,cadence_ms';

const latest = createRoute({
  method: 'get',
  path: '/{id}/latest',
  tags,
  summary:
    'The latest value of each metric, with its time and freshness; of one that was announced, that it never came',
  request: { params, query: z.object({ format: z.enum(['json', 'csv']).default('json') }) },
  responses: {
    200: {
      description: `The values. As CSV a line each: ${latestColumns}`,
      content: { ...answer('', latestSchema).content, 'text/csv': { schema: z.string() } },
    },
    ...notFound,
  },
});

function* latestLines({ values }: Latest): Iterable<string> {
  yield `${latestColumns}\r\n`;
  for (const { metric, unit, ts, value, freshness, cadenceMs } of values) {
    const time = ts === null ? '' : isoTime(ts);
    const fields = [
      csvForeign(metric),
      csvForeign(unit),
      csvValue(ts),
      time,
      csvForeign(value),
      freshness,
      csvValue(cadenceMs),
    ];
    yield `${fields.join(',')}\r\n`;
  }
}

export function deviceRoutes(ports: ApiPorts) {
  const { connectionLog, credentials, devices } = ports;
  const router = createRouter();
  router.openapi(list, c => {
    const { limit, cursor, q, tag } = c.req.valid('query');
    const sees = sightOf(ports, c.get('principal'));
    const items = devices.page(cursor ?? null, limit, { search: q, tag, sees });
    return c.json({ items, next: items.length === limit ? (items.at(-1)?.id ?? null) : null }, 200);
  });
  router.openapi(create, async c => {
    const { id, name = id } = c.req.valid('json');
    c.set('told', { device: id });
    return c.json(await devices.create(id, name), 201);
  });
  router.openapi(get, c => {
    const { id } = c.req.valid('param');
    needDevice(ports, c.get('principal'), id);
    return c.json(devices.describe(id), 200);
  });
  router.openapi(change, async c => c.json(await devices.change(c.req.valid('param').id, c.req.valid('json')), 200));
  router.openapi(remove, async c => {
    await devices.remove(c.req.valid('param').id);
    return c.body(null, 204);
  });
  router.openapi(newSecret, async c => {
    const { overlapMs = 0 } = c.req.valid('json');
    return c.json(await devices.newSecret(c.req.valid('param').id, overlapMs), 200);
  });
  router.openapi(endPrevious, async c => {
    const { id } = devices.describe(c.req.valid('param').id);
    await credentials.endPrevious(id);
    return c.body(null, 204);
  });
  router.openapi(connections, c => {
    const { id } = c.req.valid('param');
    needDevice(ports, c.get('principal'), id);
    return c.json(connectionLog(devices.describe(id).id), 200);
  });
  router.openapi(latest, c => {
    const { id } = c.req.valid('param');
    needDevice(ports, c.get('principal'), id);
    const answered = devices.latest(id);
    if (c.req.valid('query').format === 'csv') return csvResponse(latestLines(answered), `${id}-latest`) as never;
    return c.json(answered, 200);
  });
  return router;
}
