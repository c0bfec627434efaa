// A channel is what several subscriptions have in common: the same patterns, mode, pace and sight. What commits bring
// waits here until the next round, and is then encoded once for all of them ([LIV-7]).
import type { Freshness, Mode } from '../contract/index.ts';
import type { Clock, Timer } from '../lib/clock.ts';
import { matchesAny } from '../lib/pattern.ts';
import { createPending, type Pending, type PendingPorts } from './pending.ts';
import type { Readings } from './readings.ts';
import { Round } from './round.ts';

export type SeriesName = { device: string; metric: string };
export type Patterns = { device?: string[]; metric?: string[] };
/** What a limited viewer sees: `epoch` stands for it and changes with it, so that positions under another are void. */
export type Sight = { epoch: string; sees(device: string): boolean };
/** Without `sight` the viewer sees all. */
export type ChannelSpec = Patterns & { mode: Mode; intervalMs: number; sight?: Sight };
export type FreshnessChange = { series: number; freshness: Freshness };

/** Whoever is told of events, once for all its subscriptions: a viewer. */
export type EventTaker = { takeEvent(offset: number, frame: Buffer): void };

/** Whoever is told of each round: a subscription. */
export type Member = {
  readonly owner: EventTaker;
  take(round: Round): void;
  /** `rows` are the changes as the rows of a frame. */
  freshen(changes: readonly FreshnessChange[], rows: string): void;
  /** Something is to be shown of these series although no reading came. */
  renew(series: readonly number[]): void;
};

export type ChannelPorts = PendingPorts & {
  clock: Clock;
  /** Offset up to which commits have been handed out. */
  head(): number;
};

/** Two subscriptions with the same key share a channel. */
export function channelKey({ device, metric, mode, intervalMs, sight }: ChannelSpec): string {
  return JSON.stringify([device ?? null, metric ?? null, mode, intervalMs, sight?.epoch ?? null]);
}

export class Channel {
  readonly key: string;
  readonly spec: ChannelSpec;
  readonly members = new Set<Member>();
  /** How many subscriptions hold it, begun or not. */
  holders = 0;
  /** True while a commit is being handed out that has something for it. */
  touched = false;
  private readonly pending: Pending;
  /** Everything up to here went out; counts while something waits. */
  private base = 0;
  private lastRoundAt = Number.NEGATIVE_INFINITY;
  private timer: Timer | null = null;
  private readonly ports: ChannelPorts;

  constructor(spec: ChannelSpec, ports: ChannelPorts) {
    this.key = channelKey(spec);
    this.spec = spec;
    this.ports = ports;
    this.pending = createPending(spec.mode, ports);
  }

  covers({ device, metric }: SeriesName): boolean {
    return this.coversDevice(device) && matchesAny(this.spec.metric, metric);
  }

  coversDevice(device: string): boolean {
    return matchesAny(this.spec.device, device) && (this.spec.sight?.sees(device) ?? true);
  }

  /** Takes a committed reading of a series that it covers. */
  add(run: Readings, i: number): void {
    if (this.pending.isEmpty()) this.base = run.offset - 1;
    this.pending.add(run, i);
  }

  /** After a commit that had something for it: a round goes out now, or when the interval is over. */
  schedule(): void {
    if (this.pending.isFull()) return this.flush();
    if (this.timer !== null || this.pending.isEmpty()) return;
    const { clock } = this.ports;
    const { intervalMs } = this.spec;
    // A clock that was set back must not hold a round up for longer than the interval.
    const waitMs = Math.min(this.lastRoundAt + intervalMs - clock.now(), intervalMs);
    if (waitMs <= 0) this.flush();
    else this.timer = clock.after(waitMs, () => this.flush());
  }

  /** Offset up to which everything was handed to the members. */
  through(): number {
    return this.pending.isEmpty() ? this.ports.head() : this.base;
  }

  /** Sends a round now. */
  flush(): void {
    this.timer?.cancel();
    this.timer = null;
    if (this.pending.isEmpty()) return;
    this.lastRoundAt = this.ports.clock.now();
    const round = new Round(this.pending.take(this.base), this.base, this.ports.head());
    for (const member of this.members) member.take(round);
  }

  /** Tells of freshness that changed without a reading. What has a newer value waiting is told of with that. */
  freshen(changes: readonly FreshnessChange[]): void {
    if (this.spec.mode === 'log' && changes.some(({ series }) => this.pending.has(series))) this.flush();
    const told = changes.filter(({ series }) => !this.pending.has(series));
    if (told.length === 0) return;
    const rows = told.map(({ series, freshness }) => `[${series},"${freshness}"]`).join(',');
    for (const member of this.members) member.freshen(told, rows);
  }

  renew(series: readonly number[]): void {
    for (const member of this.members) member.renew(series);
  }

  close(): void {
    this.timer?.cancel();
  }
}
