// How many devices patterns and tags come to, asked for while somebody types.
import { type ReadonlySignal, signal } from '@preact/signals';
import type { GroupPreview, GroupTarget } from '@telltale/gateway/contract';
import type { Clock } from '../connection/index.ts';
import { createNewestWins } from '../history/newest-wins.ts';
import { createReload } from '../history/reload.ts';
import type { Api } from '../history/rest.ts';

/** Whoever types a name is asked for after it, not after each letter. */
const typingMs = 300;

export type TargetPreview = {
  /** Null where nothing was asked for, and while the answer to what was typed last is still to come. */
  readonly preview: ReadonlySignal<GroupPreview | null>;
  readonly error: ReadonlySignal<unknown>;
  /** Of a target of nothing there is no preview. */
  ask(target: GroupTarget): void;
  close(): void;
};

/** Asks for nothing yet. */
export function openTargetPreview({ api, clock }: { api: Pick<Api, 'previewGroup'>; clock: Clock }): TargetPreview {
  const preview = signal<GroupPreview | null>(null);
  const error = signal<unknown>(null);
  const loads = createNewestWins();
  let wanted: GroupTarget = { devices: [], tags: [] };
  const soon = createReload(clock, typingMs, load);

  function load(): void {
    const target = wanted;
    void loads.ask(
      () => api.previewGroup(target),
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
      if (target.devices.length + target.tags.length > 0) soon.soon();
    },
    close() {
      loads.close();
      soon.cancel();
    },
  };
}
