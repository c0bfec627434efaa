// Schemas of what goes over MQTT in the native convention. What a device sends is understood by the ingest stage; a
// test holds the two against each other.
import { z } from '@hono/zod-openapi';
import {
  type CommandAnswer,
  type CommandPayload,
  type DesiredPayload,
  limits,
  type Value,
} from '../../contract/index.ts';
import { exactly } from '../exact.ts';

/** Values by metric. Nested ones flatten with `.`, and `null` says that there is none. */
type Values = { [metric: string]: Value | null | Values };

const valueSchema = exactly<Value>()(
  z
    .union([z.number(), z.boolean(), z.string().max(limits.textLengthMax)])
    .describe('Numbers are IEEE doubles; text is at most as long as a reading may be'),
);

const valuesSchema: z.ZodType<Values> = z
  .lazy(() => z.record(z.string(), z.union([valueSchema, z.null(), valuesSchema])))
  .describe(
    `Values by metric. Nested objects flatten with "." (at most ${limits.payloadDepthMax} deep), null is no value. ` +
      'A name has 1 to 128 characters, none of / + # or control characters',
  );

const timeSchema = z
  .union([z.number(), z.string().regex(/^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:?\d{2}))?$/)])
  .describe('Seconds or milliseconds since 1970, or ISO 8601: a date, or a time with Z or an offset');

const timedSchema = z.object({ ts: timeSchema, values: valuesSchema }).describe('Values with their source time');
const plainSchema = z
  .object({ ts: z.never().optional() })
  .catchall(z.union([valueSchema, z.null(), valuesSchema]))
  .describe('Values without a time of their own: the receive time is theirs');
const sampleSchema = z.union([timedSchema, plainSchema]);

const commandSchema = exactly<CommandPayload>()(
  z.strictObject({
    name: z.string().min(1).max(limits.commandNameLengthMax),
    params: z.unknown(),
    expiresAt: z.int().describe('Unix milliseconds; later the device leaves it undone'),
  }),
);

const desiredSchema = exactly<DesiredPayload>()(
  z.strictObject({
    version: z.int().describe('Grows by one with each change'),
    fields: z.record(z.string(), valueSchema).describe('What is to change; the device reports it as its attributes'),
  }),
);

const answerSchema = exactly<CommandAnswer>()(
  z.discriminatedUnion('ok', [
    z.object({
      ok: z.literal(true),
      result: z.unknown().describe(`At most ${limits.commandResultBytesMax} bytes of JSON`).optional(),
    }),
    z.object({ ok: z.literal(false), error: z.string().describe('Why not') }),
  ]),
);

/** By name in the document. */
export const mqttSchemas = {
  Value: valueSchema,
  Values: valuesSchema,
  SourceTime: timeSchema,
  TimedSample: timedSchema,
  PlainSample: plainSchema,
  Telemetry: z
    .union([sampleSchema, z.array(sampleSchema)])
    .describe(`One sample or several, with at most ${limits.readingsPerMessageMax} readings in all`),
  PlainValue: z.union([valueSchema, z.null()]).describe('One value as text: 21.5, true, open or "open"'),
  Status: z.enum(['online', 'offline']),
  CommandPayload: commandSchema,
  CommandAnswer: answerSchema,
  DesiredPayload: desiredSchema,
};
