// Checks of what must be true whatever comes from outside; a failure is a fault of the program.

/** Throws where `condition` does not hold. */
export function assert(condition: unknown, what: string): asserts condition {
  if (!condition) throw new Error(`assertion failed: ${what}`);
}
