// The world around the ledger for its model: devices that come, go and report, a log whose commits can be held back or
// refused, restarts. It hands everything that the ledger does to a witness, in order, as it happens.
import type { ManualClock } from '../../test/instruments/manual-clock.ts';
import { type Command, isOpen, Refusal, type Value } from '../contract/index.ts';
import { type CommandPorts, Commands, keyOf } from './command.ts';
import { settle } from './ledger.fixture.ts';
import { anyCommand } from './types.fixture.ts';

/** Who is told what the ledger does. */
type Witness = {
  /** The ledger asks the log to keep this: it has decided. */
  saving(command: Command): void;
  /** The log has it, or has refused it. */
  saved(command: Command, refused: boolean): void;
  /** The ledger hands over a command; `taken` is what it is told of it. */
  sending(device: string, command: string, taken: boolean): void;
};

export class World {
  readonly stored = new Map<string, Command>();
  readonly reachable = new Set<string>();
  private full = false;
  private vanished = false;
  private held = false;
  /** Commits under way. */
  underWay = 0;
  commands: Commands;
  readonly clock: ManualClock;
  /** What waits for its commit; what the ledger asked for in one turn of the event loop is one commit. */
  private waiting: (() => void)[][] = [];
  private isTurnOver = true;
  private readonly series: { device: string; metric: string }[] = [];
  private readonly newest = new Map<string, { ts: number; receivedAt: number; value: Value }>();
  private readonly witness: Witness;
  /** What a gateway that was killed still does reaches neither log nor device. */
  private life = 0;

  constructor(clock: ManualClock, witness: Witness) {
    this.clock = clock;
    this.witness = witness;
    this.commands = new Commands(this.ports());
  }

  /** Whether the disk is full. */
  fill(isFull: boolean): void {
    this.full = isFull;
  }

  /** Whether devices go away before a command can be handed to them. */
  vanish(isSo: boolean): void {
    this.vanished = isSo;
  }

  /** Commits wait for `release`. */
  hold(): void {
    this.held = true;
  }

  /** The oldest commit that waits goes through, and so does what was due meanwhile; the others, and those to come, wait on. */
  async releaseOne(): Promise<void> {
    for (const resolve of this.waiting.shift() ?? []) resolve();
    await settle();
    this.clock.advance(0);
    await settle();
  }

  /** Commits go through, and so does what was due meanwhile. */
  async release(): Promise<void> {
    this.held = false;
    for (const resolve of this.waiting.splice(0).flat()) resolve();
    await settle();
    this.clock.advance(0);
    await settle();
  }

  latest(device: string, metric: string): { ts: number; receivedAt: number; value: Value } | undefined {
    return this.newest.get(`${device}/${metric}`);
  }

  /** A committed reading of the device. */
  reading(device: string, metric: string, value: Value, ts: number): void {
    const receivedAt = this.clock.now();
    let series = this.series.findIndex(known => known.device === device && known.metric === metric);
    if (series < 0) series = this.series.push({ device, metric }) - 1;
    const known = this.latest(device, metric);
    if (known === undefined || ts >= known.ts) this.newest.set(`${device}/${metric}`, { ts, receivedAt, value });
    const run = { count: 1, series: () => series, ts: () => ts, receivedAt: () => receivedAt, value: () => value };
    this.commands.readings(run);
  }

  /** Moves the clock in steps, so that what one timer sets off sets the next. */
  async advance(ms: number): Promise<void> {
    const end = this.clock.elapsed() + ms;
    while (this.clock.elapsed() < end) {
      this.clock.advance(Math.min(stepMs, end - this.clock.elapsed()));
      await settle();
    }
  }

  /** Kills the gateway as it is, with what is not committed, and starts the next one on what is. */
  async restart(): Promise<void> {
    this.life++;
    this.commands.close();
    this.waiting = [];
    this.held = false;
    this.underWay = 0;
    this.reachable.clear();
    this.commands = new Commands(this.ports());
    const open = structuredClone([...this.stored.values()].filter(isOpen));
    await this.commands.resume(open, [...this.stored.keys()].sort().at(-1) ?? '', false);
    // What is due at once.
    this.clock.advance(0);
    await settle();
  }

  private ports(): CommandPorts {
    const life = this.life;
    const { clock } = this;
    return {
      clock: { now: clock.now, elapsed: clock.elapsed, after: clock.after, every: clock.every },
      deviceExists: () => true,
      mayControl: () => {},
      // The name says whether another person has to agree, as a command type would.
      plan: (...asked) => ({ ...anyCommand.plan(...asked), needsApproval: asked[1].name === 'risky' }),
      save: command => this.save(structuredClone(command), life),
      find: async id => structuredClone(this.stored.get(id)) ?? null,
      findByKey: async key =>
        structuredClone([...this.stored.values()].find(command => keyOf(command) === key)) ?? null,
      seriesName: series => this.series[series],
      // The devices' clocks go as the gateway's.
      clockAheadMs: () => 0,
      isReachable: device => this.reachable.has(device),
      send: (device, command) => {
        if (life !== this.life) throw new Error('a gateway that was killed has sent something');
        const taken = this.reachable.has(device) && !this.vanished;
        if (!taken) this.reachable.delete(device);
        this.witness.sending(device, command, taken);
        return taken;
      },
    };
  }

  private nextCommit(): Promise<void> {
    if (this.isTurnOver || this.waiting.length === 0) {
      this.waiting.push([]);
      this.isTurnOver = false;
      setImmediate(() => {
        this.isTurnOver = true;
      });
    }
    return new Promise(resolve => this.waiting.at(-1)?.push(resolve));
  }

  private async save(command: Command, life: number): Promise<void> {
    if (life !== this.life) return new Promise(() => {});
    this.witness.saving(command);
    this.underWay++;
    if (this.held) await this.nextCommit();
    else await null;
    if (life !== this.life) return new Promise(() => {});
    this.underWay--;
    if (!this.full) this.stored.set(command.id, command);
    this.witness.saved(command, this.full);
    if (this.full) throw new Refusal('store_full');
  }
}

/** All times in the model are multiples of it, so that every timer runs at its own time. */
const stepMs = 100;
