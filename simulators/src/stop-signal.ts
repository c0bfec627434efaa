// Turns SIGINT and SIGTERM into one abort signal. Those that follow change nothing: the way out is bounded anyway,
// and npm passes a Ctrl-C on a second time.

/** A signal that aborts when this process is asked to end. */
export function stopOnSignals(): AbortController {
  const stop = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => stop.abort());
  return stop;
}

/** Resolves when `signal` aborts, at once where it has already. */
export function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise(resolve => signal.addEventListener('abort', () => resolve(), { once: true }));
}
