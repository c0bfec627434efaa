// Commands of groups that are unknown since a restart: the device may yet answer, so that until their time is over each
// keeps its place and is no failure ([CMD-10]). Full: one item for each command of a group that is not over.
import { limits, type Millis, type TransitionCause } from '../contract/index.ts';
import type { Clock } from '../lib/clock.ts';
import { Deadlines, type Due, noDeadline } from '../lib/deadlines.ts';
import type { GroupStep } from './group-progress.ts';
import type { GroupRun } from './group-run.ts';
import { answerMsMin } from './waiting.ts';

type Unanswered = Due & { run: GroupRun; device: string; command: string };

/** Until when an answer to an unknown command is waited for. `cause` is of its last change, at `updatedAt`. */
export function answerByOf({
  expiresAt,
  updatedAt,
  cause,
}: {
  expiresAt: Millis;
  updatedAt: Millis;
  cause: TransitionCause;
}): Millis {
  if (cause === 'device-deleted') return 0;
  const isRestart = cause === 'restart' || cause === 'restored';
  return isRestart ? Math.max(expiresAt, updatedAt + answerMsMin) : expiresAt;
}

export class AwaitedAnswers {
  private readonly byCommand = new Map<string, Unanswered>();
  private readonly deadlines: Deadlines<Unanswered>;
  private readonly clock: Clock;

  /** `givenUp` is called where no answer came in time. */
  constructor(clock: Clock, givenUp: (run: GroupRun, device: string) => void) {
    this.clock = clock;
    this.deadlines = new Deadlines(clock, item => {
      this.byCommand.delete(item.command);
      givenUp(item.run, item.device);
    });
  }

  /** Hears of the newest step of a group's command. */
  heard(run: GroupRun, { id: command, device, state, open, answerBy }: GroupStep): void {
    const known = this.byCommand.get(command);
    if (known !== undefined) this.deadlines.clear(known);
    this.byCommand.delete(command);
    if (open || state !== 'unknown') return;
    // No command lives longer; where the clock was set back it would seem to.
    const leftMs = Math.min(answerBy - this.clock.now(), limits.commandTtlMsMax);
    if (leftMs <= 0) return;
    const item: Unanswered = { run, device, command, ...noDeadline };
    this.byCommand.set(command, item);
    run.progress.wait(device);
    this.deadlines.set(item, this.clock.elapsed() + leftMs);
  }

  close(): void {
    this.deadlines.close();
  }
}
