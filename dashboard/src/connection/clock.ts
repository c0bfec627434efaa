// Time as the connection sees it: handed in, so that a test can hold it in its hand.

/** Now, and later. `after` returns the way to call it off. */
export type Clock = {
  now(): number;
  after(ms: number, run: () => void): () => void;
};

/** The clock of the machine. */
export const systemClock: Clock = {
  now: () => Date.now(),
  after(ms, run) {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};
