// What an open command waits for, and until when. Times are elapsed ones, infinity where nothing of the kind is awaited.
import type { Entry } from './open-commands.ts';
import { provingMs } from './proving.ts';

/** How long a device may take to answer, where the command's own life ends sooner. */
export const answerMsMin = 10_000;
const never = Number.POSITIVE_INFINITY;

/** When the command has to be looked at next; null where the log refused to take it back, which is tried again. */
export function lookAt(entry: Entry): number | null {
  const { command, overAt, sending } = entry;
  const proofEnd = proofEndOf(entry);
  switch (command.state) {
    case 'queued':
      return overAt;
    case 'sent':
      if (sending === null) return null;
      return Math.min(
        command.reply ? answerEnd(entry) : proofEnd,
        sending.retryAt < overAt ? sending.retryAt : never,
        isNoted(entry) ? never : sending.notedAt,
      );
    case 'acknowledged':
      return proofEnd;
    default:
      return Math.min(proofEnd, command.attempts <= command.retries ? overAt : never);
  }
}

/** True for one that was called sent and could not be handed over, until the log has that it waits again. */
export function isGoingBack({ command, sending }: Entry): boolean {
  return command.state === 'sent' && sending === null;
}

/** True for one that waits again behind a later one of its key: the log refused that it ended then. */
export function givesWay({ command, newer }: Entry): boolean {
  return command.state === 'queued' && newer !== null;
}

/** True for one that was not handed over yet and needs nobody's agreement. */
export function isWaiting(entry: Entry): boolean {
  return isGoingBack(entry) || (entry.command.state === 'queued' && !entry.command.needsApproval);
}

/** True where the log has that the device has it, or nobody knows that it has. */
export function isNoted({ command, sending }: Entry): boolean {
  return command.deliveredAt !== null || (sending?.takenAt ?? null) === null;
}

/** When no reading can decide any more; infinity where none is waited for. */
export function proofEndOf({ command, sending }: Entry): number {
  const isUnproved = command.expect.length > 0 && command.proof === null;
  return isUnproved ? (sending?.provingSince ?? never) + provingMs(command) : never;
}

/** When a command that was sent and not answered has timed out. */
export function answerEnd({ overAt, sending }: Entry): number {
  return Math.max(overAt, (sending?.lastAt ?? -never) + answerMsMin);
}
