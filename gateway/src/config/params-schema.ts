// Parameters of commands as a JSON Schema: whether the schema itself is sound, and what parameters do not keep to it. The
// checking is zod's; a schema that zod would read less strictly than its author meant is refused here.
import { z } from 'zod';
import { type FieldProblem, type JsonSchema, limits } from '../contract/index.ts';
import { jsonExcerpt, jsonLength } from '../lib/json.ts';
import { withinTime } from '../lib/time-limit.ts';

const types = ['object', 'array', 'string', 'number', 'integer', 'boolean', 'null'] as const;
type Type = (typeof types)[number];

/** Longest title and description, and how many values an enum has: a form shows them. */
const titleLengthMax = 200;
const descriptionLengthMax = 1_000;
const enumValuesMax = 100;
/** Longest pattern. It runs on the event loop, on texts as long as parameters may be. */
const patternLengthMax = 256;
/** And how long: which patterns take for ever cannot be told from all of them. What is usual takes microseconds. */
const patternMsMax = 100;
/** What came is repeated up to here. */
const gotLengthMax = 80;

const numeric = ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf'];
/** The keywords that mean something only for one type. */
const keywordsOf: Record<Type, readonly string[]> = {
  object: ['properties', 'required', 'additionalProperties'],
  array: ['items', 'minItems', 'maxItems'],
  string: ['minLength', 'maxLength', 'pattern'],
  number: numeric,
  integer: numeric,
  boolean: [],
  null: [],
};
const typed = new Set(Object.values(keywordsOf).flat());

const finite = z.number();
const size = z.int().min(0);
const scalar = z.union([z.string(), z.number(), z.boolean(), z.null()], 'expected text, a number, true, false or null');
const pattern = z
  .string()
  .max(patternLengthMax)
  .refine(isPattern, 'expected a regular expression in which nothing that repeats is repeated, as in ^[A-Z]{2}[0-9]+$');

/** One level of a schema; what lies below is looked at in its turn, so that depth is counted. */
const level = z.strictObject({
  type: z.enum(types, `expected one of ${types.join(', ')}`).optional(),
  title: z.string().max(titleLengthMax).optional(),
  description: z.string().max(descriptionLengthMax).optional(),
  default: z.unknown().optional(),
  enum: z.array(scalar).min(1).max(enumValuesMax).optional(),
  const: scalar.optional(),
  minimum: finite.optional(),
  maximum: finite.optional(),
  exclusiveMinimum: finite.optional(),
  exclusiveMaximum: finite.optional(),
  multipleOf: z.number().positive().optional(),
  minLength: size.optional(),
  maxLength: size.optional(),
  pattern: pattern.optional(),
  properties: z.record(z.string(), z.unknown()).optional(),
  required: z.array(z.string()).optional(),
  additionalProperties: z.boolean().optional(),
  items: z.unknown().optional(),
  minItems: size.optional(),
  maxItems: size.optional(),
  unit: z.string().max(32).optional(),
});
type Level = z.infer<typeof level>;

export type SchemaProblem = { path: (string | number)[]; message: string };

/** False for what plainly takes exponential time: a group that repeats and has a repetition in it. */
function isPattern(text: string): boolean {
  try {
    new RegExp(text);
  } catch {
    return false;
  }
  const plain = text.replaceAll(/\\./g, 'x').replaceAll(/\[[^\]]*\]/g, 'x');
  const repeats: boolean[] = [false];
  for (const [at, char] of [...plain].entries()) {
    if (char === '(') repeats.push(false);
    else if (char === ')') {
      const inner = repeats.pop() ?? false;
      const isRepeated = /[*+{]/.test(plain[at + 1] ?? '');
      if (isRepeated && inner) return false;
      repeats.push((repeats.pop() ?? false) || inner || isRepeated);
    } else if (/[*+{|]/.test(char)) repeats[repeats.length - 1] = true;
  }
  return true;
}

/** All that is wrong with a schema; nothing where it can be taken. */
export function paramsSchemaProblems(schema: unknown): SchemaProblem[] {
  const bytes = jsonLength(schema);
  if (bytes > limits.paramsSchemaBytesMax) {
    return [{ path: [], message: `expected at most ${limits.paramsSchemaBytesMax} bytes of JSON, got ${bytes}` }];
  }
  return levelProblems(schema, [], 1);
}

function levelProblems(schema: unknown, path: SchemaProblem['path'], depth: number): SchemaProblem[] {
  if (depth > limits.paramsSchemaDepthMax) {
    return [{ path, message: `expected at most ${limits.paramsSchemaDepthMax} levels` }];
  }
  const read = level.safeParse(schema);
  if (!read.success) {
    return read.error.issues.flatMap(issue =>
      issue.code === 'unrecognized_keys'
        ? issue.keys.map(key => ({ path: [...path, key], message: 'expected a keyword that the gateway knows' }))
        : [{ path: [...path, ...(issue.path as string[])], message: wordsOf(issue) }],
    );
  }
  // As they were given: zod leaves out __proto__ without a word.
  const names = Object.keys((schema as Level).properties ?? {});
  const own = [...keywordProblems(read.data), ...boundProblems(read.data), ...nameProblems(read.data, names)];
  const below = [
    ...Object.entries(read.data.properties ?? {}).flatMap(([name, inner]) =>
      levelProblems(inner, [...path, 'properties', name], depth + 1),
    ),
    ...(read.data.items === undefined ? [] : levelProblems(read.data.items, [...path, 'items'], depth + 1)),
  ];
  const problems = [...own.map(problem => ({ ...problem, path: [...path, ...problem.path] })), ...below];
  // Only a sound schema can say whether its own default keeps to it.
  return problems.length > 0 ? problems : defaultProblems(read.data, path);
}

/** zod passes over keywords that do not go with the type: their author would think that they hold. */
function keywordProblems(schema: Level): SchemaProblem[] {
  const { type } = schema;
  const problems: SchemaProblem[] = [];
  const isFixed = schema.enum !== undefined || schema.const !== undefined;
  for (const keyword of Object.keys(schema).filter(each => typed.has(each))) {
    if (type === undefined || !keywordsOf[type].includes(keyword)) {
      const fitting = types.filter(each => keywordsOf[each].includes(keyword)).join(' or ');
      problems.push({ path: [keyword], message: `expected only with type ${fitting}` });
    } else if (isFixed) problems.push({ path: [keyword], message: 'expected not beside enum or const' });
  }
  if (schema.enum !== undefined && schema.const !== undefined) {
    problems.push({ path: ['const'], message: 'expected not beside enum' });
  }
  for (const value of [...(schema.enum ?? []), ...(schema.const === undefined ? [] : [schema.const])]) {
    if (type !== undefined && !isOfType(value, type)) {
      const path = [schema.enum === undefined ? 'const' : 'enum'];
      problems.push({ path, message: `expected values of type ${type}` });
    }
  }
  if (type === 'array' && schema.items === undefined && (schema.minItems ?? schema.maxItems) !== undefined) {
    problems.push({ path: ['items'], message: 'expected beside minItems and maxItems; {} is any value' });
  }
  return problems;
}

function isOfType(value: string | number | boolean | null, type: Type): boolean {
  if (type === 'integer') return Number.isInteger(value);
  return type === (value === null ? 'null' : typeof value);
}

const pairs = [
  ['minimum', 'maximum'],
  ['minLength', 'maxLength'],
  ['minItems', 'maxItems'],
] as const;

function boundProblems(schema: Level): SchemaProblem[] {
  return pairs.flatMap(([least, most]) => {
    const min = schema[least];
    const max = schema[most];
    return min === undefined || max === undefined || min <= max
      ? []
      : [{ path: [most], message: `expected at least ${least}` }];
  });
}

function nameProblems({ properties = {}, required = [] }: Level, names: readonly string[]): SchemaProblem[] {
  return [
    ...names
      // Every object has these of itself.
      .filter(name => name in {})
      .map(name => ({ path: ['properties', name], message: 'expected a name that no object has of itself' })),
    ...required
      .filter(name => !Object.hasOwn(properties, name))
      .map(name => ({
        path: ['required'],
        message: `expected names of properties, and ${JSON.stringify(name)} is none`,
      })),
  ];
}

function defaultProblems(schema: Level, path: SchemaProblem['path']): SchemaProblem[] {
  if (schema.default === undefined) return [];
  return compileParams(schema as JsonSchema)(schema.default).map(({ where, expected }) => ({
    path: [...path, 'default'],
    message: `expected what the schema itself takes: ${where.replace(/^params/, 'default')} has to be ${expected}`,
  }));
}

/** What parameters do not keep to, each place of theirs: `where` is `params.rpm`. Nothing where all is well. */
export type CheckParams = (params: unknown) => FieldProblem[];

/** Makes a check of a sound schema. */
export function compileParams(schema: JsonSchema): CheckParams {
  // A registry of its own: titles and descriptions would gather in the one that all share.
  const checked = z.fromJSONSchema(schema as Parameters<typeof z.fromJSONSchema>[0], { registry: z.registry() });
  const check = (params: unknown) => {
    const read = checked.safeParse(params);
    return read.success ? [] : read.error.issues.flatMap(issue => problemsOf(issue, params));
  };
  return hasPattern(schema) ? inTime(check) : check;
}

/** A group asks the same for each of its devices: what was asked last is not looked at again. */
function inTime(check: CheckParams): CheckParams {
  let last: { text: string | undefined; problems: FieldProblem[] } | null = null;
  return params => {
    const text = JSON.stringify(params);
    if (last === null || last.text !== text) {
      const expected = `text that its pattern is done with in ${patternMsMax} ms`;
      const late = [{ where: 'params', expected, got: gotAt(params, []) }];
      const looked = () => withinTime(patternMsMax, () => check(params));
      // Once more, for the time may have gone by in a process that stood still.
      last = { text, problems: looked() ?? looked() ?? late };
    }
    return last.problems;
  };
}

function hasPattern({ pattern, properties = {}, items }: JsonSchema): boolean {
  return (
    pattern !== undefined || [...Object.values(properties), ...(items === undefined ? [] : [items])].some(hasPattern)
  );
}

type Issue = z.core.$ZodIssue;

function problemsOf(issue: Issue, params: unknown): FieldProblem[] {
  const at = (path: readonly PropertyKey[], expected: string) => ({
    where: ['params', ...path.map(String)].join('.'),
    expected,
    got: gotAt(params, path),
  });
  if (issue.code === 'unrecognized_keys') return issue.keys.map(key => at([...issue.path, key], 'no such parameter'));
  return [at(issue.path, expectedBy(issue))];
}

function gotAt(params: unknown, path: readonly PropertyKey[]): string {
  let value = params;
  for (const key of path) {
    const isThere = value !== null && typeof value === 'object' && Object.hasOwn(value, key);
    value = isThere ? Reflect.get(value as object, key) : undefined;
  }
  return jsonExcerpt(value, gotLengthMax);
}

const typeWords: Record<string, string> = {
  int: 'an integer',
  number: 'a number',
  string: 'text',
  boolean: 'true or false',
  object: 'an object',
  array: 'a list',
  null: 'null',
};

const sizeWords: Record<string, string> = { string: ' characters', array: ' items' };

function expectedBy(issue: Issue): string {
  switch (issue.code) {
    case 'invalid_type':
      return typeWords[issue.expected] ?? issue.expected;
    case 'too_small':
      return `${issue.inclusive ? 'at least' : 'more than'} ${issue.minimum}${sizeWords[issue.origin] ?? ''}`;
    case 'too_big':
      return `${issue.inclusive ? 'at most' : 'less than'} ${issue.maximum}${sizeWords[issue.origin] ?? ''}`;
    case 'not_multiple_of':
      return `a multiple of ${issue.divisor}`;
    case 'invalid_format':
      return `text that fits ${issue.pattern}`;
    case 'invalid_value':
      return oneOf(issue.values);
    case 'invalid_union':
      return oneOf(issue.errors.flat().flatMap(inner => (inner.code === 'invalid_value' ? inner.values : [])));
    default:
      return wordsOf(issue).replace('expected ', '');
  }
}

function oneOf(values: readonly unknown[]): string {
  const words = values.map(value => JSON.stringify(value));
  return words.length === 1 ? `${words[0]}` : `one of ${words.join(', ')}`;
}

/** zod's own words in the form of all others. */
function wordsOf({ message }: { message: string }): string {
  const words = message.replace(/^(Invalid|Too)[^:]*: /, '').replace(/, received .*$/, '');
  return words.startsWith('expected ') ? words : `expected ${words}`;
}
