// Time as a part that can be handed in: the gateway's own clock, and the timers that go with it.

/** A timer that was set; `cancel` may be called at any time, also after it ran. */
export type Timer = { cancel(): void };

/** Wall time in Unix milliseconds, which people and protocols set, and time that only runs. Tests move one by hand. */
export type Clock = {
  now(): number;
  /** Milliseconds since some moment. No one sets it: what must last so long, and no longer, goes by it. */
  elapsed(): number;
  /** Runs `task` once after `delayMs`. Does not keep the process alive. */
  after(delayMs: number, task: () => void): Timer;
  /** Runs `task` every `intervalMs`. Does not keep the process alive. */
  every(intervalMs: number, task: () => void): Timer;
};

export const systemClock: Clock = {
  now: Date.now,
  elapsed: () => performance.now(),
  after(delayMs, task) {
    // setTimeout takes 31 bits; a longer wait would run at once.
    const handle = setTimeout(task, Math.min(Math.max(delayMs, 0), 2 ** 31 - 1));
    handle.unref();
    return { cancel: () => clearTimeout(handle) };
  },
  every(intervalMs, task) {
    const handle = setInterval(task, intervalMs);
    handle.unref();
    return { cancel: () => clearInterval(handle) };
  },
};
