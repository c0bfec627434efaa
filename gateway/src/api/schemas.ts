// Schemas of the bodies, for the OpenAPI document and for checking what comes in. Each has to fit its type in the
// contract, or the type check fails.
import { z } from '@hono/zod-openapi';
import {
  bucketColumns,
  type Command,
  type CommandRequest,
  commandStates,
  type DeadLetterPage,
  type Device,
  type DeviceCreated,
  freshnessStates,
  type HistoryBuckets,
  type HistoryReadings,
  historyGapReasons,
  isDeviceId,
  isMetricName,
  type Latest,
  limits,
  presenceCauses,
  presenceStates,
  type RestoreRequest,
  type SeriesStoragePage,
  type Storage,
  transitionCauses,
  type Void,
  type VoidPage,
  type VoidRequest,
} from '../contract/index.ts';
import { jsonLength } from '../lib/json.ts';
import { problemSchema } from './problem.ts';

export const millis = z.int().openapi({ description: 'Unix milliseconds', example: 1763820000123 });
const value = z.union([z.number(), z.boolean(), z.string()]);

export const pageOf = <Item extends z.ZodType>(item: Item) =>
  z.object({ items: z.array(item), next: z.string().nullable() });

export const deviceId = z.string().refine(isDeviceId, 'expected a device id: 1 to 128 characters, no / + # or control');
export const deviceName = z.string().min(1).max(128);
export const metricName = z
  .string()
  .refine(isMetricName, 'expected a metric: 1 to 128 characters, no / + # or control');

const presence = z.object({
  state: z.enum(presenceStates),
  since: millis.nullable(),
  cause: z.enum(presenceCauses).nullable(),
});

export const deviceSchema = z
  .object({
    id: z.string(),
    name: z.string(),
    tags: z.array(z.string()),
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
        type: z.enum(['number', 'boolean', 'string']).nullable(),
        ts: millis.nullable(),
        value: value.nullable(),
        receivedAt: millis.nullable(),
        freshness: z.enum(freshnessStates).openapi({ description: 'never: announced, and not seen yet' }),
        cadenceMs: z.number().nullable().openapi({ description: 'What the freshness is judged by, once it is known' }),
      }),
    ),
  })
  .openapi('Latest') satisfies z.ZodType<Latest>;

const note = z.object({ by: z.string(), reason: z.string(), at: millis });

export const voidSchema = z
  .object({
    id: z.string(),
    device: z.string(),
    metric: z.string(),
    from: millis,
    to: millis,
    ...note.shape,
    restored: note.nullable(),
  })
  .openapi('Void') satisfies z.ZodType<Void>;

export const voidsSchema = pageOf(voidSchema).openapi('Voids') satisfies z.ZodType<VoidPage>;

/** Why something was done to history: a blank is no reason. */
const whyText = z.string().trim().min(1).max(256);
/** A time that has a date. */
const instant = z.int().min(-8.64e15).max(8.64e15).openapi({ description: 'Unix milliseconds' });
const range = z.object({ from: instant, to: instant });

export const voidRequestSchema = z
  .strictObject({ device: deviceId, metric: metricName, ...range.shape, reason: whyText })
  .refine(({ from, to }) => from < to, {
    path: ['to'],
    message: 'expected later than from',
    // Told beside whatever else is wrong, not only once that was mended.
    when: ({ value }) => range.safeParse(value).success,
  })
  .openapi('VoidRequest') satisfies z.ZodType<VoidRequest>;

export const restoreRequestSchema = z
  .strictObject({ reason: whyText })
  .openapi('RestoreRequest') satisfies z.ZodType<RestoreRequest>;

const historyHead = {
  device: z.string(),
  metric: z.string(),
  unit: z.string().nullable(),
  from: millis,
  to: millis,
  gaps: z
    .array(z.object({ from: millis, to: millis, reason: z.enum(historyGapReasons) }))
    .openapi({ description: 'Where nothing is, and why' }),
  voids: z.array(voidSchema).openapi({ description: 'What was declared wrong, and is left out of this answer' }),
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
  })
  .openapi('Buckets') satisfies z.ZodType<HistoryBuckets>;

const bytes = z.int().openapi({ description: 'Bytes of the file system' });
export const storageSchema = z
  .object({
    now: millis,
    bytes: z.object({ file: bytes, wal: bytes, log: bytes, readings: bytes, rollups: bytes, free: bytes }),
    readings: z.int().openapi({ description: 'Readings that are kept, each copy counted' }),
    oldest: millis.nullable(),
    diskBudget: bytes.nullable(),
    diskFree: bytes,
    fullAt: millis.nullable().openapi({ description: 'When budget or disk is used up at the rate of the last days' }),
    written: z.object({
      today: bytes,
      perDayMax: bytes.nullable(),
      perDay: z.number(),
      commitIntervalMs: z.number(),
      cardEndurance: z.number(),
      cardYears: z.number().nullable(),
    }),
  })
  .openapi('Storage') satisfies z.ZodType<Storage>;

export const seriesStorageSchema = pageOf(
  z.object({ device: z.string(), metric: z.string(), readings: z.int(), bytes }),
).openapi('SeriesStorage') satisfies z.ZodType<SeriesStoragePage>;

const json = z.any().openapi({ description: 'Any JSON' });

export const proofSchema = z.object({
  metric: z.string(),
  ts: millis.nullable(),
  value: value.nullable(),
  met: z.boolean(),
});
const expected = {
  metric: z.string(),
  equals: value.optional(),
  min: z.number().optional(),
  max: z.number().optional(),
};

const expectationAskSchema = z
  .strictObject({
    ...expected,
    metric: z.string().refine(isMetricName, 'expected a metric'),
    withinMs: z.int().min(1).max(limits.expectWithinMsMax).optional(),
  })
  .refine(
    ({ equals, min, max }) => (equals === undefined) !== (min === undefined && max === undefined),
    'expected either equals, or min, max or both',
  );

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
    expect: z.union([expectationAskSchema, z.array(expectationAskSchema).max(limits.expectationsMax)]).optional(),
    supersede: z.string().min(1).max(limits.commandKeyLengthMax).optional(),
    retries: z.int().min(0).max(limits.commandRetriesMax).optional(),
    retryAfterMs: z.int().min(limits.commandRetryMsMin).max(limits.commandRetryMsMax).optional(),
    reply: z.boolean().optional(),
    confirm: z.string().max(128).optional(),
  })
  .openapi('CommandRequest') satisfies z.ZodType<CommandRequest>;

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
    type: z.string().nullable(),
    group: z.string().nullable(),
    supersede: z.string().nullable(),
    retries: z.int(),
    retryAfterMs: z.int(),
    reply: z.boolean(),
    expect: z.array(z.object({ ...expected, withinMs: z.int() })),
    needsApproval: z.boolean(),
    approval: z.object({ by: z.string(), from: z.string(), at: millis }).nullable(),
    attempts: z.int(),
    sentAt: millis.nullable(),
    deliveredAt: millis.nullable(),
    answeredAt: millis.nullable(),
    proof: z.array(proofSchema).nullable(),
    transitions: z.array(
      z.object({
        state: z.enum(commandStates),
        at: millis,
        cause: z.enum(transitionCauses),
        by: z.string().optional(),
        from: z.string().optional(),
      }),
    ),
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
