// Schemas of the live stream over HTTP: what /stream and /log are asked, and what the long poll answers.
import { z } from '@hono/zod-openapi';
import { type LogAnswer, limits, parsePosition, positionForm, type StreamRequest } from '../contract/index.ts';
import { modeSchema, patternsSchema, subscriptionAskSchema } from './client-frame-schemas.ts';
import { exactly } from './exact.ts';
import { serverFrameSchema } from './server-frame-schemas.ts';

/** A position as one word. */
export const streamPositionSchema = z
  .string()
  .refine(text => parsePosition(text) !== null, 'expected a position, epoch:offset')
  .meta({
    pattern: positionForm.source,
    description: 'A position as one word: epoch:offset, and what follows a further colon is the gateway’s own',
  });

/** Body of `POST /stream` and `POST /log`. A field that a subscription does not know is ignored, as in `sub`. */
export const streamRequestSchema = exactly<StreamRequest>()(
  z
    .strictObject({
      subs: z.array(subscriptionAskSchema).max(limits.subscriptionsPerViewerMax),
      after: streamPositionSchema.optional(),
    })
    .openapi('StreamRequest'),
);

/** A pattern that stands alone in a query is a list of one. */
const patternsQuery = z.preprocess(one => (typeof one === 'string' ? [one] : one), patternsSchema).optional();

/** A whole number in a query, where it is text. What the text has to be is said beside the schema. */
const wholeNumber = (max: number, description: string) =>
  z.coerce.number().pipe(z.int().min(0).max(max)).meta({ type: 'integer', minimum: 0, maximum: max, description });

/** Query of `GET /stream`: its one subscription, and where to go on. */
export const streamQuerySchema = z.object({
  device: patternsQuery,
  metric: patternsQuery,
  mode: modeSchema.optional(),
  intervalMs: wholeNumber(limits.flushIntervalMsMax, 'The least time between two rounds of data').optional(),
  after: streamPositionSchema.optional(),
});

const waits = {
  wait: wholeNumber(
    limits.pollWaitMsMax,
    'Milliseconds that an answer may take where there is nothing to tell',
  ).default(limits.pollWaitMsDefault),
};

/** Query of `POST /log`. */
export const logWaitSchema = z.object(waits);
/** Query of `GET /log`. */
export const logQuerySchema = streamQuerySchema.extend(waits);

/** The answer of the long poll. */
export const logAnswerSchema = exactly<LogAnswer>()(
  z
    .strictObject({
      frames: z.array(serverFrameSchema),
      now: z.int().describe('The gateway’s clock at the end of the answer, Unix milliseconds'),
      next: z.string().nullable().describe('What to ask for next, as after; null where a snapshot was broken off'),
    })
    .openapi('LogAnswer'),
);
