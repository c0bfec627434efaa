// Schemas of who watches a device and who has it, as REST and the live stream tell it.
import { z } from '@hono/zod-openapi';
import { type DeviceControlAnswer, type Lease, type LeaseRequest, limits } from '../contract/index.ts';
import { exactly } from './exact.ts';
import { millis } from './schemas.ts';

export const leaseSchema = exactly<Lease>()(
  z
    .strictObject({
      by: z.string().describe('The person; a user’s tokens count as that user'),
      since: millis,
      until: millis,
      reason: z.string().nullable(),
    })
    .openapi('Lease'),
);

/** The fields of who watches and who has it. */
export const deviceControlShape = {
  device: z.string(),
  watching: z.array(z.string()).max(limits.watchingMax).describe('Who watches it now, each person once'),
  lease: leaseSchema.nullable().describe('Who has it for himself, null where anybody may send'),
};

export const deviceControlSchema = exactly<DeviceControlAnswer>()(
  z
    .strictObject({
      ...deviceControlShape,
      lastChange: z
        .strictObject({ by: z.string(), at: millis, what: z.enum(['command', 'desired']), name: z.string() })
        .nullable()
        .describe('The newest command that was asked, or change of desired state'),
    })
    .openapi('DeviceControl'),
);

export const leaseRequestSchema = exactly<LeaseRequest>()(
  z
    .strictObject({
      ttlMs: z
        .int()
        .min(limits.leaseMsMin)
        .max(limits.leaseMsMax)
        .optional()
        .openapi({
          description: `How long it lasts without being renewed, ${limits.leaseMsDefault} where left out`,
        }),
      reason: z.string().trim().min(1).max(limits.commandReasonLengthMax).optional(),
      takeOver: z.boolean().optional().openapi({ description: 'Take it from another person; needs a reason' }),
    })
    .openapi('LeaseRequest'),
);
