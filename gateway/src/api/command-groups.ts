// /command-groups: one command to many devices, and how far it has come.
import { createRoute, z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { type CommandGroup, limits, personOf, Refusal } from '../contract/index.ts';
import { type ApiEnv, type ApiPorts, addressOf } from './context.ts';
import type { GroupOf } from './group-ports.ts';
import {
  groupPreviewSchema,
  groupRequestSchema,
  groupSchema,
  groupStopSchema,
  groupsSchema,
  groupTargetSchema,
} from './group-schemas.ts';
import type { Principal } from './people-ports.ts';
import { createRouter, needs, needsPerson } from './router.ts';
import { answer, body, commandSchema, limitQuery, pageOf, problem } from './schemas.ts';
import { type Sees, seenPage, sightOf } from './sight.ts';

const tags = ['commands'];
const params = z.object({ id: z.string().max(64) });
const cursor = z.string().max(64).optional();
const notThere = problem('No such group');

/** Groups that are read at a time, with all their devices, for somebody who sees some; and for one page. */
const readAtOnce = 20;
const lookedThroughMax = 200;

const preview = createRoute({
  method: 'post',
  path: '/preview',
  tags,
  middleware: needs('operator'),
  summary: 'How many devices patterns and tags come to now, and the first of them',
  request: { body: body(groupTargetSchema) },
  responses: { 200: answer('Those that are seen', groupPreviewSchema) },
});

const create = createRoute({
  method: 'post',
  path: '/',
  tags,
  middleware: needs('operator'),
  summary: 'Ask many devices to do something, some at a time. The answer says that it is begun, not that it is done',
  request: {
    headers: z.object({
      'idempotency-key': z
        .string()
        .min(1)
        .max(limits.commandKeyLengthMax)
        .optional()
        .openapi({ description: 'The same key again answers with the same group' }),
    }),
    body: body(groupRequestSchema),
  },
  responses: {
    202: answer('Begun, or waiting for another person', groupSchema),
    409: problem('The key stands for another group'),
    422: problem('No device fits, one of them would refuse it, or it has to be confirmed'),
    429: problem('Too many groups run or wait'),
  },
});

const list = createRoute({
  method: 'get',
  path: '/',
  tags,
  summary: 'Groups, the newest first',
  request: { query: z.object({ limit: limitQuery(limits.groupPageRowsMax, 20), cursor }) },
  responses: { 200: answer('A page', groupsSchema) },
});

const get = createRoute({
  method: 'get',
  path: '/{id}',
  tags,
  summary: 'One group, and how far it has come',
  request: { params },
  responses: { 200: answer('The group', groupSchema), 404: notThere },
});

const commands = createRoute({
  method: 'get',
  path: '/{id}/commands',
  tags,
  summary: 'Commands of a group, the newest first',
  request: {
    params,
    query: z.object({
      failed: z.enum(['true', 'false']).optional().openapi({ description: 'true: those that did not work' }),
      limit: limitQuery(limits.pageRowsMax, 50),
      cursor,
    }),
  },
  responses: { 200: answer('A page', pageOf(commandSchema)), 404: notThere },
});

const stop = createRoute({
  method: 'post',
  path: '/{id}/stop',
  tags,
  middleware: needs('operator'),
  summary: 'Ask nothing further, and withdraw what waits for its device; what was sent runs on',
  request: { params, body: { required: false, content: { 'application/json': { schema: groupStopSchema } } } },
  responses: { 200: answer('The group', groupSchema), 404: notThere, 422: problem('It is over') },
});

const approve = createRoute({
  method: 'post',
  path: '/{id}/approve',
  tags,
  middleware: [needs('operator'), needsPerson()] as const,
  summary: 'Let a group begin that another person asked for',
  request: { params },
  responses: {
    200: answer('The group', groupSchema),
    403: problem('Whoever asked for it cannot agree to it'),
    404: notThere,
    422: problem('It does not wait'),
  },
});

/**
 * The group as somebody with a scope sees it, null where not at all: whole where they see all of its devices; and where
 * they asked for it and see some of them, too, so that it does not vanish for them once a device leaves their scope. What
 * they do not see is then in the counts, and not named.
 */
function viewOf(sees: Sees, { name }: Principal, { group, devices }: GroupOf): CommandGroup | null {
  if (sees === null || devices.every(sees)) return group;
  if (personOf(group.by) !== personOf(name) || !devices.some(sees)) return null;
  return { ...group, refusals: group.refusals.filter(({ device }) => sees(device)) };
}

/** A page of groups; a short one, where whoever asks sees few of those that were looked through. */
async function page(ports: ApiPorts, principal: Principal, before: string | undefined, limit: number) {
  const { groups } = ports;
  const sees = sightOf(ports, principal);
  const items: CommandGroup[] = [];
  const size = sees === null ? limit : readAtOnce;
  let at = before ?? '~';
  for (let looked = 0; ; ) {
    const rows = await groups.list(at, size, sees !== null);
    looked += rows.length;
    for (const row of rows) {
      at = row.group.id;
      const group = viewOf(sees, principal, row);
      if (group !== null) items.push(group);
      if (items.length === limit) return { items, next: at };
    }
    if (rows.length < size) return { items, next: null };
    if (looked >= lookedThroughMax) return { items, next: at };
  }
}

export function groupRoutes(ports: ApiPorts) {
  const { groups } = ports;
  const router = createRouter();
  const requesterOf = (c: Context<ApiEnv>) => ({ by: c.get('principal').name, from: addressOf(c) });
  const seen = async (principal: Principal, id: string) => {
    const group = viewOf(sightOf(ports, principal), principal, await groups.get(id));
    // In the words for one that is not there.
    if (group === null) throw new Refusal('not_found', 'no such group');
    return group;
  };
  router.openapi(preview, async c =>
    c.json(await groups.preview(c.req.valid('json'), sightOf(ports, c.get('principal'))), 200),
  );
  router.openapi(create, async c => {
    const key = c.req.valid('header')['idempotency-key'] ?? null;
    const sees = sightOf(ports, c.get('principal'));
    const group = await groups.create(c.req.valid('json'), key, requesterOf(c), sees);
    if (key === null || sees === null) return c.json(group, 202);
    // One that was made under the same key when whoever asks saw more than now.
    const seenNow = viewOf(sees, c.get('principal'), await groups.get(group.id));
    if (seenNow === null) throw new Refusal('conflict', 'the idempotency key was used for another group');
    return c.json(seenNow, 202);
  });
  router.openapi(list, async c => {
    const { limit, cursor: before } = c.req.valid('query');
    return c.json(await page(ports, c.get('principal'), before, limit), 200);
  });
  router.openapi(get, async c => c.json(await seen(c.get('principal'), c.req.valid('param').id), 200));
  router.openapi(commands, async c => {
    const principal = c.get('principal');
    const { id } = await seen(principal, c.req.valid('param').id);
    const { failed, limit, cursor } = c.req.valid('query');
    const filter = { group: id, failed: failed === 'true' };
    const read = (before: string | null, rows: number) => groups.commands(filter, before ?? '~', rows);
    return c.json(await seenPage(read, command => command.id, sightOf(ports, principal), { cursor, limit }), 200);
  });
  router.openapi(stop, async c => {
    const principal = c.get('principal');
    const { id } = await seen(principal, c.req.valid('param').id);
    const { reason } = (c.req.valid('json') as { reason?: string } | undefined) ?? {};
    await groups.stop(id, reason ?? null, requesterOf(c));
    return c.json(await seen(principal, id), 200);
  });
  router.openapi(approve, async c => {
    const { id } = await seen(c.get('principal'), c.req.valid('param').id);
    return c.json(await groups.approve(id, requesterOf(c)), 200);
  });
  return router;
}
