// The parameters of a command type as rows that a person fills in, and the JSON Schema that they come to. What rows cannot
// say is never left out in silence: such a schema has no rows.
import type { FieldProblem, JsonSchema } from '@telltale/gateway/contract';
import { linesOf } from './scope-draft.ts';

export const paramKinds = ['number', 'integer', 'text', 'choice', 'flag'] as const;
export type ParamKind = (typeof paramKinds)[number];

/** Everything as it is typed; '' is nothing. What a kind has no use for is kept, in case the kind is changed back. */
export type ParamRow = {
  name: string;
  title: string;
  description: string;
  kind: ParamKind;
  unit: string;
  minimum: string;
  maximum: string;
  multipleOf: string;
  /** One a line. */
  choices: string;
  /** For a flag 'true' or 'false'. */
  initial: string;
  required: boolean;
};

/** `others`: parameters that are not among the rows are taken, too. */
export type ParamRows = { readonly rows: readonly ParamRow[]; readonly others: boolean };

export const emptyRow: ParamRow = Object.freeze({
  name: '',
  title: '',
  description: '',
  kind: 'number',
  unit: '',
  minimum: '',
  maximum: '',
  multipleOf: '',
  choices: '',
  initial: '',
  required: true,
});

/** True for the kinds that have a unit and bounds. */
export function isNumeric(kind: ParamKind): boolean {
  return kind === 'number' || kind === 'integer';
}

const bounds = ['minimum', 'maximum', 'multipleOf'] as const;
export type RowField = Exclude<keyof ParamRow, 'kind' | 'required'>;

/** What keeps a row from being part of a schema. All else is for the gateway to judge. */
export type RowProblem = { row: number; field: RowField; kind: 'name' | 'twice' | 'number' | 'choices' };

export type ReadRows = { ok: true; schema: JsonSchema } | { ok: false; problems: RowProblem[] };

/** The schema of the rows. */
export function schemaOf({ rows, others }: ParamRows): ReadRows {
  const problems = rows.flatMap((row, at) => problemsOf(row, at, rows));
  if (problems.length > 0) return { ok: false, problems };
  const properties = Object.fromEntries(rows.map(row => [row.name.trim(), propertyOf(row)]));
  const required = rows.filter(row => row.required).map(row => row.name.trim());
  const schema: JsonSchema = { type: 'object', properties };
  if (required.length > 0) schema.required = required;
  if (!others) schema.additionalProperties = false;
  return { ok: true, schema };
}

function problemsOf(row: ParamRow, at: number, rows: readonly ParamRow[]): RowProblem[] {
  const problems: RowProblem[] = [];
  const wrong = (field: RowField, kind: RowProblem['kind']) => problems.push({ row: at, field, kind });
  const name = row.name.trim();
  if (name === '') wrong('name', 'name');
  else if (rows.slice(0, at).some(before => before.name.trim() === name)) wrong('name', 'twice');
  if (row.kind === 'choice' && linesOf(row.choices).length === 0) wrong('choices', 'choices');
  if (isNumeric(row.kind)) {
    for (const field of [...bounds, 'initial'] as const) if (!isNumber(row[field])) wrong(field, 'number');
  }
  return problems;
}

/** Nothing is right, too. */
function isNumber(typed: string): boolean {
  return typed.trim() === '' || Number.isFinite(Number(typed));
}

const types = { number: 'number', integer: 'integer', text: 'string', choice: 'string', flag: 'boolean' } as const;

function propertyOf(row: ParamRow): JsonSchema {
  const property: JsonSchema = { type: types[row.kind] };
  if (row.title.trim() !== '') property.title = row.title.trim();
  if (row.description.trim() !== '') property.description = row.description.trim();
  if (row.kind === 'choice') property.enum = linesOf(row.choices);
  if (isNumeric(row.kind)) {
    if (row.unit.trim() !== '') property.unit = row.unit.trim();
    for (const bound of bounds) if (row[bound].trim() !== '') property[bound] = Number(row[bound]);
  }
  const initial = initialOf(row);
  if (initial !== undefined) property.default = initial;
  return property;
}

function initialOf({ kind, initial }: ParamRow): unknown {
  if (isNumeric(kind)) return initial.trim() === '' ? undefined : Number(initial);
  if (initial === '') return undefined;
  return kind === 'flag' ? initial === 'true' : initial;
}

/** True for what has the shape of a schema of named parameters, so that fields can be made of it. */
export function isShowable(given: unknown): given is JsonSchema {
  if (!isObject(given)) return false;
  const { properties = {}, required = [] } = given;
  if (!isObject(properties) || !Array.isArray(required)) return false;
  return Object.values(properties).every(
    property => isObject(property) && (property.enum === undefined || Array.isArray(property.enum)),
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

/** The rows of a schema; null where rows cannot say all that it says, and where it is none. */
export function rowsOf(schema: unknown): ParamRows | null {
  if (!isShowable(schema) || schema.properties === undefined) return null;
  const { properties, required = [], additionalProperties } = schema;
  const rows = Object.entries(properties).map(([name, property]) => rowOf(name, property, required.includes(name)));
  const found = { rows, others: additionalProperties !== false };
  const read = schemaOf(found);
  return read.ok && isSame(read.schema, schema) ? found : null;
}

function rowOf(name: string, property: JsonSchema, required: boolean): ParamRow {
  const written = (value: unknown) => (value === undefined ? '' : String(value));
  return {
    name,
    title: written(property.title),
    description: written(property.description),
    kind: kindOf(property),
    unit: written(property.unit),
    minimum: written(property.minimum),
    maximum: written(property.maximum),
    multipleOf: written(property.multipleOf),
    choices: (property.enum ?? []).map(written).join('\n'),
    initial: written(property.default),
    required,
  };
}

function kindOf({ type, enum: values }: JsonSchema): ParamKind {
  if (type === 'integer' || type === 'number') return type;
  if (type === 'boolean') return 'flag';
  return values === undefined ? 'text' : 'choice';
}

/** In which order keys stand means nothing; what is left out is as if it stood there. */
function isSame(a: JsonSchema, b: JsonSchema): boolean {
  const plain = ({ required = [], additionalProperties = true, ...schema }: JsonSchema) =>
    sorted({ ...schema, additionalProperties, required: [...required].sort() });
  return JSON.stringify(plain(a)) === JSON.stringify(plain(b));
}

function sorted(value: unknown): unknown {
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map(sorted);
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return entries.map(([key, inner]) => [key, sorted(inner)]);
}

const fieldOfKeyword: Readonly<Record<string, RowField>> = {
  title: 'title',
  description: 'description',
  unit: 'unit',
  minimum: 'minimum',
  maximum: 'maximum',
  multipleOf: 'multipleOf',
  enum: 'choices',
  default: 'initial',
};

/** Which field of which row a problem of the gateway is about; null where it is none of them. */
export function placeOf(rows: readonly ParamRow[], { where }: FieldProblem): { row: number; field: RowField } | null {
  // Names may have dots in them: of several that fit the longest is meant.
  const fits = rows
    .map(({ name }, row) => ({ row, path: `params.properties.${name.trim()}` }))
    .filter(({ path }) => where === path || where.startsWith(`${path}.`))
    .sort((a, b) => b.path.length - a.path.length);
  const [best] = fits;
  if (best === undefined) return null;
  const keyword = where.slice(best.path.length + 1).split('.')[0] ?? '';
  return { row: best.row, field: fieldOfKeyword[keyword] ?? 'name' };
}
