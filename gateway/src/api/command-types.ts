// /command-types: what may be sent to which devices, with which parameters.
import { createRoute, z } from '@hono/zod-openapi';
import {
  type CommandType,
  type CommandTypePage,
  type CommandTypeRequest,
  type CommandTypeTarget,
  type GroupPreview,
  limits,
  Refusal,
  type UntypedRule,
} from '../contract/index.ts';
import {
  commandTypeId,
  commandTypeRequestSchema,
  commandTypeSchema,
  commandTypesSchema,
  commandTypeTargetSchema,
} from './command-type-schemas.ts';
import { type ApiPorts, addressOf } from './context.ts';
import { groupPreviewSchema } from './group-schemas.ts';
import { createRouter, needs } from './router.ts';
import { answer, body, deviceId, limitQuery, problem } from './schemas.ts';
import { needDevice, type Sees, sightOf } from './sight.ts';

type Requester = { by: string; from: string };

export type CommandTypePorts = {
  untyped: UntypedRule;
  /** In order of id, those after `after`. */
  list(after: string | null, limit: number): CommandType[];
  get(id: string): CommandType;
  put(id: string, given: CommandTypeRequest, requester: Requester): Promise<CommandType>;
  remove(id: string, requester: Requester): Promise<void>;
  /** In order of id, those that count for a device. */
  forDevice(device: string): CommandType[];
  /** Of these types those that fit a device that is seen. */
  fitting(types: readonly CommandType[], sees: (device: string) => boolean): Promise<CommandType[]>;
  /** How many devices that are seen a type would fit. */
  preview(target: Partial<CommandTypeTarget>, sees: Sees): Promise<GroupPreview>;
};

const tags = ['command types'];
const params = z.object({ id: commandTypeId });
const notFound = { 404: problem('No such command type') };
const configured = { 422: problem('It stands in the configuration, and is changed there') };

const list = createRoute({
  method: 'get',
  path: '/command-types',
  tags,
  summary: 'Command types in order of id, those that fit a device that one may see',
  request: { query: z.object({ limit: limitQuery(limits.pageRowsMax, 100), cursor: z.string().max(64).optional() }) },
  responses: { 200: answer('A page', commandTypesSchema) },
});

const get = createRoute({
  method: 'get',
  path: '/command-types/{id}',
  tags,
  summary: 'One command type',
  request: { params },
  responses: { 200: answer('The type', commandTypeSchema), ...notFound },
});

const put = createRoute({
  method: 'put',
  path: '/command-types/{id}',
  tags,
  middleware: needs('administrator'),
  summary: 'Make a command type, or take the place of the one with this id. What is under way is not touched',
  request: { params, body: body(commandTypeRequestSchema) },
  responses: { 200: answer('The type as it is kept', commandTypeSchema), ...configured, 429: problem('Too many') },
});

const remove = createRoute({
  method: 'delete',
  path: '/command-types/{id}',
  tags,
  middleware: needs('administrator'),
  summary: 'Delete a command type',
  request: { params },
  responses: { 204: { description: 'Deleted' }, ...notFound, ...configured },
});

const preview = createRoute({
  method: 'post',
  path: '/command-types/preview',
  tags,
  middleware: needs('administrator'),
  summary: 'How many devices a command type would fit now, and the first of them',
  request: { body: body(commandTypeTargetSchema) },
  responses: { 200: answer('Those that are seen', groupPreviewSchema) },
});

const ofDevice = createRoute({
  method: 'get',
  path: '/devices/{id}/command-types',
  tags,
  summary: 'What can be sent to a device: of several types for one name the one that counts',
  request: {
    params: z.object({ id: deviceId }),
    query: z.object({ limit: limitQuery(limits.pageRowsMax, 100), cursor: z.string().max(64).optional() }),
  },
  responses: { 200: answer('A page', commandTypesSchema), 404: problem('No such device') },
});

export function commandTypeRoutes(ports: ApiPorts) {
  const { commandTypes, devices } = ports;
  const { untyped } = commandTypes;
  const router = createRouter();
  router.openapi(list, async c => {
    const { limit, cursor } = c.req.valid('query');
    const sees = sightOf(ports, c.get('principal'));
    return c.json({ ...(await seenTypes(commandTypes, sees, cursor ?? null, limit)), untyped }, 200);
  });
  router.openapi(get, async c => {
    const { id } = c.req.valid('param');
    const type = commandTypes.get(id);
    const sees = sightOf(ports, c.get('principal'));
    // In the words for one that is not there.
    if (sees !== null && (await commandTypes.fitting([type], sees)).length === 0) {
      throw new Refusal('not_found', `no command type has the id ${JSON.stringify(id)}`);
    }
    return c.json(type, 200);
  });
  router.openapi(put, async c => {
    const requester = { by: c.get('principal').name, from: addressOf(c) };
    return c.json(await commandTypes.put(c.req.valid('param').id, c.req.valid('json'), requester), 200);
  });
  router.openapi(remove, async c => {
    await commandTypes.remove(c.req.valid('param').id, { by: c.get('principal').name, from: addressOf(c) });
    return c.body(null, 204);
  });
  router.openapi(preview, async c =>
    c.json(await commandTypes.preview(c.req.valid('json'), sightOf(ports, c.get('principal'))), 200),
  );
  router.openapi(ofDevice, c => {
    const { id } = c.req.valid('param');
    const { limit, cursor } = c.req.valid('query');
    needDevice(ports, c.get('principal'), id);
    devices.describe(id);
    const after = commandTypes.forDevice(id).filter(type => cursor === undefined || type.id > cursor);
    return c.json({ ...pageOf(after.slice(0, limit), limit), untyped }, 200);
  });
  return router;
}

function pageOf(items: CommandType[], limit: number): Omit<CommandTypePage, 'untyped'> {
  return { items, next: items.length === limit ? (items.at(-1)?.id ?? null) : null };
}

async function seenTypes(types: CommandTypePorts, sees: Sees, after: string | null, limit: number) {
  if (sees === null) return pageOf(types.list(after, limit), limit);
  const seen = await types.fitting(types.list(after, limits.commandTypesMax), sees);
  return pageOf(seen.slice(0, limit), limit);
}
