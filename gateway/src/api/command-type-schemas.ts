// Schemas of command types for the OpenAPI document. Sizes, the schema of the parameters, and what keys have to do with
// each other are looked at where types of the configuration are, too.
import { z } from '@hono/zod-openapi';
import {
  type CommandType,
  type CommandTypePage,
  type CommandTypeRequest,
  type CommandTypeTarget,
  dangers,
  type ExpectationTemplate,
  type JsonSchema,
  limits,
  untypedRules,
} from '../contract/index.ts';
import { scopeSchema } from './people-schemas.ts';
import { pageOf } from './schemas.ts';

const fromParam = z.object({ param: z.string() }).openapi({ description: 'The value of this parameter' });
const number = z.union([z.number(), fromParam]).optional();
const value = z.union([z.number(), z.boolean(), z.string(), fromParam]).optional();
const template = { metric: z.string(), equals: value, min: number, max: number };
const expectationSchema = z.object({ ...template, withinMs: z.int() }) satisfies z.ZodType<ExpectationTemplate>;

const paramsSchema = z
  .custom<JsonSchema>(given => given !== null && typeof given === 'object')
  .openapi({
    type: 'object',
    description: `JSON Schema (draft 2020-12): type, title, description, default, enum, const, minimum, maximum,
exclusiveMinimum, exclusiveMaximum, multipleOf, minLength, maxLength, pattern, properties, required,
additionalProperties, items, minItems, maxItems; and unit, for people. Null takes any parameters`,
    example: { type: 'object', properties: { rpm: { type: 'integer', minimum: 0, maximum: 3000, unit: 'rpm' } } },
  });

const list = (description: string) => z.array(z.string()).openapi({ description });
const fields = {
  title: z.string().nullable(),
  description: z.string().nullable(),
  devices: list('Patterns of ids. A device that fits any pattern or tag has the type; without any every device has it'),
  tags: list('Tags'),
  models: list('Patterns of the attribute model'),
  params: paramsSchema.nullable(),
  danger: z.enum(dangers).openapi({ description: 'danger: it has to be confirmed, with a reason' }),
  secondPerson: z.boolean().openapi({ description: 'Another person has to agree before it is sent' }),
  ttlMs: z.int(),
  retries: z.int().openapi({ description: '0: at most once' }),
  retryAfterMs: z.int(),
  supersede: z.boolean().openapi({ description: 'A later one takes the place of those that wait' }),
  reply: z.boolean().openapi({ description: 'false: the device does not answer' }),
};
const name = z.string().openapi({ description: 'The name of the command as the device reads it' });

export const commandTypeSchema = z
  .object({
    id: z.string(),
    name,
    ...fields,
    expect: z.array(expectationSchema),
    source: z.enum(['config', 'rest']).openapi({ description: 'config: it is changed in the configuration' }),
  })
  .openapi('CommandType') satisfies z.ZodType<CommandType>;

export const commandTypesSchema = pageOf(commandTypeSchema)
  .extend({
    untyped: z
      .enum(untypedRules)
      .openapi({ description: 'What becomes of a command for which the device has no type' }),
  })
  .openapi('CommandTypes') satisfies z.ZodType<CommandTypePage>;

export const commandTypeRequestSchema = z
  .strictObject({
    name,
    ...z.object(fields).partial().shape,
    expect: z.array(z.strictObject({ ...template, withinMs: z.int().optional() })).optional(),
  })
  .openapi('CommandTypeRequest') satisfies z.ZodType<CommandTypeRequest>;

/** Patterns of models are as those of ids. */
const { devices, tags } = scopeSchema.shape;
export const commandTypeTargetSchema = z
  .strictObject({ devices, tags, models: devices })
  .partial()
  .openapi('CommandTypeTarget') satisfies z.ZodType<Partial<CommandTypeTarget>>;

export const commandTypeId = z.string().max(limits.commandNameLengthMax);
