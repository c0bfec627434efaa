// One thing that is asked of the gateway at a time: whether it is under way, and what came of it.
import { useState } from 'preact/hooks';

export type Action = {
  readonly busy: boolean;
  /** Null where the last attempt went well, or none was made. */
  readonly error: unknown;
  /** True where it went well. */
  run(work: () => Promise<unknown>): Promise<boolean>;
};

/** Nothing asked yet. */
export function useAction(): Action {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const run = async (work: () => Promise<unknown>) => {
    setBusy(true);
    setError(null);
    try {
      await work();
      return true;
    } catch (reason) {
      setError(reason);
      return false;
    } finally {
      setBusy(false);
    }
  };
  return { busy, error, run };
}
