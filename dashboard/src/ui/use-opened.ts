// A thing that a view opens and has to close again: a watch, a feed, a ledger.
import { useEffect, useState } from 'preact/hooks';

/** Opens when the view appears or a dependency changes, closes when it goes. Null for the moment in between. */
export function useOpened<Thing extends { close(): void }>(
  open: () => Thing,
  dependencies: readonly unknown[],
): Thing | null {
  const [thing, setThing] = useState<Thing | null>(null);
  useEffect(() => {
    const opened = open();
    setThing(opened);
    return () => {
      setThing(null);
      opened.close();
    };
  }, dependencies);
  return thing;
}
