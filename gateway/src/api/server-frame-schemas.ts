// Schemas of what a viewer receives: each frame of the contract, and nothing that the contract does not have.
import { z } from '@hono/zod-openapi';
import {
  type Code,
  codes,
  commandStates,
  freshnessStates,
  gapReasons,
  limits,
  presenceCauses,
  presenceStates,
  type Row,
  roles,
  type SeriesDef,
  type ServerFrame,
  type SnapRow,
  transitionCauses,
  transports,
} from '../contract/index.ts';
import { deviceControlShape } from './control-schemas.ts';
import { exactly, type FrameOf } from './exact.ts';
import { proofSchema } from './schemas.ts';

const id = z.int().describe('That of the frame which this answers').optional();
const sub = z.string().describe('The viewer’s own name for the subscription');
const offset = z.int().min(0).describe('Where in the log this is');
const at = z.int().describe('Unix milliseconds');
const now = at.describe('The gateway’s clock, Unix milliseconds');
const device = z.string();
const code = z.enum(Object.keys(codes) as Code[]).describe('What went wrong, for programs');
const series = z.int().describe('Index of the series, as a def frame gave it');
const value = z.union([z.number(), z.boolean(), z.string()]);
const freshness = z.enum(freshnessStates).describe('How far the value may be trusted to be current');

const row = exactly<Row>()(z.tuple([series, at, value, freshness.optional()]));
const snapRow = exactly<SnapRow>()(
  z.union([
    z.tuple([series, at, value, freshness]),
    z.tuple([series, z.null(), z.null(), z.literal('never')]).describe('Announced, and never sent'),
  ]),
);
const seriesDef = exactly<SeriesDef>()(
  z.tuple([series, device, z.string(), z.string().nullable(), z.enum(['number', 'boolean', 'string'])]),
);

const event = { t: z.literal('event'), offset };
const events = z.discriminatedUnion('kind', [
  z.strictObject({
    ...event,
    kind: z.literal('presence'),
    device,
    at,
    state: z.enum(presenceStates),
    since: at.nullable(),
    cause: z.enum(presenceCauses).nullable(),
  }),
  z.strictObject({
    ...event,
    kind: z.literal('command'),
    device,
    command: z.string(),
    name: z.string(),
    state: z.enum(commandStates),
    at,
    cause: z.enum(transitionCauses),
    by: z.string(),
    group: z.string().optional(),
    step: z.int().describe('Which of its transitions this is'),
    attempts: z.int(),
    deliveredAt: at.optional(),
    result: z.unknown().optional(),
    error: z.string().optional(),
    proof: z.array(proofSchema).optional(),
  }),
  z.strictObject({
    ...event,
    kind: z.literal('desired'),
    device,
    version: z.int(),
    fields: z.record(z.string(), value.nullable()),
    by: z.string(),
    at,
  }),
  z.strictObject({
    ...event,
    kind: z.literal('device'),
    device,
    change: z.enum(['created', 'changed', 'deleted']),
    at,
  }),
]);

const hello = z.strictObject({
  t: z.literal('hello'),
  v: z.int(),
  epoch: z.string(),
  offset,
  now,
  heartbeatMs: z.int(),
  transport: z.enum(transports),
  user: z.string(),
  role: z.enum(roles),
  limits: z.strictObject({ frameBytesMax: z.int(), subscriptionsMax: z.int(), rowsPerFrameMax: z.int() }),
});

const err = z.strictObject({
  t: z.literal('err'),
  // Whatever number came: it may be what was wrong.
  id: z.number().describe('That of the frame which this answers').optional(),
  sub: sub.optional(),
  code,
  status: z.int().describe('What HTTP would say'),
  title: z.string(),
  detail: z.string().describe('What was expected, and what came').optional(),
});

const data = z.strictObject({
  t: z.literal('data'),
  sub,
  offset,
  rows: z.array(row).max(limits.rowsPerFrameMax),
  more: z.literal(true).optional().describe('The rest of what came together follows'),
});
const snap = z.strictObject({
  t: z.literal('snap'),
  sub,
  offset,
  rows: z.array(snapRow).max(limits.rowsPerFrameMax),
  done: z.boolean().describe('True in the last frame of a snapshot'),
});

type Server<Type extends ServerFrame['t']> = FrameOf<ServerFrame, Type>;

/** By type, the frames of the gateway. Each says all of its fields, so that one which is not told shows. */
export const serverFrameSchemas = {
  hello: exactly<Server<'hello'>>()(hello),
  ok: exactly<Server<'ok'>>()(
    z.strictObject({
      ...{ t: z.literal('ok'), id, sub: sub.optional(), command: z.string().optional() },
      version: z.int().describe('Of the desired state that was changed').optional(),
    }),
  ),
  err: exactly<Server<'err'>>()(err),
  def: exactly<Server<'def'>>()(z.strictObject({ t: z.literal('def'), series: z.array(seriesDef) })),
  snap: exactly<Server<'snap'>>()(snap),
  data: exactly<Server<'data'>>()(data),
  fresh: exactly<Server<'fresh'>>()(
    z.strictObject({ t: z.literal('fresh'), sub, offset, rows: z.array(z.tuple([series, freshness])) }),
  ),
  event: exactly<Server<'event'>>()(events),
  gap: exactly<Server<'gap'>>()(
    z.strictObject({ t: z.literal('gap'), sub: sub.optional(), from: offset, to: offset, reason: z.enum(gapReasons) }),
  ),
  slow: exactly<Server<'slow'>>()(z.strictObject({ t: z.literal('slow'), sub, offset, behind: z.boolean() })),
  control: exactly<Server<'control'>>()(z.strictObject({ t: z.literal('control'), ...deviceControlShape })),
  hb: exactly<Server<'hb'>>()(
    z.strictObject({
      t: z.literal('hb'),
      offset,
      now,
      storing: z.literal(false).optional().describe('Nothing can be stored now, and what devices send is not taken'),
    }),
  ),
  pong: exactly<Server<'pong'>>()(z.strictObject({ t: z.literal('pong'), id, offset, now })),
  bye: exactly<Server<'bye'>>()(z.strictObject({ t: z.literal('bye'), code, retryMs: z.int().min(0).optional() })),
} satisfies { [Type in ServerFrame['t']]: z.ZodType<Server<Type>> };

const { ok, def, fresh, gap, slow, control, hb, pong, bye } = serverFrameSchemas;
export const serverFrameSchema = exactly<ServerFrame>()(
  z.discriminatedUnion('t', [hello, ok, err, def, snap, data, fresh, events, gap, slow, control, hb, pong, bye]),
);

/** Several frames in one message. */
export const serverFramesSchema = z.array(serverFrameSchema).min(1);
