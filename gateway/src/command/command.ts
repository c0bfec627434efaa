// The command stage: what was asked of devices, and what became of it.
// Invariant: a command is in the log before it is sent, and every change of its state is in the log before it is
// shown ([CMD-1]); nothing is sent after it expires ([CMD-3]); none counts as done without proof ([CMD-6]).
// Full: so many open commands a device and in all; a further one is refused.
import {
  type Approval,
  type Command,
  type CommandAnswer,
  type CommandRequest,
  type CommandState,
  limits,
  personOf,
  Refusal,
  type TransitionCause,
} from '../contract/index.ts';
import { Texts } from '../lib/texts.ts';
import { GrowingUlids } from '../lib/ulid.ts';
import { Delivery, type DeliveryPorts } from './delivery.ts';
import { Keys } from './keys.ts';
import { inBackground, Ledger, type LedgerPorts } from './ledger.ts';
import type { Entry } from './open-commands.ts';
import { Proving, type ProvingPorts, type Readings } from './proving.ts';
import { checkKey } from './request-checks.ts';
import { supersede } from './supersede.ts';
import type { Plan } from './types.ts';

export type CommandPorts = LedgerPorts &
  DeliveryPorts &
  ProvingPorts & {
    deviceExists(device: string): boolean;
    /** Throws Refusal('controlled') where somebody else has the device for himself. */
    mayControl(device: string, by: string): void;
    /** Fills in what a request leaves open; throws Refusal where it cannot be. */
    plan(device: string, request: CommandRequest, confirmation: string): Plan;
    /** Finds a command by its idempotency key, which `keyOf` makes unique. */
    findByKey(key: string): Promise<Command | null>;
    /** Hears of each change of a command that belongs to a group. */
    movedInGroup?(command: Command): void;
  };

export type Requester = { by: string; from: string };

/** What only a group asks for: its id, what had to be typed to confirm it, and who agreed to it. */
export type RequestOptions = { group?: string; confirmation?: string; approval?: Approval | null };

export type CommandCounters = Record<
  | 'requested'
  | 'repeated'
  | 'sent'
  | 'sentAgain'
  | 'notHandedOver'
  | 'delivered'
  | 'answered'
  | 'lateAnswers'
  | 'repeatedAnswers'
  | 'strayAnswers'
  | 'verified'
  | 'contradicted'
  | 'superseded',
  number
>;

/** Texts that commands share; more devices than this have commands at a time on no site. */
const textsMax = 20_000;

/** The idempotency key under which a command is found: each person's and each group's keys are their own. */
export function keyOf({ by, group, key }: Pick<Command, 'by' | 'group' | 'key'>): string | null {
  if (key === null) return null;
  return group === null ? `${personOf(by)}/${key}` : `/${group}/${key}`;
}

export class Commands {
  readonly counters: CommandCounters = {
    requested: 0,
    repeated: 0,
    sent: 0,
    sentAgain: 0,
    notHandedOver: 0,
    delivered: 0,
    answered: 0,
    lateAnswers: 0,
    repeatedAnswers: 0,
    strayAnswers: 0,
    verified: 0,
    contradicted: 0,
    superseded: 0,
  };
  private readonly ledger: Ledger;
  private readonly proving: Proving;
  private readonly delivery: Delivery;
  private readonly ids = new GrowingUlids();
  /** Devices, names, people and addresses of commands that wait: thousands have the same. */
  private readonly texts = new Texts(textsMax);
  private readonly keys: Keys;
  private readonly ports: CommandPorts;

  constructor(ports: CommandPorts) {
    this.ports = ports;
    this.keys = new Keys(ports.findByKey);
    this.ledger = new Ledger(ports, (...change) => this.moved(...change));
    this.proving = new Proving(ports, ({ command }, proof) => {
      const unproved: CommandState[] = ['sent', 'acknowledged', 'unknown'];
      inBackground(this.ledger.change(command.id, unproved, 'verified', 'reading', { proof }));
    });
    this.delivery = new Delivery(this.ledger, this.proving, this.counters, ports);
  }

  /**
   * Takes up what was open when the gateway stopped. What was sent and not answered is unknown: it may have run
   * ([CMD-4]). What was queued waits on, or has expired meanwhile; so has what has changed at a time that is still to
   * come, for the clock was set back, and there is no telling how long ago that was. `lastId` is the newest command's.
   * In a database that was restored what waits is cancelled: it may have run since, in the time that is forgotten. Returns
   * whether the log took all of that.
   */
  async resume(commands: Command[], lastId = '', restored = false): Promise<boolean> {
    this.ids.startAfter(lastId);
    const now = this.ports.clock.now();
    const entries = commands.map(command => {
      const isOver = restored || Math.max(command.updatedAt, command.createdAt) > now;
      const leftMs = isOver ? 0 : command.expiresAt - now;
      return this.ledger.open.add(command, this.ports.clock.elapsed() + leftMs);
    });
    for (const entry of entries) this.delivery.resume(entry);
    // A full disk refuses the change; the gateway starts all the same, and the command stays as the log has it.
    const outcomes = await Promise.allSettled(entries.map(({ command }) => this.resumeOne(command, restored)));
    // Of a request that was killed half done: what it takes the place of may not go out behind it.
    const superseded = await Promise.allSettled(entries.map(({ command }) => supersede(this.ledger, command)));
    return [...outcomes, ...superseded].every(({ status }) => status === 'fulfilled');
  }

  /** Puts a command into the ledger and sends it where the device is there. A known key answers with its command. */
  async request(
    device: string,
    request: CommandRequest,
    key: string | null,
    requester: Requester,
    options: RequestOptions = {},
  ): Promise<Command> {
    if (!this.ports.deviceExists(device)) {
      throw new Refusal('not_found', `no device is called ${JSON.stringify(device)}`);
    }
    if (key === null) return this.create(device, request, null, requester, options);
    checkKey(key);
    const known = keyOf({ by: requester.by, group: options.group ?? null, key }) as string;
    const { command, repeated } = await this.keys.once(known, () =>
      this.create(device, request, key, requester, options),
    );
    if (!repeated) return command;
    this.counters.repeated++;
    if (command.device !== device || command.name !== request.name || !this.hasParams(command, request))
      throw new Refusal('conflict', 'the idempotency key was used for another command');
    return this.get(command.id);
  }

  async get(id: string): Promise<Command> {
    const command = await this.ledger.find(id);
    if (command === null) throw new Refusal('not_found', 'no such command');
    return command;
  }

  /** Withdraws a command that was not sent yet; null is the gateway itself, where a group stops. */
  async cancel(id: string, requester: Requester | null): Promise<Command> {
    await this.get(id);
    await this.ledger.change(id, ['queued'], 'cancelled', 'withdrawn', requester ?? {});
    const command = await this.get(id);
    if (command.state !== 'cancelled') {
      throw new Refusal('unprocessable', `only a queued command can be cancelled; this one is ${command.state}`);
    }
    return command;
  }

  /** Agrees to a command that needs a second person; it has to be another one than who asked. */
  async approve(id: string, { by, from }: Requester): Promise<Command> {
    const command = await this.get(id);
    if (personOf(command.by) === personOf(by)) {
      throw new Refusal('forbidden', 'another person than who asked has to agree');
    }
    const at = this.ports.clock.now();
    const approved = await this.ledger.change(id, ['queued'], 'queued', 'approved', ({ needsApproval }) =>
      needsApproval ? { needsApproval: false, approval: { by, from, at }, by, from } : null,
    );
    if (!approved) {
      const { state } = await this.get(id);
      throw new Refusal('unprocessable', `nobody has to agree to this command; it is ${state}`);
    }
    await supersede(this.ledger, { ...command, needsApproval: false });
    return this.get(id);
  }

  /** The device is there: sends what waits for it, in order. */
  deviceConnected(device: string): Promise<void> {
    return this.delivery.sendWaiting(device);
  }

  /** The device is no more: nothing further can become of its commands. */
  async deviceDeleted(device: string): Promise<void> {
    // Also where the disk refuses what follows, nothing is sent to a device that is made anew under this id.
    for (const entry of this.ledger.open.of(device)) entry.overAt = this.ports.clock.elapsed();
    const ends: Partial<Record<CommandState, CommandState>> = { acknowledged: 'timed-out', unknown: 'unknown' };
    await Promise.all(
      this.ledger.open.of(device).map(({ command: { id } }) =>
        this.ledger.inTurn(id, async command => {
          if (command === null) return;
          const { state, attempts, expect } = command;
          const proof = expect.map(({ metric }) => ({ metric, ts: null, value: null, met: false }));
          const outcome = state in ends ? { proof, retries: attempts - 1 } : {};
          await this.ledger.move(command, ends[state] ?? 'failed', 'device-deleted', outcome);
        }),
      ),
    );
  }

  /** The device's PUBACK for the command came. */
  taken(device: string, id: string): void {
    this.delivery.taken(device, id);
  }

  /** Takes the device's answer. Resolves once it is in the ledger; an answer to nothing is counted. */
  answered(device: string, id: string, answer: CommandAnswer): Promise<void> {
    // The look-up has its turn too: of two answers the second finds what the first made of the command.
    return this.ledger.inTurn(id, async command => {
      if (command === null || command.device !== device || command.attempts === 0) {
        this.counters.strayAnswers++;
        return;
      }
      if (command.answeredAt !== null) {
        this.counters.repeatedAnswers++;
        return;
      }
      this.counters.answered++;
      const { state } = command;
      const isLate = state !== 'sent';
      if (isLate) this.counters.lateAnswers++;
      const said = answer.ok
        ? { result: answer.result ?? null }
        : { error: answer.error.slice(0, limits.textLengthMax) };
      // What the readings have shown stands; the answer is kept beside it.
      const isDecided = state === 'verified' || state === 'contradicted';
      const to = isDecided ? state : answer.ok ? 'acknowledged' : 'rejected';
      const answeredAt = this.ports.clock.now();
      // That nothing was proved so far is no verdict on what was answered only now.
      const proof = to === 'acknowledged' ? null : command.proof;
      await this.ledger.move(command, to, isLate ? 'late-answer' : 'answer', { ...said, answeredAt, proof });
    });
  }

  /** Takes in the readings of a commit, which may prove or contradict. */
  readings(run: Readings): void {
    this.proving.readings(run);
  }

  openCount(): number {
    return this.ledger.open.size();
  }

  close(): void {
    this.delivery.close();
  }

  private async create(
    device: string,
    request: CommandRequest,
    key: string | null,
    { by, from }: Requester,
    { group, confirmation = device, approval = null }: RequestOptions,
  ): Promise<Command> {
    this.ports.mayControl(device, by);
    const { ttlMs: plannedMs, ...planned } = this.ports.plan(device, request, confirmation);
    const needsApproval = planned.needsApproval && approval === null;
    const waitsLonger = needsApproval && request.ttlMs === undefined;
    const ttlMs = waitsLonger ? Math.max(plannedMs, limits.commandApprovalTtlMsDefault) : plannedMs;
    this.ledger.open.checkRoom(device);
    const now = this.ports.clock.now();
    const command: Command = {
      id: this.ids.next(now),
      device: this.texts.same(device),
      name: this.texts.same(request.name),
      state: 'queued',
      createdAt: now,
      updatedAt: now,
      expiresAt: now + ttlMs,
      by: this.texts.same(by),
      from: this.texts.same(from),
      reason: request.reason ?? null,
      key,
      group: group ?? null,
      ...planned,
      needsApproval,
      approval,
      attempts: 0,
      sentAt: null,
      deliveredAt: null,
      answeredAt: null,
      result: null,
      error: null,
      proof: null,
      transitions: [{ state: 'queued', at: now, cause: 'requested' }],
    };
    const entry = this.ledger.open.add(command, this.ports.clock.elapsed() + ttlMs);
    try {
      return await this.saveAndSend(entry);
    } catch (error) {
      this.ledger.open.remove(command);
      this.delivery.forget(entry);
      throw error;
    }
  }

  /** Where the device is there, *queued* and *sent* go into the log with the same commit, one behind the other. */
  private async saveAndSend(entry: Entry): Promise<Command> {
    const { command } = entry;
    const saved = this.ledger.save(entry);
    this.counters.requested++;
    this.delivery.arm(entry);
    const rest = [supersede(this.ledger, command), this.delivery.sendQueued(command.device, entry)];
    const [kept] = await Promise.allSettled([saved, ...rest]);
    // What else is refused, a full disk puts off; of a command that is in the log nobody is told that there is none.
    if (kept?.status === 'rejected') {
      // A step that began elsewhere before that was known, as a device that connects begins one, may yet be taken.
      await this.ledger.inTurn(command.id, async () => {});
      if (entry.command === command) throw kept.reason;
    }
    return this.get(command.id);
  }

  /** True where the request asks for just these parameters, as they are or once they are filled in. */
  private hasParams({ device, params }: Command, request: CommandRequest): boolean {
    const known = JSON.stringify(params);
    if (JSON.stringify(request.params ?? null) === known) return true;
    try {
      return JSON.stringify(this.ports.plan(device, request, request.confirm ?? device).params) === known;
    } catch {
      return false;
    }
  }

  private async resumeOne({ id, state }: Command, restored: boolean): Promise<void> {
    if (state === 'sent') await this.ledger.change(id, ['sent'], 'unknown', restored ? 'restored' : 'restart');
    if (!restored) return;
    await this.ledger.change(id, ['queued'], 'cancelled', 'restored');
    await this.ledger.change(id, ['unknown'], 'unknown', 'restored', ({ attempts, retries }) =>
      attempts <= retries ? { retries: attempts - 1 } : null,
    );
  }

  private moved(command: Command, cause: TransitionCause, entry: Entry | undefined): void {
    const { state } = command;
    if (cause !== 'late-answer' && cause !== 'answer' && (state === 'verified' || state === 'contradicted')) {
      this.counters[state]++;
    }
    if (state === 'superseded') this.counters.superseded++;
    if (entry !== undefined) this.delivery.moved(command, cause, entry);
    if (command.group !== null) this.ports.movedInGroup?.(command);
  }
}
