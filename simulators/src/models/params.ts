// Reads the parameters of a command, and says in one sentence what was expected and what came instead.

/** A parameter that was read, or the sentence that says what was wrong with it. */
export type Param = { ok: true; value: number } | { ok: false; error: string };

/** Longest piece of a bad parameter that is quoted back; the sender knows the rest. */
const quotedLengthMax = 60;

/** A value as a sentence quotes it. */
export function quoted(value: unknown): string {
  if (value === undefined) return 'nothing';
  const text = JSON.stringify(value) ?? typeof value;
  return text.length <= quotedLengthMax ? text : `${text.slice(0, quotedLengthMax)}…`;
}

/** The number `name` of `params`, from `low` to `high`, both included. */
export function numberParam(params: unknown, name: string, low: number, high: number): Param {
  if (typeof params !== 'object' || params === null || Array.isArray(params)) {
    return { ok: false, error: `expected parameters like {"${name}":${low}}, got ${quoted(params)}` };
  }
  const value = Object.hasOwn(params, name) ? (params as Record<string, unknown>)[name] : undefined;
  if (typeof value === 'number' && value >= low && value <= high) return { ok: true, value };
  return { ok: false, error: `expected ${name} to be a number from ${low} to ${high}, got ${quoted(value)}` };
}
