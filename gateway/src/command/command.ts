// The command stage: the ledger of what was asked of devices, and what became of it.
// Invariant: a command is in the log before it is sent, and every change of its state is in the log before it is
// shown ([CMD-1]); nothing is sent after it expires ([CMD-3]).
// Full: so many open commands a device and in all; a further one is refused.
import {
  type Command,
  type CommandAnswer,
  type CommandRequest,
  type CommandState,
  commandTransitions,
  isOpen,
  type LiveEvent,
  limits,
  Refusal,
  type TransitionCause,
} from '../contract/index.ts';
import type { Clock, Timer } from '../lib/clock.ts';
import { jsonLength } from '../lib/json.ts';
import { GrowingUlids } from '../lib/ulid.ts';
import { Keys } from './keys.ts';

/** How long a device may take to answer, where the command's own life ends sooner. */
const answerMsMin = 10_000;

export type CommandPorts = {
  clock: Clock;
  deviceExists(device: string): boolean;
  /** Appends the event and keeps the command, in one commit. */
  save(command: Command, event: LiveEvent): Promise<void>;
  find(id: string): Promise<Command | null>;
  findByKey(key: string): Promise<Command | null>;
  /** True where a connection of the device listens for commands. */
  isReachable(device: string): boolean;
  /** Publishes to the one connection that is the device; false where there is none. */
  send(device: string, command: string, payload: string): boolean;
};

export type Requester = { by: string; from: string };

export type CommandCounters = Record<
  'requested' | 'repeated' | 'sent' | 'answered' | 'lateAnswers' | 'strayAnswers',
  number
>;

/** What a command has that was asked for with nothing but a name; also what those of earlier versions lack. */
export const commandDefaults = Object.freeze({
  type: null,
  group: null,
  supersede: null,
  retries: 0,
  retryAfterMs: limits.commandRetryMsDefault,
  reply: true,
  expect: [],
  needsApproval: false,
  approval: null,
  attempts: 0,
  sentAt: null,
  answeredAt: null,
  proof: null,
}) satisfies Partial<Command>;

export class Commands {
  readonly counters: CommandCounters = {
    requested: 0,
    repeated: 0,
    sent: 0,
    answered: 0,
    lateAnswers: 0,
    strayAnswers: 0,
  };
  /** Those that are queued or sent, by id. */
  private readonly open = new Map<string, Command>();
  private readonly byDevice = new Map<string, Set<string>>();
  private readonly timers = new Map<string, Timer>();
  /** One change at a time for each command: the next waits until the one before is in the log. */
  private readonly turns = new Map<string, Promise<unknown>>();
  private readonly ids = new GrowingUlids();
  /** When each open command's life ends, in elapsed time: a clock that is set back must not prolong it ([CMD-3]). */
  private readonly overAt = new Map<string, number>();
  private readonly keys: Keys;
  private readonly ports: CommandPorts;

  constructor(ports: CommandPorts) {
    this.ports = ports;
    this.keys = new Keys(ports.findByKey);
  }

  /**
   * Takes up what was open when the gateway stopped. What was sent and not answered is unknown: it may have run
   * ([CMD-4]). What was queued waits on, or has expired meanwhile; so has what has changed at a time that is still to
   * come, for the clock was set back, and there is no telling how long ago that was. `lastId` is the newest command's.
   */
  async resume(commands: Command[], lastId = ''): Promise<void> {
    this.ids.startAfter(lastId);
    const now = this.ports.clock.now();
    for (const command of commands) this.track(command, command.updatedAt > now ? 0 : command.expiresAt - now);
    // A full disk refuses the change; the gateway starts all the same, and the command stays as the log has it.
    await Promise.allSettled(
      commands.map(command =>
        command.state === 'sent' ? this.change(command.id, 'unknown', 'restart') : this.armExpiry(command),
      ),
    );
  }

  /** Puts a command into the ledger and sends it where the device is there. A known key answers with its command. */
  async request(device: string, request: CommandRequest, key: string | null, requester: Requester): Promise<Command> {
    if (!this.ports.deviceExists(device)) {
      throw new Refusal('not_found', `no device is called ${JSON.stringify(device)}`);
    }
    checkSizes(request, key);
    if (key === null) return this.create(device, request, null, requester);
    const { command, repeated } = await this.keys.once(key, () => this.create(device, request, key, requester));
    if (repeated) {
      this.counters.repeated++;
      const same =
        command.device === device &&
        command.name === request.name &&
        JSON.stringify(command.params) === JSON.stringify(request.params ?? null);
      if (!same) throw new Refusal('conflict', 'the idempotency key was used for another command');
    }
    return repeated ? this.get(command.id) : command;
  }

  async get(id: string): Promise<Command> {
    const command = this.open.get(id) ?? (await this.ports.find(id));
    if (command === null) throw new Refusal('not_found', 'no such command');
    return command;
  }

  /** Withdraws a command that was not sent yet. */
  async cancel(id: string): Promise<Command> {
    await this.get(id);
    await this.change(id, 'cancelled', 'withdrawn');
    const command = await this.get(id);
    if (command.state !== 'cancelled') {
      throw new Refusal('unprocessable', `only a queued command can be cancelled; this one is ${command.state}`);
    }
    return command;
  }

  /** The device is there: sends what waits for it, in order. */
  async deviceConnected(device: string): Promise<void> {
    for (const id of [...(this.byDevice.get(device) ?? [])]) {
      const command = this.open.get(id);
      if (command?.state === 'queued') await this.sendQueued(command);
    }
  }

  /** Takes the device's answer. Resolves once it is in the ledger; an answer to nothing is counted. */
  answered(device: string, id: string, answer: CommandAnswer): Promise<void> {
    // The look-up has its turn too: of two late answers the second finds what the first made of the command.
    return this.inTurn(id, async () => {
      const command = this.open.get(id) ?? (await this.ports.find(id));
      if (command === null || command.device !== device) {
        this.counters.strayAnswers++;
        return;
      }
      this.counters.answered++;
      const late = !isOpen(command);
      if (late) this.counters.lateAnswers++;
      const outcome = answer.ok
        ? { result: answer.result ?? null }
        : { error: answer.error.slice(0, limits.textLengthMax) };
      const state = answer.ok ? 'acknowledged' : 'rejected';
      await this.move(command, state, late ? 'late-answer' : 'answer', outcome);
    });
  }

  /** True where the broker may still hand this command to its device; a session may hold it for longer. */
  maySend(id: string): boolean {
    const command = this.open.get(id);
    return command !== undefined && command.state === 'sent' && !this.isOver(command);
  }

  openCount(): number {
    return this.open.size;
  }

  close(): void {
    for (const timer of this.timers.values()) timer.cancel();
    this.timers.clear();
  }

  private async create(
    device: string,
    request: CommandRequest,
    key: string | null,
    { by, from }: Requester,
  ): Promise<Command> {
    this.checkRoom(device);
    const now = this.ports.clock.now();
    const command: Command = {
      ...commandDefaults,
      id: this.ids.next(now),
      device,
      name: request.name,
      params: request.params ?? null,
      state: 'queued',
      createdAt: now,
      updatedAt: now,
      expiresAt: now + checkTtl(request.ttlMs),
      by,
      from,
      reason: request.reason ?? null,
      key,
      result: null,
      error: null,
      transitions: [{ state: 'queued', at: now, cause: 'requested' }],
    };
    this.track(command, command.expiresAt - now);
    try {
      return await this.saveAndSend(command);
    } catch (error) {
      this.untrack(command);
      throw error;
    }
  }

  /** Where the device is there, *queued* and *sent* go into the log with the same commit, one behind the other. */
  private async saveAndSend(queued: Command): Promise<Command> {
    const saved = this.ports.save(queued, eventOf(queued, 'requested'));
    this.counters.requested++;
    if (!this.ports.isReachable(queued.device)) {
      await saved;
      this.armExpiry(queued);
      return queued;
    }
    const [, changed] = await Promise.all([saved, this.change(queued.id, 'sent', 'requested')]);
    if (changed) this.publish(queued.id);
    return this.get(queued.id);
  }

  private checkRoom(device: string): void {
    if (this.open.size >= limits.commandsOpenMax) {
      throw new Refusal('too_many', `at most ${limits.commandsOpenMax} open commands`);
    }
    if ((this.byDevice.get(device)?.size ?? 0) >= limits.commandsPerDeviceMax) {
      throw new Refusal('too_many', `at most ${limits.commandsPerDeviceMax} open commands a device`);
    }
  }

  private armExpiry({ id }: Command): void {
    this.setTimer(id, this.leftMs(id), () => this.change(id, 'expired', 'ttl'));
  }

  /** What is left of a command's life, as it goes by. */
  private leftMs(id: string): number {
    return (this.overAt.get(id) ?? 0) - this.ports.clock.elapsed();
  }

  /** A life is over when it has gone by, and when the clock says so: the device, too, reads `expiresAt`. */
  private isOver({ id, expiresAt }: Command): boolean {
    return expiresAt <= this.ports.clock.now() || this.leftMs(id) <= 0;
  }

  private async sendQueued(command: Command): Promise<void> {
    const { id, device } = command;
    if (this.isOver(command)) await this.change(id, 'expired', 'ttl');
    else if (this.ports.isReachable(device) && (await this.change(id, 'sent', 'device-connected'))) this.publish(id);
  }

  /** *Sent* is in the log before the publish: after a crash it is known that it may have gone out ([CMD-4]). */
  private publish(id: string): void {
    const command = this.open.get(id);
    if (command?.state !== 'sent') return;
    const { device, name, params, expiresAt } = command;
    if (this.isOver(command)) this.fail(id, 'ttl', 'it expired before it could be sent');
    else if (!this.ports.send(device, id, JSON.stringify({ name, params, expiresAt }))) {
      this.fail(id, 'connection', 'the device went away before it could be sent');
    } else {
      this.counters.sent++;
      this.setTimer(id, Math.max(this.leftMs(id), answerMsMin), () => this.change(id, 'timed-out', 'no-answer'));
    }
  }

  private fail(id: string, cause: TransitionCause, error: string): void {
    // Where the log refuses (a full disk), the state stands as the log has it; the next start decides.
    this.change(id, 'failed', cause, { error }).catch(() => {});
  }

  /** Moves an open command on where the table allows it, and says whether it did. */
  private change(
    id: string,
    state: CommandState,
    cause: TransitionCause,
    outcome: { result?: unknown; error?: string } = {},
  ): Promise<boolean> {
    return this.inTurn(id, async () => {
      const command = this.open.get(id);
      return command !== undefined && this.move(command, state, cause, outcome);
    });
  }

  /** The new state is shown only once it is in the log ([CMD-1]). */
  private async move(
    before: Command,
    state: CommandState,
    cause: TransitionCause,
    outcome: { result?: unknown; error?: string },
  ): Promise<boolean> {
    if (!commandTransitions[before.state].includes(state)) return false;
    const at = this.ports.clock.now();
    const transitions = [...before.transitions, { state, at, cause }];
    const after: Command = { ...before, ...outcome, state, updatedAt: at, transitions };
    await this.ports.save(after, eventOf(after, cause));
    if (isOpen(after)) this.open.set(after.id, after);
    else this.untrack(after);
    return true;
  }

  /** One piece of work at a time for each command: the next begins when the one before is in the log. */
  private inTurn<Result>(id: string, work: () => Promise<Result>): Promise<Result> {
    const turn = (this.turns.get(id) ?? Promise.resolve()).then(work);
    const settled = turn
      .catch(() => {})
      .finally(() => {
        if (this.turns.get(id) === settled) this.turns.delete(id);
      });
    this.turns.set(id, settled);
    return turn;
  }

  private setTimer(id: string, delayMs: number, task: () => Promise<unknown>): void {
    this.timers.get(id)?.cancel();
    this.timers.set(
      id,
      this.ports.clock.after(delayMs, () => void task().catch(() => {})),
    );
  }

  private track(command: Command, lifeMs: number): void {
    this.open.set(command.id, command);
    this.overAt.set(command.id, this.ports.clock.elapsed() + lifeMs);
    const ids = this.byDevice.get(command.device) ?? new Set();
    this.byDevice.set(command.device, ids.add(command.id));
  }

  private untrack({ id, device }: Command): void {
    this.open.delete(id);
    this.overAt.delete(id);
    this.timers.get(id)?.cancel();
    this.timers.delete(id);
    const ids = this.byDevice.get(device);
    ids?.delete(id);
    if (ids?.size === 0) this.byDevice.delete(device);
  }
}

/** REST has checked the same by its schema; a frame of the live stream comes here as it is. */
function checkSizes({ name, params, reason = '' }: CommandRequest, key: string | null): void {
  const sizes: [field: string, size: number, max: number][] = [
    ['name', name.length, limits.commandNameLengthMax],
    ['params', jsonLength(params), limits.commandParamsBytesMax],
    ['reason', reason.length, limits.commandReasonLengthMax],
    ['key', key?.length ?? 0, limits.commandKeyLengthMax],
  ];
  for (const [field, size, max] of sizes) {
    if (size > max) throw new Refusal('bad_request', `${field}: expected at most ${max} characters, got ${size}`);
  }
}

function checkTtl(ttlMs: number = limits.commandTtlMsDefault): number {
  if (ttlMs < limits.commandTtlMsMin || ttlMs > limits.commandTtlMsMax) {
    throw new Refusal(
      'bad_request',
      `ttlMs: expected ${limits.commandTtlMsMin} to ${limits.commandTtlMsMax}, got ${ttlMs}`,
    );
  }
  return ttlMs;
}

function eventOf(command: Command, cause: TransitionCause): LiveEvent {
  const { id, device, name, state, updatedAt, by, group, attempts, result, error, proof, transitions } = command;
  return {
    kind: 'command',
    device,
    command: id,
    name,
    state,
    at: updatedAt,
    cause,
    by,
    step: transitions.length,
    attempts,
    ...(group !== null && { group }),
    ...(result !== null && { result }),
    ...(error !== null && { error }),
    ...(proof !== null && { proof }),
  };
}
