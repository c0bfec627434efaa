// Gathers changes and applies them together, once for each frame the screen draws: hundreds of updates a second cost
// as many renderings as the eye can see.
import { batch } from '@preact/signals';

/** Changes that may wait. A page in the background draws no frames; then they are applied when this many wait. */
export const changesMax = 5_000;

export type Batcher = (change: () => void) => void;

/** `schedule` runs its argument soon: `requestAnimationFrame` on a page. */
export function createBatcher(schedule: (run: () => void) => void): Batcher {
  let waiting: (() => void)[] = [];
  let scheduled = false;

  function apply(): void {
    const changes = waiting;
    waiting = [];
    batch(() => {
      for (const change of changes) change();
    });
  }

  return change => {
    waiting.push(change);
    if (waiting.length >= changesMax) return apply();
    if (scheduled) return;
    scheduled = true;
    schedule(() => {
      scheduled = false;
      apply();
    });
  };
}
