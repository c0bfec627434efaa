// The fields of a form that is made from a command's JSON Schema, and the parameters that come of what is typed in.
import type { FieldProblem, JsonSchema } from '@telltale/gateway/contract';

type Common = {
  readonly name: string;
  readonly label: string;
  readonly unit: string | null;
  readonly description: string | null;
  /** It has to be filled in. */
  readonly needed: boolean;
  /** What is in it at first. */
  readonly begin: string;
};

export type NumberField = Common & {
  readonly kind: 'number';
  readonly isInteger: boolean;
  readonly min: number | null;
  readonly max: number | null;
  /** True where the bound itself is already too much. */
  readonly minIsOut: boolean;
  readonly maxIsOut: boolean;
  /** Multiples of which are taken. */
  readonly step: number | null;
};
export type ParamField =
  | NumberField
  | (Common & { readonly kind: 'flag' })
  /** What is chosen is the place of the value in the list. */
  | (Common & { readonly kind: 'choice'; readonly values: readonly unknown[] })
  | (Common & { readonly kind: 'text'; readonly lengthMax: number | null })
  | (Common & { readonly kind: 'json' });

/** By the name of a parameter what is typed; '' is nothing. */
export type Draft = Readonly<Record<string, string>>;

/** Null where the parameters are no object with known names: they are written as JSON then. */
export function fieldsOf(schema: JsonSchema | null): ParamField[] | null {
  if (schema?.type !== 'object' || schema.properties === undefined) return null;
  const { properties, required = [] } = schema;
  return Object.entries(properties).map(([name, inner]) => fieldOf(name, inner, required.includes(name)));
}

function fieldOf(name: string, schema: JsonSchema, required: boolean): ParamField {
  const { title = name, unit = null, description = null } = schema;
  const needed = required && schema.default === undefined;
  const common = { name, label: title, unit, description, needed };
  const begin = (written: (value: unknown) => string) => (schema.default === undefined ? '' : written(schema.default));
  const values = schema.enum ?? (schema.const === undefined ? undefined : [schema.const]);
  if (values !== undefined) {
    const only = values.length === 1 && required ? '0' : '';
    return { ...common, kind: 'choice', values, begin: begin(value => String(values.indexOf(value))) || only };
  }
  switch (schema.type) {
    case 'number':
    case 'integer':
      return { ...common, kind: 'number', ...boundsOf(schema), begin: begin(String) };
    case 'boolean':
      // One that may be left out is a choice of three.
      return required || schema.default !== undefined
        ? { ...common, kind: 'flag', begin: begin(String) || 'false' }
        : { ...common, kind: 'choice', values: [true, false], begin: '' };
    case 'string':
      return { ...common, kind: 'text', lengthMax: schema.maxLength ?? null, begin: begin(String) };
    default:
      return { ...common, kind: 'json', begin: begin(value => JSON.stringify(value)) };
  }
}

function boundsOf(schema: JsonSchema): Omit<NumberField, keyof Common | 'kind'> {
  const { type, minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf = null } = schema;
  const minIsOut = exclusiveMinimum !== undefined && exclusiveMinimum >= (minimum ?? -Infinity);
  const maxIsOut = exclusiveMaximum !== undefined && exclusiveMaximum <= (maximum ?? Infinity);
  return {
    isInteger: type === 'integer',
    min: (minIsOut ? exclusiveMinimum : minimum) ?? null,
    max: (maxIsOut ? exclusiveMaximum : maximum) ?? null,
    minIsOut,
    maxIsOut,
    step: multipleOf,
  };
}

export function beginDraft(fields: readonly ParamField[]): Draft {
  return Object.fromEntries(fields.map(({ name, begin }) => [name, begin]));
}

export type ReadDraft =
  | { ok: true; params: Record<string, unknown> }
  /** Names of what has to be filled in, and of what cannot be sent as it is. */
  | { ok: false; missing: readonly string[]; wrong: readonly string[] };

/** What would be sent. What was left empty is left out: the gateway fills in its default. */
export function readDraft(fields: readonly ParamField[], draft: Draft): ReadDraft {
  const params: Record<string, unknown> = {};
  const missing: string[] = [];
  const wrong: string[] = [];
  for (const field of fields) {
    const written = draft[field.name] ?? '';
    if (written.trim() === '') {
      if (field.needed) missing.push(field.name);
      continue;
    }
    const read = readField(field, written);
    if (read === undefined) wrong.push(field.name);
    else params[field.name] = read.value;
  }
  return missing.length + wrong.length === 0 ? { ok: true, params } : { ok: false, missing, wrong };
}

/** Undefined where it cannot be sent. Lengths and patterns of text are left to the gateway. */
function readField(field: ParamField, written: string): { value: unknown } | undefined {
  switch (field.kind) {
    case 'number': {
      const value = Number(written);
      return isWithin(field, value) ? { value } : undefined;
    }
    case 'flag':
      return { value: written === 'true' };
    case 'choice': {
      const at = Number(written);
      return at in field.values ? { value: field.values[at] } : undefined;
    }
    case 'text':
      return { value: written };
    case 'json':
      try {
        return { value: JSON.parse(written) as unknown };
      } catch {
        return undefined;
      }
  }
}

function isWithin({ isInteger, min, max, minIsOut, maxIsOut, step }: NumberField, value: number): boolean {
  if (!Number.isFinite(value) || (isInteger && !Number.isInteger(value))) return false;
  if (min !== null && (value < min || (minIsOut && value === min))) return false;
  if (max !== null && (value > max || (maxIsOut && value === max))) return false;
  // 0.3 is three times 0.1, whatever the machine makes of it.
  return step === null || Math.abs(value / step - Math.round(value / step)) < 1e-9;
}

/** What the gateway found wrong, by the name of the field; null where there is more than fields can show. */
export function problemsByField(
  fields: readonly ParamField[],
  problems: readonly FieldProblem[],
): ReadonlyMap<string, string> | null {
  const found = new Map<string, string>();
  for (const { where, expected } of problems) {
    const field = fields.find(({ name }) => where === `params.${name}` || where.startsWith(`params.${name}.`));
    if (field === undefined) return null;
    const inner = where.slice(`params.${field.name}.`.length);
    const words = inner === '' ? expected : `${expected} at ${inner}`;
    const before = found.get(field.name);
    found.set(field.name, before === undefined ? words : `${before}; ${words}`);
  }
  return found.size === 0 ? null : found;
}
