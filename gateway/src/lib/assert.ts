// Checks of what must be true whatever comes from outside; a failure is a fault of the program.

/** Throws where `condition` does not hold. */
export function assert(condition: unknown, what: string): asserts condition {
  if (!condition) throw new Error(`assertion failed: ${what}`);
}

/** Marks the branch that no value of a union reaches; the type check fails where one does. */
export function unreachable(value: never): never {
  throw new Error(`assertion failed: unreachable (${JSON.stringify(value)})`);
}
