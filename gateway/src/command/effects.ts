// What a command type adds to a request: parameters that were left out, and the effect that its parameters lead to.
import type { Expectation, ExpectationTemplate, FromParam, JsonSchema, Value } from '../contract/index.ts';

/** The parameters with the schema's defaults in the place of what is missing, down to the properties of properties. */
export function withDefaults(schema: JsonSchema, params: unknown): unknown {
  if (params === undefined) {
    if (schema.default !== undefined) return structuredClone(schema.default);
    // Whoever gives no parameters means that all have their defaults.
    return schema.type === 'object' ? withDefaults(schema, {}) : undefined;
  }
  if (Array.isArray(params)) {
    const { items } = schema;
    return items === undefined ? params : params.map(item => withDefaults(items, item));
  }
  if (params === null || typeof params !== 'object') return params;
  const filled: Record<string, unknown> = { ...params };
  for (const [name, inner] of Object.entries(schema.properties ?? {})) {
    if (Object.hasOwn(filled, name)) filled[name] = withDefaults(inner, filled[name]);
    else if (inner.default !== undefined) filled[name] = structuredClone(inner.default);
  }
  return filled;
}

/** What the type expects of these parameters; the type made sure that each parameter it names is there. */
export function expectedEffect(templates: readonly ExpectationTemplate[], params: unknown): Expectation[] {
  return templates.map(({ metric, withinMs, equals, min, max }) => ({
    metric,
    withinMs,
    ...(equals !== undefined && { equals: taken(equals, params) }),
    ...(min !== undefined && { min: taken(min, params) }),
    ...(max !== undefined && { max: taken(max, params) }),
  }));
}

function taken<Given extends Value>(from: FromParam<Given>, params: unknown): Given {
  return typeof from === 'object' ? (Reflect.get(params as object, from.param) as Given) : from;
}
