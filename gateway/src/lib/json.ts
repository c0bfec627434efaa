// JSON of values that came from outside: nested deeply enough, writing it overflows the stack.

/** Characters of `value` as JSON; infinitely many where it is nested too deeply to be written. */
export function jsonLength(value: unknown): number {
  try {
    return JSON.stringify(value)?.length ?? 0;
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}

/** The beginning of `value` as JSON, for a message that says what came. */
export function jsonExcerpt(value: unknown, lengthMax: number): string {
  if (value === undefined) return 'nothing';
  try {
    return JSON.stringify(value).slice(0, lengthMax);
  } catch {
    return 'something nested too deeply';
  }
}
