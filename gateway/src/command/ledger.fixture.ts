// Ports of the command stage in memory: a ledger whose commits a test can hold back, a device that is there or not,
// and a list of all that happened, in order.
import { ManualClock } from '../../test/instruments/manual-clock.ts';
import { type Command, type CommandState, isOpen, Refusal, type Value } from '../contract/index.ts';
import { type CommandPorts, Commands, keyOf } from './command.ts';
import { anyCommand } from './types.fixture.ts';

export class Ledger {
  readonly clock: ManualClock;
  /** `log queued`, `send`: what happened, in order. */
  readonly happened: string[] = [];
  readonly stored = new Map<string, Command>();
  readonly sent: { device: string; command: string; payload: string }[] = [];
  readonly reachable = new Set<string>();
  readonly series: { device: string; metric: string }[] = [];
  readonly latest = new Map<string, { ts: number; receivedAt: number; value: Value }>();
  /** Who has a device for himself. */
  readonly leases = new Map<string, string>();
  readonly inGroups: CommandState[] = [];
  /** True where another person has to agree to each command. */
  secondPerson = false;
  /** True where the disk is full. */
  full = false;
  /** States that the disk has no room for. */
  readonly refused = new Set<CommandState>();
  /** True where the device goes away before a command can be handed to it. */
  vanished = false;
  /** While held, commits wait for `release`. */
  held = false;
  private waiting: (() => void)[] = [];
  private readonly logged = new Map<CommandState, () => void>();

  constructor(clock: ManualClock = new ManualClock(), stored: Iterable<Command> = []) {
    this.clock = clock;
    for (const command of stored) this.stored.set(command.id, command);
  }

  readonly ports: CommandPorts = {
    clock: {
      now: () => this.clock.now(),
      elapsed: () => this.clock.elapsed(),
      after: (...timer) => this.clock.after(...timer),
      every: (...timer) => this.clock.every(...timer),
    },
    deviceExists: device => device !== 'nobody',
    save: async command => {
      if (this.held) await new Promise<void>(resolve => this.waiting.push(resolve));
      if (this.full || this.refused.has(command.state)) throw new Refusal('store_full');
      this.happened.push(`log ${command.state}`);
      this.stored.set(command.id, structuredClone(command));
      this.logged.get(command.state)?.();
    },
    find: async id => structuredClone(this.stored.get(id)) ?? null,
    findByKey: async key => structuredClone([...this.stored.values()].find(command => keyOf(command) === key)) ?? null,
    mayControl: (device, by) => {
      const other = this.leases.get(device);
      if (other !== undefined && other !== by) throw new Refusal('controlled');
    },
    plan: (...asked) => ({ ...anyCommand.plan(...asked), needsApproval: this.secondPerson }),
    seriesName: series => this.series[series],
    clockAheadMs: device => {
      const ahead = [...this.latest].filter(([name]) => name.startsWith(`${device}/`));
      return ahead.length === 0 ? null : Math.max(...ahead.map(([, { ts, receivedAt }]) => ts - receivedAt));
    },
    movedInGroup: command => this.inGroups.push(command.state),
    isReachable: device => this.reachable.has(device),
    send: (device, command, payload) => {
      if (this.vanished) return false;
      this.happened.push('send');
      this.sent.push({ device, command, payload });
      return true;
    },
  };

  readonly commands = new Commands(this.ports);

  /** Does something as soon as a command is in the log with this state, before anybody hears of it. */
  whenLogged(state: CommandState, what: () => void): void {
    this.logged.set(state, what);
  }

  /** So many of the commits that wait go through, oldest first; the others, and those to come, wait on. */
  async releaseSome(count: number): Promise<void> {
    for (const resolve of this.waiting.splice(0, count)) resolve();
    await settle();
  }

  release(): void {
    this.held = false;
    for (const resolve of this.waiting.splice(0)) resolve();
  }

  /** A millisecond later the device's reading is committed; it was taken then, or `agoMs` before, by its own clock. */
  async reading(device: string, metric: string, value: Value, agoMs = 0): Promise<void> {
    this.clock.advance(1);
    const ts = this.clock.now() - agoMs;
    const receivedAt = this.clock.now();
    const name = `${device}/${metric}`;
    let series = this.series.findIndex(known => `${known.device}/${known.metric}` === name);
    if (series < 0) series = this.series.push({ device, metric }) - 1;
    if (ts >= (this.latest.get(name)?.ts ?? Number.NEGATIVE_INFINITY)) this.latest.set(name, { ts, receivedAt, value });
    const run = { count: 1, series: () => series, ts: () => ts, receivedAt: () => receivedAt, value: () => value };
    this.commands.readings(run);
    await settle();
  }

  /** Moves the clock and lets what it set off come to its end. */
  async advance(ms: number): Promise<void> {
    this.clock.advance(ms);
    await settle();
  }

  state(id: string): CommandState | undefined {
    return this.stored.get(id)?.state;
  }

  /** What a gateway that starts on this ledger finds. */
  async restart(restored = false): Promise<Ledger> {
    this.commands.close();
    const next = new Ledger(this.clock, this.stored.values());
    next.series.push(...this.series);
    for (const [name, reading] of this.latest) next.latest.set(name, reading);
    const open = [...next.stored.values()].filter(isOpen);
    await next.commands.resume(open, [...next.stored.keys()].sort().at(-1), restored);
    return next;
  }
}

/** Resolves when all that follows at once from what was done has followed. */
export const settle = () => new Promise<void>(resolve => setImmediate(resolve));
