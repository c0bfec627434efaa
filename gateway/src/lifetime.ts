// How the process ends: on a signal in good order ([RUN-1]), on a fault at once, with its reason in the log ([RUN-2]).
import type { Logger } from './lib/logger.ts';

/** A close that takes longer than this has hung. */
const closeMsMax = 10_000;

/** What was thrown, with its stack where it has one: anything can be thrown. */
function wordsOf(thrown: unknown): string {
  if (thrown instanceof Error) return thrown.stack ?? thrown.message;
  return `thrown: ${typeof thrown === 'string' ? thrown : JSON.stringify(thrown)}`;
}

/** The log is written synchronously: what it was told is there when the process is gone. */
function endWith(log: Logger, thrown: unknown, sentence: string): never {
  try {
    log.error({ error: wordsOf(thrown) }, sentence);
  } finally {
    process.exit(1);
  }
}

/**
 * From now on a fault that nobody caught ends the process. Returns what is to be called where the store cannot go on.
 * A process that went on would be half dead: it would listen, and nothing would be behind it.
 */
export function endOnFaults(log: Logger): (error: Error) => void {
  // A rejection that nobody handles comes here as well.
  process.on('uncaughtException', thrown => endWith(log, thrown, 'a fault of the gateway: it ends'));
  return error => endWith(log, error, 'the store is broken: the gateway ends, for nothing after this could be trusted');
}

/**
 * Ends the process without waiting for anything. An ordinary exit waits for the worker threads, and one of them may be
 * in the middle of a long query or of a write to a disk that hangs.
 */
function endAtOnce(log: Logger, sentence: string): void {
  log.error({}, sentence);
  process.kill(process.pid, 'SIGKILL');
}

/** Closes the gateway when it is told to stop, and ends with status 0; told a second time it ends at once. */
export function endOnSignals(log: Logger, close: () => Promise<void>): void {
  let stopping = false;
  const stop = (why: string) => {
    if (stopping) return endAtOnce(log, `${why} while closing: what is under way is given up`);
    stopping = true;
    log.info({ why }, 'closing');
    setTimeout(() => endAtOnce(log, `closing took longer than ${closeMsMax} ms`), closeMsMax).unref();
    close().then(
      () => process.exit(0),
      error => endWith(log, error, 'closing failed'),
    );
  };
  process.on('SIGINT', () => stop('SIGINT'));
  process.on('SIGTERM', () => stop('SIGTERM'));
  // Whoever started this program and may be killed itself holds the other end of the pipe.
  if (process.env.TELLTALE_PARENT_PIPE === '1') process.stdin.resume().on('end', () => stop('the parent is gone'));
}
