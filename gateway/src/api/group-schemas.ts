// Schemas of groups of commands, for the OpenAPI document and for checking what comes in.
import { z } from '@hono/zod-openapi';
import {
  type CommandGroup,
  commandStates,
  type GroupPage,
  type GroupPreview,
  type GroupRequest,
  type GroupStop,
  type GroupTarget,
  groupStates,
  limits,
} from '../contract/index.ts';
import { scopeSchema } from './people-schemas.ts';
import { commandRequestSchema, millis, pageOf } from './schemas.ts';

/** As in a scope: patterns of ids, and tags. */
const target = scopeSchema.shape;

export const groupTargetSchema = z
  .strictObject({ devices: target.devices.optional(), tags: target.tags.optional() })
  .openapi('GroupTarget') satisfies z.ZodType<Partial<GroupTarget>>;

export const groupPreviewSchema = z
  .object({ total: z.int(), devices: z.array(z.string()).openapi({ description: 'The first of them' }) })
  .openapi('GroupPreview') satisfies z.ZodType<GroupPreview>;

export const groupRequestSchema = commandRequestSchema
  .extend({
    ...groupTargetSchema.shape,
    confirm: z
      .string()
      .max(128)
      .optional()
      .openapi({ description: 'The number of devices; needed where it is dangerous, and right wherever it is given' }),
    concurrency: z
      .int()
      .min(1)
      .max(limits.groupConcurrencyMax)
      .optional()
      .openapi({ description: `How many are open at once; ${limits.groupConcurrencyDefault} where left out` }),
    failuresMax: z.int().min(0).max(limits.groupDevicesMax).optional().openapi({
      description:
        'With more that did not work it stops; a tenth of the devices, at least 1, where left out. What is unknown counts once no answer is waited for any more',
    }),
  })
  .openapi('GroupRequest') satisfies z.ZodType<GroupRequest>;

export const groupStopSchema = z
  .strictObject({ reason: z.string().max(limits.commandReasonLengthMax).optional() })
  .openapi('GroupStop') satisfies z.ZodType<GroupStop>;

export const groupSchema = z
  .object({
    id: z.string(),
    target: z.object({ devices: z.array(z.string()), tags: z.array(z.string()) }),
    name: z.string(),
    params: z.any().openapi({ description: 'Any JSON' }),
    state: z.enum(groupStates),
    stopped: z.enum(['withdrawn', 'failures', 'restored']).nullable(),
    createdAt: millis,
    updatedAt: millis,
    by: z.string(),
    from: z.string(),
    reason: z.string().nullable(),
    total: z.int(),
    counts: z
      .partialRecord(z.enum(['pending', 'refused', ...commandStates]), z.int())
      .openapi({ description: 'By outcome, those that are not nought; together they are `total`' }),
    concurrency: z.int(),
    failuresMax: z.int(),
    approvedBy: z.string().nullable(),
    refusals: z.array(z.object({ device: z.string(), error: z.string() })),
  })
  .openapi('CommandGroup') satisfies z.ZodType<CommandGroup>;

export const groupsSchema = pageOf(groupSchema).openapi('CommandGroups') satisfies z.ZodType<GroupPage>;
