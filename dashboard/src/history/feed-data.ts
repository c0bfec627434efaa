// What a feed holds: a line for numbers, a timeline of states for everything else, filled in the same way.
import type { Millis, Value, ValueType } from '@telltale/gateway/contract';
import { createLineData, type LineData } from './line-data.ts';
import type { Loaded } from './load.ts';
import { createStateData, type StateData } from './state-data.ts';

export type FeedData = {
  /** One of the two is there. */
  readonly line: LineData | null;
  readonly states: StateData | null;
  load(loaded: Loaded): void;
  add(ts: Millis, value: Value): void;
  /** Lets go of what is older than `from`. */
  trim(from: Millis): void;
  newest(): Millis | null;
};

/** Empty data for a range of `rangeMs`. */
export function createFeedData(type: ValueType, rangeMs: number): FeedData {
  if (type !== 'number') {
    const states = createStateData();
    return { ...states, line: null, states, add: (ts, value) => states.add([ts, value]) };
  }
  const line = createLineData(rangeMs);
  return {
    ...line,
    line,
    states: null,
    add(ts, value) {
      // A metric that changed its type for a while leaves readings that no line can be drawn through.
      if (typeof value === 'number') line.add([ts, value]);
    },
  };
}
