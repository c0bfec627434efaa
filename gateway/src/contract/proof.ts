// What a command is expected to do, and the readings that show whether it did.
import type { Millis, Value } from './words.ts';

/**
 * The device's own reading of `metric` has to be `equals`, or a number from `min` to `max`, within so many milliseconds
 * after the answer; where the device does not answer, after it was sent.
 */
export type Expectation = {
  metric: string;
  withinMs: Millis;
  equals?: Value;
  min?: number;
  max?: number;
};

/** The newest reading that counted for an expectation; null where none did. */
export type Proof = { metric: string; ts: Millis | null; value: Value | null; met: boolean };

/** True where a reading of this value is what was expected. */
export function meets({ equals, min, max }: Expectation, value: Value): boolean {
  if (equals !== undefined) return value === equals;
  return typeof value === 'number' && value >= (min ?? -Infinity) && value <= (max ?? Infinity);
}
