// Declaring a range of readings wrong: what is marked and typed, whether it can be sent, and what came of it.
import { computed, type ReadonlySignal, type Signal, signal } from '@preact/signals';
import type { Millis } from '@telltale/gateway/contract';
import type { Api } from '../history/rest.ts';

/** What the gateway takes, of a reason to void and of one to restore. */
export const reasonLengthMax = 256;
/** Times are marked and typed to the second. */
const stepMs = 1_000;

export type VoidForm = {
  /** Not a number while what is typed is no time. */
  readonly from: Signal<Millis>;
  readonly to: Signal<Millis>;
  readonly reason: Signal<string>;
  readonly busy: ReadonlySignal<boolean>;
  /** Null where the last attempt went well, or none was made. */
  readonly error: ReadonlySignal<unknown>;
  /** Why it cannot be sent yet. */
  readonly problem: ReadonlySignal<'time' | 'order' | 'reason' | null>;
  /** The range as it would be sent; null while there is none. */
  readonly draft: ReadonlySignal<{ from: Millis; to: Millis } | null>;
  /** A stretch of the chart was marked. */
  mark(from: Millis, to: Millis): void;
  /** True when the range is voided. */
  send(): Promise<boolean>;
};

/** Begins with the range that is in sight. */
export function createVoidForm(
  of: { device: string; metric: string; from: Millis; to: Millis },
  api: Pick<Api, 'createVoid'>,
): VoidForm {
  const from = signal(Number.NaN);
  const to = signal(Number.NaN);
  const reason = signal('');
  const busy = signal(false);
  const error = signal<unknown>(null);
  const draft = computed(() => (from.value < to.value ? { from: from.value, to: to.value } : null));
  const problem = computed(() => {
    if (Number.isNaN(from.value) || Number.isNaN(to.value)) return 'time';
    if (draft.value === null) return 'order';
    return reason.value.trim() === '' ? 'reason' : null;
  });

  function mark(start: Millis, end: Millis): void {
    // Outwards: the readings at the edges of what was marked are meant too.
    from.value = Math.floor(start / stepMs) * stepMs;
    to.value = Math.ceil(end / stepMs) * stepMs;
  }
  mark(of.from, of.to);

  return {
    from,
    to,
    reason,
    busy,
    error,
    problem,
    draft,
    mark,
    async send() {
      if (problem.value !== null || draft.value === null || busy.value) return false;
      busy.value = true;
      error.value = null;
      try {
        const { device, metric } = of;
        await api.createVoid({ device, metric, ...draft.value, reason: reason.value.trim() });
        return true;
      } catch (failure) {
        error.value = failure;
        return false;
      } finally {
        busy.value = false;
      }
    },
  };
}
