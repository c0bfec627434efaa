// Groups: one command to many devices, some at a time, until all were asked or too many did not work ([CMD-10]).
// Invariant: a group is in the store before its first command, and each device's command has a key made of group and
// device, so that each is asked once, whatever instant the gateway is killed at; the counts add up to the devices.
// Full: so many groups run or wait; a further one is refused.
import {
  type Approval,
  type Command,
  type CommandGroup,
  type CommandRequest,
  type GroupPreview,
  type GroupRequest,
  type GroupTarget,
  limits,
  personOf,
  Refusal,
} from '../contract/index.ts';
import type { Clock } from '../lib/clock.ts';
import { KeyTurns } from '../lib/key-turns.ts';
import { GrowingUlids } from '../lib/ulid.ts';
import type { Requester } from './command.ts';
import { AwaitedAnswers } from './group-answers.ts';
import { GroupAsking } from './group-asking.ts';
import { type GroupPlan, planAll } from './group-plan.ts';
import type { GroupStep } from './group-progress.ts';
import {
  checkDevices,
  type GroupColumn,
  type GroupLine,
  type GroupRow,
  isSameRequest,
  newRow,
  requestOf,
  targetOf,
} from './group-row.ts';
import { GroupRun, retryMs, stepOf } from './group-run.ts';

/** Rows in one page of what a group's commands came to, read after a restart. */
const stepsPerPage = 1_000;

/** Which devices whoever asks may see; null stands for all. */
export type Sees = ((device: string) => boolean) | null;

export type GroupCommandOptions = {
  /** Unique within the group. */
  key: string;
  requester: Requester;
  group: string;
  /** What has to be typed for something dangerous. */
  confirmation: string;
  /** Of the whole group, where it needed one. */
  approval: Approval | null;
};

export type GroupPorts = {
  clock: Clock;
  /** Ids in order, each once, of the devices that fit and are seen. */
  devicesOf(target: GroupTarget, sees: Sees): Promise<string[]>;
  /** What a request to this device would come to. Throws Refusal where it would be refused. */
  plan(device: string, request: CommandRequest, confirmation: string): GroupPlan;
  /** Throws Refusal; there is no command then. */
  request(device: string, request: CommandRequest, options: GroupCommandOptions): Promise<Command>;
  /** Withdraws a command that is still queued; throws Refusal where it is not. */
  cancel(command: string, requester: Requester | null): Promise<unknown>;
  /** Keeps the row and adds the lines to the audit trail, in one commit. Its counts are kept with the commands. */
  save(row: GroupRow, column: GroupColumn, lines: readonly GroupLine[]): Promise<void>;
  find(id: string): Promise<GroupRow | null>;
  /** Among the newest groups. */
  findByKey(key: string): Promise<GroupRow | null>;
  /** Newest first, of those whose id is smaller than `before`; with no devices in them unless they are wanted. */
  list(before: string, limit: number, withDevices: boolean): Promise<GroupRow[]>;
  /** Newest first, of those whose id is smaller than `before`. */
  steps(group: string, before: string, limit: number): Promise<GroupStep[]>;
};

export type GroupCounters = Record<'made' | 'repeated' | 'finished' | 'stopped' | 'refused', number>;

export class Groups {
  readonly counters: GroupCounters = { made: 0, repeated: 0, finished: 0, stopped: 0, refused: 0 };
  /** Those that wait, run, or were stopped and have open commands; and those that are over and not saved as that. */
  private readonly runs = new Map<string, GroupRun>();
  private readonly making = new Map<string, Promise<GroupRow>>();
  private readonly saves = new KeyTurns();
  private readonly ids = new GrowingUlids();
  private readonly answers: AwaitedAnswers;
  private readonly asking: GroupAsking;
  private readonly ports: GroupPorts;
  /** Before the runs are taken up, the table of commands tells more than any step; after the end nothing is asked. */
  private phase: 'closed' | 'open' = 'closed';

  constructor(ports: GroupPorts) {
    this.ports = ports;
    this.answers = new AwaitedAnswers(ports.clock, (run, device) => {
      run.givenUp(device, ports.clock.now());
      this.tend(run);
    });
    this.asking = new GroupAsking(ports, {
      heard: (run, step) => this.heard(run, step),
      refused: (run, device, error) => this.refused(run, device, error),
      retryLater: run => this.retryLater(run),
      tend: run => this.tend(run),
    });
  }

  /**
   * Takes up the groups that were not over when the gateway stopped, `rows`, after the commands were. `restored` says
   * that the database is another than the one that ran: what it was about to ask may have been asked, so they stop.
   */
  async resume(
    rows: readonly GroupRow[],
    { restored, lastId = '' }: { restored: boolean; lastId?: string },
  ): Promise<void> {
    this.ids.startAfter(lastId);
    const runs = rows.map(row => new GroupRun(row));
    for (const run of runs) this.runs.set(run.id, run);
    this.phase = 'open';
    for (const run of runs) {
      await this.readSteps(run);
      run.ready = true;
      if (restored && run.state !== 'stopped') this.stopRun(run, 'restored', null, null);
      run.resumeRefusals();
      if (run.state === 'stopped') this.withdrawQueued(run);
      // That the database is another is known at this start alone.
      if (restored) await this.save(run).catch(() => this.retryLater(run));
      this.tend(run);
    }
  }

  /** What a target comes to now, for whoever sees these devices. */
  async preview(target: Partial<GroupTarget>, sees: Sees): Promise<GroupPreview> {
    const devices = await this.ports.devicesOf(targetOf(target), sees);
    return { total: devices.length, devices: devices.slice(0, limits.previewDevicesMax) };
  }

  /** Makes a group and begins with it. The same key by the same person answers with the group that there is. */
  async create(asked: GroupRequest, key: string | null, requester: Requester, sees: Sees): Promise<CommandGroup> {
    if (key === null) return (await this.make(asked, null, requester, sees)).group;
    const whole = JSON.stringify([requester.by, key]);
    const { row, repeated } = await this.once(whole, () => this.make(asked, whole, requester, sees));
    if (!repeated) return row.group;
    this.counters.repeated++;
    if (!isSameRequest(row, asked)) throw new Refusal('conflict', 'the idempotency key was used for another group');
    return (await this.get(row.group.id)).group;
  }

  /** The group and its devices. Throws Refusal('not_found'). */
  async get(id: string): Promise<GroupRow> {
    const row = this.runs.get(id)?.shown() ?? (await this.ports.find(id));
    if (row === null) throw new Refusal('not_found', 'no such group');
    return row;
  }

  /** Newest first, of those whose id is smaller than `before`; the devices are empty unless they are wanted. */
  async list(before: string, limit: number, withDevices: boolean): Promise<GroupRow[]> {
    const rows = await this.ports.list(before, limit, withDevices);
    return rows.map(row => this.runs.get(row.group.id)?.shown() ?? row);
  }

  /** Begins with a group that waited for somebody else to agree. */
  async approve(id: string, { by, from }: Requester): Promise<CommandGroup> {
    const run = await this.need(id, ['waiting'], 'approved');
    const asked = run.shown().group.by;
    if (personOf(asked) === personOf(by)) {
      throw new Refusal('forbidden', `${personOf(by)} asked for it; another person has to agree`);
    }
    const at = this.ports.clock.now();
    const line = { what: 'approved', by, from, reason: null } as const;
    const undo = run.change(at, { state: 'running', approvedBy: by }, line, { approval: { by, from, at } });
    try {
      await this.save(run);
    } catch (error) {
      undo();
      throw error;
    }
    this.tend(run);
    return run.shown().group;
  }

  /** Asks nothing further and withdraws what waits for its device; what was sent runs on and is counted. */
  async stop(id: string, reason: string | null, requester: Requester): Promise<CommandGroup> {
    const run = await this.need(id, ['waiting', 'running'], 'stopped');
    // In force at once, also where the disk is full; whoever asked is told then that it is not written down.
    this.stopRun(run, 'withdrawn', reason, requester);
    this.tend(run);
    await this.save(run);
    return run.shown().group;
  }

  /** A command with a group changed its state. */
  moved(command: Command): void {
    if (this.phase === 'closed' || command.group === null) return;
    // Of a group that is over the store counts it, with the change itself.
    const run = this.runs.get(command.group);
    if (run !== undefined) this.heard(run, stepOf(command));
  }

  /** Groups that run or wait. */
  openCount(): number {
    return this.runs.size;
  }

  /** Nothing is asked from now on; what was asked is taken up at the next start. */
  close(): void {
    this.phase = 'closed';
    this.answers.close();
    for (const run of this.runs.values()) {
      run.retry?.cancel();
      run.takeUp?.cancel();
    }
  }

  private async once(key: string, make: () => Promise<GroupRow>): Promise<{ row: GroupRow; repeated: boolean }> {
    const running = this.making.get(key);
    if (running !== undefined) return { row: await running, repeated: true };
    let repeated = true;
    const work = this.ports.findByKey(key).then(known => {
      repeated = known !== null;
      return known ?? make();
    });
    this.making.set(key, work);
    try {
      return { row: await work, repeated };
    } finally {
      this.making.delete(key);
    }
  }

  private async make(asked: GroupRequest, key: string | null, requester: Requester, sees: Sees): Promise<GroupRow> {
    const devices = await this.ports.devicesOf(targetOf(asked), sees);
    checkDevices(devices, asked);
    const waits = await planAll(this.ports.plan, devices, requestOf(asked));
    if (this.runs.size >= limits.groupsRunningMax) {
      throw new Refusal('too_many', `at most ${limits.groupsRunningMax} groups run or wait at a time`);
    }
    const now = this.ports.clock.now();
    const run = new GroupRun(newRow(asked, requester, { id: this.ids.next(now), now, key, devices, waits }));
    run.change(now, {}, { what: 'made', ...requester, reason: asked.reason ?? null });
    this.runs.set(run.id, run);
    try {
      await this.save(run);
    } catch (error) {
      this.runs.delete(run.id);
      throw error;
    }
    this.counters.made++;
    run.ready = true;
    this.tend(run);
    return run.shown();
  }

  /** A group in one of these states; else refuses, in words for what was to be done with it. */
  private async need(id: string, states: readonly CommandGroup['state'][], what: string): Promise<GroupRun> {
    const run = this.runs.get(id);
    const state = run?.state ?? (await this.get(id)).group.state;
    if (run !== undefined && states.includes(run.state)) return run;
    throw new Refusal(
      'unprocessable',
      `only a group that is ${states.join(' or ')} can be ${what}; this one is ${state}`,
    );
  }

  /** What the table of commands tells of a group that was taken up. */
  private async readSteps(run: GroupRun): Promise<void> {
    let before = '~';
    for (;;) {
      const steps = await this.ports.steps(run.id, before, stepsPerPage);
      for (const step of steps) if (run.progress.heard(step)) this.answers.heard(run, step);
      if (steps.length < stepsPerPage) return;
      before = steps.at(-1)?.id ?? '';
    }
  }

  private heard(run: GroupRun, step: GroupStep): void {
    if (!run.heard(step, this.ports.clock.now())) return;
    this.answers.heard(run, step);
    if (run.state === 'stopped' && step.state === 'queued') this.withdraw(run, step.id);
    this.tend(run);
  }

  /** Does what is to be done next, if anything: asks on, stops, finishes, writes down. */
  private tend(run: GroupRun): void {
    if (this.phase === 'closed' || !run.ready) return;
    if (run.state === 'running') {
      if (run.progress.failures() > run.failuresMax) this.stopRun(run, 'failures', null, null);
      else this.asking.askOn(run);
      if (run.state === 'running' && run.progress.isDone()) this.finishRun(run);
    }
    if (run.isUnsaved()) this.save(run).catch(() => this.retryLater(run));
  }

  private finishRun(run: GroupRun): void {
    const line = { what: 'finished', by: null, from: null, reason: null } as const;
    run.change(this.ports.clock.now(), { state: 'finished' }, line);
    this.counters.finished++;
  }

  private refused(run: GroupRun, device: string, { message }: Error): void {
    if (this.phase === 'closed') return;
    this.counters.refused++;
    run.refused(device, message, this.ports.clock.now());
    this.tend(run);
  }

  private stopRun(
    run: GroupRun,
    why: NonNullable<CommandGroup['stopped']>,
    reason: string | null,
    requester: Requester | null,
  ): void {
    const { by, from } = requester ?? { by: null, from: null };
    run.change(this.ports.clock.now(), { state: 'stopped', stopped: why }, { what: 'stopped', by, from, reason });
    run.stoppedBy = requester;
    this.counters.stopped++;
    this.withdrawQueued(run);
  }

  private withdrawQueued(run: GroupRun): void {
    for (const id of run.progress.queued()) this.withdraw(run, id);
  }

  private withdraw(run: GroupRun, command: string): void {
    this.ports.cancel(command, run.stoppedBy).catch(error => {
      // One that was sent meanwhile is past withdrawing; what the disk refused is tried again.
      if (!(error instanceof Refusal) || error.status >= 500) this.retryLater(run);
    });
  }

  /** Writes down what is not in the store yet, one after the other; a group that is over is let go of then. */
  private save(run: GroupRun): Promise<void> {
    return this.saves.take(run.id, async () => {
      while (run.isUnsaved()) {
        const { version } = run;
        const lines = [...run.lines];
        await this.ports.save(run.shown(), run.column(), lines);
        run.lines.splice(0, lines.length);
        run.savedVersion = version;
      }
      if (run.isSettled()) this.runs.delete(run.id);
    });
  }

  private retryLater(run: GroupRun): void {
    if (run.retry !== null || this.phase === 'closed') return;
    run.retry = this.ports.clock.after(retryMs, () => {
      run.retry = null;
      if (run.state === 'stopped') this.withdrawQueued(run);
      this.tend(run);
    });
  }
}
