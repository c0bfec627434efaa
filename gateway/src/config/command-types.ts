// Command types as somebody writes them, in the configuration or over REST: what each key takes, and what keys of one type
// have to do with each other.
import { z } from 'zod';
import {
  type CommandType,
  dangers,
  type ExpectationTemplate,
  type FieldProblem,
  isMetricName,
  isTag,
  type JsonSchema,
  limits,
} from '../contract/index.ts';
import { jsonExcerpt } from '../lib/json.ts';
import { paramsSchemaProblems } from './params-schema.ts';

const gotLengthMax = 80;
const titleLengthMax = 200;
const descriptionLengthMax = 1_000;

const patterns = z.array(z.string().min(1).max(limits.patternLengthMax)).max(limits.scopePatternsMax).default([]);
const tags = z.array(z.string().refine(isTag, 'expected a tag')).max(limits.scopePatternsMax).default([]);
const line = (most: number) => z.string().min(1).max(most).nullable().default(null);

const fromParam = z.strictObject({ param: z.string().min(1).max(128) });
const number = z.union([z.number(), fromParam], 'expected a number or {param: NAME}');
const value = z.union(
  [z.number(), z.boolean(), z.string().max(limits.textLengthMax), fromParam],
  'expected a number, true, false, text or {param: NAME}',
);

const expectation = z
  .strictObject({
    metric: z.string().refine(isMetricName, 'expected a metric: 1 to 128 characters, no / + # or control'),
    withinMs: z.int().min(1).max(limits.expectWithinMsMax).default(limits.expectWithinMsDefault),
    equals: value.optional(),
    min: number.optional(),
    max: number.optional(),
  })
  .refine(
    ({ equals, min, max }) => (equals === undefined) !== (min === undefined && max === undefined),
    'expected either equals, or min, max or both',
  )
  .refine(
    ({ min, max }) => typeof min !== 'number' || typeof max !== 'number' || min <= max,
    'expected min to be at most max',
  );

const params = z.unknown().superRefine((given, context) => {
  if (given === null || given === undefined) return;
  for (const { path, message } of paramsSchemaProblems(given)) context.addIssue({ code: 'custom', path, message });
});

const fields = z.strictObject({
  id: z
    .string()
    .regex(
      /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/,
      'expected 1 to 64 letters, digits, dots, dashes or underscores, a letter or digit first',
    ),
  name: z.string().min(1).max(limits.commandNameLengthMax),
  title: line(titleLengthMax),
  description: line(descriptionLengthMax),
  devices: patterns,
  tags,
  models: patterns,
  params: params.transform(given => (given ?? null) as JsonSchema | null).default(null),
  danger: z.enum(dangers, 'expected none, caution or danger').default('none'),
  secondPerson: z.boolean().default(false),
  ttlMs: z.int().min(limits.commandTtlMsMin).max(limits.commandTtlMsMax).default(limits.commandTtlMsDefault),
  retries: z.int().min(0).max(limits.commandRetriesMax).default(0),
  retryAfterMs: z
    .int()
    .min(limits.commandRetryMsMin)
    .max(limits.commandRetryMsMax)
    .default(limits.commandRetryMsDefault),
  supersede: z.boolean().default(false),
  reply: z.boolean().default(true),
  expect: z.array(expectation).max(limits.expectationsMax).default([]),
});
type Fields = z.infer<typeof fields>;

const typeSchema = fields.superRefine((type, context) => {
  for (const { path, message } of problemsBetween(type)) context.addIssue({ code: 'custom', path, message });
});

/** A type of the configuration. */
export const configuredType = typeSchema.transform((type): CommandType => ({ ...type, source: 'config' }));

/** All types of the configuration, each with an id of its own. */
export const configuredTypes = z
  .array(configuredType)
  .max(limits.commandTypesMax)
  .superRefine((types, context) => {
    const seen = new Set<string>();
    for (const [at, { id }] of types.entries()) {
      if (seen.has(id)) context.addIssue({ code: 'custom', path: [at, 'id'], message: 'expected an id of its own' });
      seen.add(id);
    }
  });

/** Reads a type that was given over REST, or says all that is wrong with it. */
export function readCommandType(
  given: Record<string, unknown>,
): { ok: true; type: CommandType } | { ok: false; errors: FieldProblem[] } {
  const read = typeSchema.safeParse(given);
  if (read.success) return { ok: true, type: { ...read.data, source: 'rest' } };
  const errors = read.error.issues.flatMap(issue =>
    issue.code === 'unrecognized_keys'
      ? issue.keys.map(key => fieldProblem(given, [...issue.path, key], 'expected no such key'))
      : [fieldProblem(given, issue.path, issue.message)],
  );
  return { ok: false, errors };
}

function fieldProblem(given: unknown, path: readonly PropertyKey[], message: string): FieldProblem {
  let got = given;
  for (const key of path) got = got !== null && typeof got === 'object' ? Reflect.get(got, key) : undefined;
  return {
    where: path.map(String).join('.'),
    expected: message
      .replace(/^(Invalid|Too)[^:]*: /, '')
      .replace(/^expected /, '')
      .replace(/, received \w+$/, '')
      // zod's `number to be <=10` and `string to have >=1 characters`.
      .replace(/^\w+ to (?:be|have) ([<>])=/, (_, sign) => (sign === '<' ? 'at most ' : 'at least ')),
    got: jsonExcerpt(got, gotLengthMax),
  };
}

type Problem = { path: (string | number)[]; message: string };

function problemsBetween(type: Fields): Problem[] {
  const problems: Problem[] = [];
  if (!type.reply && type.expect.length === 0) {
    problems.push({
      path: ['expect'],
      message: 'expected something with reply: false, for only that tells what became of it',
    });
  }
  for (const [at, template] of (type.expect as ExpectationTemplate[]).entries()) {
    for (const key of ['equals', 'min', 'max'] as const) {
      const from = template[key];
      if (from === null || typeof from !== 'object') continue;
      const message = paramProblem(type.params, from.param, key !== 'equals');
      if (message !== null) problems.push({ path: ['expect', at, key], message });
    }
  }
  return problems;
}

/** An expectation is not left open: its parameter has to be there in each command, and to be a plain value. */
function paramProblem(schema: JsonSchema | null, name: string, isNumber: boolean): string | null {
  const property =
    schema?.type === 'object' && Object.hasOwn(schema.properties ?? {}, name) ? schema.properties?.[name] : undefined;
  if (schema === null || property === undefined) return 'expected the name of a property of params';
  const fitting = isNumber ? ['number', 'integer'] : ['number', 'integer', 'boolean', 'string'];
  if (property.type === undefined || !fitting.includes(property.type)) {
    return `expected a parameter with the type ${fitting.join(', ')}`;
  }
  if (property.default !== undefined || schema.required?.includes(name)) return null;
  return 'expected a parameter that is required or has a default';
}
