// Ports of the command stage in memory: a ledger whose commits a test can hold back, a device that is there or not,
// and a list of all that happened, in order.
import { ManualClock } from '../../test/instruments/manual-clock.ts';
import { type Command, type CommandState, Refusal } from '../contract/index.ts';
import { type CommandPorts, Commands } from './command.ts';

export class Ledger {
  readonly clock: ManualClock;
  /** `log queued`, `send`: what happened, in order. */
  readonly happened: string[] = [];
  readonly stored = new Map<string, Command>();
  readonly sent: { device: string; command: string; payload: string }[] = [];
  readonly reachable = new Set<string>();
  /** True where the disk is full. */
  full = false;
  /** True where the device goes away before a command can be handed to it. */
  vanished = false;
  /** While held, commits wait for `release`. */
  held = false;
  private waiting: (() => void)[] = [];

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
      if (this.full) throw new Refusal('store_full');
      this.happened.push(`log ${command.state}`);
      this.stored.set(command.id, structuredClone(command));
    },
    find: async id => structuredClone(this.stored.get(id)) ?? null,
    findByKey: async key => structuredClone([...this.stored.values()].find(command => command.key === key)) ?? null,
    isReachable: device => this.reachable.has(device),
    send: (device, command, payload) => {
      if (this.vanished) return false;
      this.happened.push('send');
      this.sent.push({ device, command, payload });
      return true;
    },
  };

  readonly commands = new Commands(this.ports);

  release(): void {
    this.held = false;
    for (const resolve of this.waiting.splice(0)) resolve();
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
  async restart(): Promise<Ledger> {
    this.commands.close();
    const next = new Ledger(this.clock, this.stored.values());
    const open = [...next.stored.values()].filter(({ state }) => state === 'queued' || state === 'sent');
    await next.commands.resume(open, [...next.stored.keys()].sort().at(-1));
    return next;
  }
}

/** Resolves when all that follows at once from what was done has followed. */
export const settle = () => new Promise<void>(resolve => setImmediate(resolve));
