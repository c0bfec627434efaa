// A logger for what strangers set off: so many lines a second, and then how many were left out.
import type { Clock } from './clock.ts';
import type { Logger } from './logger.ts';

/** Lines in a second. People read the first of a flood, and its counters. */
const linesPerSecond = 10;

/** Warns on `log` while there are few. What was left out is told with the next line that is not. */
export function limitedWarnings(log: Logger, clock: Clock): Logger['warn'] {
  let second = Number.NaN;
  let lines = 0;
  let leftOut = 0;
  return (fields, sentence) => {
    const now = Math.floor(clock.now() / 1_000);
    if (now !== second) [second, lines] = [now, 0];
    if (++lines > linesPerSecond) {
      leftOut++;
      return;
    }
    log.warn(leftOut > 0 ? { ...fields, linesLeftOut: leftOut } : fields, sentence);
    leftOut = 0;
  };
}
