// Loading again a little later: many reasons that come together are one load, and a stream of them does not put it
// off for ever.
import type { Clock } from '../connection/index.ts';

export type Reload = { soon(): void; cancel(): void };

/** `soon` runs `load` once after `delayMs`, however often it is called until then. */
export function createReload(clock: Clock, delayMs: number, load: () => void): Reload {
  let cancelTimer: (() => void) | null = null;
  return {
    soon() {
      cancelTimer ??= clock.after(delayMs, () => {
        cancelTimer = null;
        load();
      });
    },
    cancel() {
      cancelTimer?.();
      cancelTimer = null;
    },
  };
}
