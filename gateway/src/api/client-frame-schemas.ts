// Schemas of what a viewer sends: each frame of the contract, and nothing that the contract does not have.
// Fields that a frame does not know are ignored, as the live stage does.
import { z } from '@hono/zod-openapi';
import { type ClientFrame, limits, modes, type Position, type SubscriptionAsk } from '../contract/index.ts';
import { jsonLength } from '../lib/json.ts';
import { exactly, type FrameOf } from './exact.ts';
import { commandRequestSchema, deviceId } from './schemas.ts';
import { desiredChangeSchema } from './state-schemas.ts';

const id = z.int().describe('Comes back in the answer').optional();
const name = z.string().min(1).max(limits.subscriptionNameLengthMax).describe('The viewer’s own name for it');

const pattern = z.string().max(limits.patternLengthMax).describe('* stands for any run of characters');
export const patternsSchema = z.array(pattern).max(limits.patternsPerSubscriptionMax);
export const modeSchema = z.enum(modes).describe('latest: the newest value of each series. log: every reading');
const interval = z
  .int()
  .min(0)
  .max(limits.flushIntervalMsMax)
  .describe('The least time between two rounds of data; 0 is with every commit');

export const positionSchema = exactly<Position>()(
  z.object({ epoch: z.string(), offset: z.int() }).describe('A place in the log; offsets of two epochs say nothing'),
);

const asked = {
  sub: name,
  device: patternsSchema.describe('Left out: all devices').optional(),
  metric: patternsSchema.describe('Left out: all metrics').optional(),
  mode: modeSchema.optional(),
  intervalMs: interval.optional(),
  since: positionSchema.optional(),
};

export const subscriptionAskSchema = exactly<SubscriptionAsk>()(z.object(asked).describe('What a subscription wants'));

const commandFields = {
  /** Over REST the same is asked for. */
  ...commandRequestSchema.shape,
  device: deviceId.min(1).max(128),
  params: z
    .unknown()
    .refine(
      params => jsonLength(params) <= limits.commandParamsBytesMax,
      `expected at most ${limits.commandParamsBytesMax} bytes of JSON`,
    )
    .optional(),
  key: z
    .string()
    .max(limits.commandKeyLengthMax)
    .describe('Idempotency key: a repeated request is one command')
    .optional(),
};

/** By type, the frames of a viewer. A `cmd` is checked to its end: sizes and times that the ledger would refuse. */
export const clientFrameSchemas = {
  sub: exactly<FrameOf<ClientFrame, 'sub'>>()(z.object({ t: z.literal('sub'), id, ...asked })),
  unsub: exactly<FrameOf<ClientFrame, 'unsub'>>()(z.object({ t: z.literal('unsub'), id, sub: name })),
  cmd: exactly<FrameOf<ClientFrame, 'cmd'>>()(z.object({ t: z.literal('cmd'), id: id.unwrap(), ...commandFields })),
  desired: exactly<FrameOf<ClientFrame, 'desired'>>()(
    z.object({
      ...{ t: z.literal('desired'), id: id.unwrap(), device: commandFields.device, ...desiredChangeSchema.shape },
      version: z
        .union([z.int(), z.literal('*')])
        .describe('That was seen; * is whatever it is')
        .optional(),
    }),
  ),
  ping: exactly<FrameOf<ClientFrame, 'ping'>>()(z.object({ t: z.literal('ping'), id })),
} satisfies { [Type in ClientFrame['t']]: z.ZodType<FrameOf<ClientFrame, Type>> };

const { sub, unsub, cmd, desired, ping } = clientFrameSchemas;
export const clientFrameSchema = exactly<ClientFrame>()(z.discriminatedUnion('t', [sub, unsub, cmd, desired, ping]));

/** Several frames in one message. */
export const clientFramesSchema = z.array(clientFrameSchema).min(1).max(limits.framesPerMessageMax);
