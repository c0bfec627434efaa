// How many devices something is for, asked for while somebody types it.
import { type ReadonlySignal, signal } from '@preact/signals';
import type { GroupPreview } from '@telltale/gateway/contract';
import type { Clock } from '../connection/index.ts';
import { createNewestWins } from '../history/newest-wins.ts';
import { createReload } from '../history/reload.ts';

/** Whoever types a name is asked for after it, not after each letter. */
const typingMs = 300;

export type TargetPreview<Target> = {
  /** Null where nothing was asked for, and while the answer to what was typed last is still to come. */
  readonly preview: ReadonlySignal<GroupPreview | null>;
  readonly error: ReadonlySignal<unknown>;
  /** Of null there is no preview. */
  ask(target: Target | null): void;
  close(): void;
};

/** Asks for nothing yet. */
export function openTargetPreview<Target>(
  count: (target: Target) => Promise<GroupPreview>,
  clock: Clock,
): TargetPreview<Target> {
  const preview = signal<GroupPreview | null>(null);
  const error = signal<unknown>(null);
  const loads = createNewestWins();
  let wanted: Target | null = null;
  const soon = createReload(clock, typingMs, load);

  function load(): void {
    const target = wanted;
    if (target === null) return;
    void loads.ask(
      () => count(target),
      found => {
        // What was typed since has another answer.
        if (target !== wanted) return;
        preview.value = found;
        error.value = null;
      },
      reason => {
        error.value = reason;
      },
    );
  }

  return {
    preview,
    error,
    ask(target) {
      wanted = target;
      preview.value = null;
      error.value = null;
      if (target !== null) soon.soon();
    },
    close() {
      loads.close();
      soon.cancel();
    },
  };
}
