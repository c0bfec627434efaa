// What configuration says of cadences: for metrics whose silence means nothing, as a door's, and for those whose pace
// is known better than it can be learned.
import { matchesPattern } from '../lib/pattern.ts';

/** `every` is the cadence of the metrics that fit, in milliseconds. */
export type CadenceRule = { device: string; metric: string; every: number };

/** The cadence of a series by the first rule that fits; null where none does, and it is learned. */
export function everyMsBy(rules: readonly CadenceRule[], name: { device: string; metric: string }): number | null {
  const rule = rules.find(
    ({ device, metric }) => matchesPattern(device, name.device) && matchesPattern(metric, name.metric),
  );
  return rule?.every ?? null;
}
