// Schemas of what is asked of a device's desired state, over REST and over the WebSocket.
import { z } from '@hono/zod-openapi';
import { type DesiredChange, limits } from '../contract/index.ts';
import { exactly } from './exact.ts';
import { metricName } from './schemas.ts';

export const fieldValue = z.union(
  [z.number(), z.boolean(), z.string().max(limits.textLengthMax)],
  `expected a number, a boolean, text of at most ${limits.textLengthMax} characters, or null to take the field back; ` +
    'what is nested is named with a dot, such as pump.speed',
);

const fields = z
  .record(metricName, fieldValue.nullable())
  .refine(
    all => Object.keys(all).length <= limits.desiredFieldsMax,
    `expected at most ${limits.desiredFieldsMax} fields`,
  )
  .openapi({
    description: 'Values by name, which is that of an attribute; nested ones are named "a.b". Null takes back',
  });

export const desiredChangeSchema = exactly<DesiredChange>()(
  z.strictObject({ fields, reason: z.string().max(limits.commandReasonLengthMax).optional() }).openapi('DesiredChange'),
);
