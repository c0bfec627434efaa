// Schemas of the bodies, for the OpenAPI document and for checking what comes in. Each has to fit its type in the
// contract, or the type check fails.
import { z } from '@hono/zod-openapi';
import {
  bucketColumns,
  type Command,
  commandStates,
  type DeadLetterPage,
  type Device,
  type DeviceCreated,
  freshnessStates,
  type HistoryBuckets,
  type HistoryReadings,
  isDeviceId,
  isMetricName,
  type Latest,
  limits,
  presenceCauses,
  presenceStates,
  roles,
  type Session,
  transitionCauses,
} from '../contract/index.ts';
import { jsonLength } from '../lib/json.ts';
import { problemSchema } from './problem.ts';

const millis = z.int().openapi({ description: 'Unix milliseconds', example: 1763820000123 });
const value = z.union([z.number(), z.boolean(), z.string()]);

export const deviceId = z.string().refine(isDeviceId, 'expected a device id: 1 to 128 characters, no / + # or control');
export const metricName = z
  .string()
  .refine(isMetricName, 'expected a metric: 1 to 128 characters, no / + # or control');

export const sessionSchema = z
  .object({ user: z.string(), role: z.enum(roles), expiresAt: millis })
  .openapi('Session') satisfies z.ZodType<Session>;

export const signInSchema = z
  .union([
    z.strictObject({ name: z.string().min(1).max(128), password: z.string().min(1).max(1024) }),
    z.strictObject({ code: z.string().min(1).max(128) }),
  ])
  .openapi('SignIn');

const presence = z.object({
  state: z.enum(presenceStates),
  since: millis.nullable(),
  cause: z.enum(presenceCauses).nullable(),
});

export const deviceSchema = z
  .object({
    id: z.string(),
    name: z.string(),
    createdAt: millis,
    presence,
    attributes: z.record(z.string(), value),
    metrics: z.int(),
    lastReadingAt: millis.nullable(),
  })
  .openapi('Device') satisfies z.ZodType<Device>;

export const deviceCreatedSchema = deviceSchema
  .extend({ secret: z.string().openapi({ description: 'Told this once. The MQTT user name is the device id' }) })
  .openapi('DeviceCreated') satisfies z.ZodType<DeviceCreated>;

export const latestSchema = z
  .object({
    device: z.string(),
    presence,
    now: millis,
    values: z.array(
      z.object({
        metric: z.string(),
        unit: z.string().nullable(),
        type: z.enum(['number', 'boolean', 'string']),
        ts: millis,
        value,
        receivedAt: millis,
        freshness: z.enum(freshnessStates),
        cadenceMs: z.number().nullable(),
      }),
    ),
  })
  .openapi('Latest') satisfies z.ZodType<Latest>;

const historyHead = {
  device: z.string(),
  metric: z.string(),
  unit: z.string().nullable(),
  from: millis,
  to: millis,
};

export const readingsSchema = z
  .object({ ...historyHead, readings: z.array(z.tuple([millis, value])), next: z.string().nullable() })
  .openapi('Readings') satisfies z.ZodType<HistoryReadings>;

const number = z.number().nullable();
export const bucketsSchema = z
  .object({
    ...historyHead,
    interval: z.string(),
    columns: z
      .custom<typeof bucketColumns>()
      .openapi({ type: 'array', items: { type: 'string' }, example: bucketColumns }),
    buckets: z.array(z.tuple([millis, z.int(), number, number, number, value, value])),
    gaps: z.array(z.object({ from: millis, to: millis, reason: z.string() })),
  })
  .openapi('Buckets') satisfies z.ZodType<HistoryBuckets>;

const json = z.any().openapi({ description: 'Any JSON' });

export const commandRequestSchema = z
  .strictObject({
    name: z.string().min(1).max(limits.commandNameLengthMax),
    params: json
      .refine(
        params => params === undefined || jsonLength(params) <= limits.commandParamsBytesMax,
        `expected at most ${limits.commandParamsBytesMax} bytes of JSON`,
      )
      .optional(),
    ttlMs: z.int().min(limits.commandTtlMsMin).max(limits.commandTtlMsMax).optional(),
    reason: z.string().max(limits.commandReasonLengthMax).optional(),
  })
  .openapi('CommandRequest');

export const commandSchema = z
  .object({
    id: z.string(),
    device: z.string(),
    name: z.string(),
    params: json,
    state: z.enum(commandStates),
    createdAt: millis,
    updatedAt: millis,
    expiresAt: millis,
    by: z.string(),
    from: z.string(),
    reason: z.string().nullable(),
    key: z.string().nullable(),
    result: json,
    error: z.string().nullable(),
    transitions: z.array(z.object({ state: z.enum(commandStates), at: millis, cause: z.enum(transitionCauses) })),
  })
  .openapi('Command') satisfies z.ZodType<Command>;

export const deadLettersSchema = z
  .object({
    items: z.array(
      z.object({
        id: z.int(),
        at: millis,
        device: z.string().nullable(),
        topic: z.string(),
        code: z.custom<DeadLetterPage['items'][number]['code']>().openapi({ type: 'string' }),
        hint: z.string(),
        payload: z.string(),
        payloadBytes: z.int(),
      }),
    ),
    next: z.string().nullable(),
    refused: z.int(),
  })
  .openapi('DeadLetters') satisfies z.ZodType<DeadLetterPage>;

export const pageOf = <Item extends z.ZodType>(item: Item) =>
  z.object({ items: z.array(item), next: z.string().nullable() });

export const limitQuery = (most: number, usual: number) =>
  z.coerce
    .number()
    .pipe(z.int().min(1).max(most))
    .default(usual)
    .openapi({ description: `1 to ${most}` });

/** A response with a JSON body. */
export const answer = <Schema extends z.ZodType>(description: string, schema: Schema) => ({
  description,
  content: { 'application/json': { schema } },
});

export const problem = (description: string) => ({
  description,
  content: { 'application/problem+json': { schema: problemSchema } },
});

export const body = <Schema extends z.ZodType>(schema: Schema) => ({
  required: true as const,
  content: { 'application/json': { schema } },
});
