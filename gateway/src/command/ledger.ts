// The ledger: one change at a time for each command, each in the log before it is shown ([CMD-1]), and none that the
// table of states does not have ([CMD-2]).
import {
  type Command,
  type CommandState,
  commandTransitions,
  isOpen,
  type LiveEvent,
  type TransitionCause,
} from '../contract/index.ts';
import type { Clock } from '../lib/clock.ts';
import { KeyTurns } from '../lib/key-turns.ts';
import { type Entry, OpenCommands } from './open-commands.ts';

export type LedgerPorts = {
  clock: Clock;
  /** Appends the event and keeps the command, in one commit. */
  save(command: Command, event: LiveEvent): Promise<void>;
  find(id: string): Promise<Command | null>;
};

/** What a change of state brings besides; `by` is who caused it, `from` that one's address. */
export type Outcome = Partial<
  Pick<
    Command,
    'result' | 'error' | 'answeredAt' | 'proof' | 'needsApproval' | 'approval' | 'attempts' | 'sentAt' | 'retries'
  >
> & { by?: string; from?: string };

type Moved = (command: Command, cause: TransitionCause, entry: Entry | undefined) => void;

export class Ledger {
  readonly open = new OpenCommands();
  private readonly turns = new KeyTurns();
  private readonly ports: LedgerPorts;
  private readonly moved: Moved;

  /**
   * `moved` hears of every change as soon as it is in the log, in the log's order, with the entry of a command that is or
   * was open.
   */
  constructor(ports: LedgerPorts, moved: Moved) {
    this.ports = ports;
    this.moved = moved;
  }

  /** Appends a command that was not there before. */
  async save(entry: Entry): Promise<void> {
    const { command } = entry;
    try {
      await this.ports.save(command, eventOf(command));
    } catch (error) {
      // At once, before whatever waits for its turn with it.
      entry.isRefused = entry.command === command;
      throw error;
    }
  }

  /** The command as it is now, open or not; null where there is none. */
  async find(id: string): Promise<Command | null> {
    return this.open.get(id)?.command ?? (await this.ports.find(id));
  }

  /** Does `work` with the command after every change of it that is under way; with null where there is none. */
  inTurn<Result>(id: string, work: (command: Command | null) => Promise<Result>): Promise<Result> {
    return this.turns.take(id, async () => {
      // An open one is at hand: where nothing is waited for, a change goes into the log with what came before it.
      const entry = this.open.get(id);
      if (entry === undefined) return work(await this.ports.find(id));
      return work(entry.isRefused ? null : entry.command);
    });
  }

  /**
   * Moves an open command on, and says whether it did: not where it is in another state than `from` by then, and not
   * where `outcome` says null to how it is then.
   */
  change(
    id: string,
    from: readonly CommandState[],
    state: CommandState,
    cause: TransitionCause,
    outcome: Outcome | ((command: Command) => Outcome | null) = {},
  ): Promise<boolean> {
    return this.turns.take(id, async () => {
      const { command, isRefused } = this.open.get(id) ?? {};
      if (command === undefined || isRefused || !from.includes(command.state)) return false;
      const brings = typeof outcome === 'function' ? outcome(command) : outcome;
      return brings !== null && this.move(command, state, cause, brings);
    });
  }

  /** The same for any command, in a turn that was taken. The new state is shown only once it is in the log ([CMD-1]). */
  async move(
    before: Command,
    state: CommandState,
    cause: TransitionCause,
    { by, from, ...outcome }: Outcome,
  ): Promise<boolean> {
    if (!commandTransitions[before.state].includes(state)) return false;
    const at = this.ports.clock.now();
    const who = { ...(by !== undefined && { by }), ...(from !== undefined && { from }) };
    const step = { state, at, cause, ...who };
    const takenAt = this.open.get(before.id)?.sending?.takenAt ?? null;
    const deliveredAt = before.deliveredAt ?? takenAt ?? outcome.answeredAt ?? null;
    const transitions = [...before.transitions, step];
    const after: Command = { ...before, ...outcome, state, deliveredAt, updatedAt: at, transitions };
    await this.ports.save(after, eventOf(after));
    let entry = this.open.get(after.id);
    if (entry !== undefined) {
      entry.command = after;
      entry.isRefused = false;
    }
    if (!isOpen(after)) this.open.remove(after);
    else entry ??= this.open.add(after, this.ports.clock.elapsed() + after.expiresAt - at);
    this.moved(after, cause, entry);
    return true;
  }
}

/** Nobody waits for it. Where the log refuses a change (a full disk), the state stands as the log has it. */
export function inBackground(work: Promise<unknown>): void {
  work.catch(() => {});
}

/** The last step of a command, as the log and viewers have it. */
function eventOf(command: Command): LiveEvent {
  const { id, device, name, state, updatedAt, by, group, attempts, deliveredAt, result, error, proof } = command;
  const { transitions } = command;
  return {
    kind: 'command',
    device,
    command: id,
    name,
    state,
    at: updatedAt,
    cause: transitions.at(-1)?.cause ?? 'requested',
    by,
    step: transitions.length,
    attempts,
    ...(deliveredAt !== null && { deliveredAt }),
    ...(group !== null && { group }),
    ...(result !== null && { result }),
    ...(error !== null && { error }),
    ...(proof !== null && { proof }),
  };
}
