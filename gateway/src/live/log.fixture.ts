// A log in memory, with a viewer's end of a subscription that writes down what it was sent.
import type { Freshness, Value } from '../contract/index.ts';
import { Channel, type Encoded, type Readings } from './channel.ts';
import { type Outlet, Subscription, type SubscriptionPorts } from './subscription.ts';

export type Row = [series: number, ts: number, value: Value];
export type Frame = { t: string; sub: string; offset: number; rows: unknown[][]; done?: boolean };

export function runOf(offset: number, rows: readonly Row[]): Readings {
  const row = (i: number) => rows[i] as Row;
  return { offset, count: rows.length, series: i => row(i)[0], ts: i => row(i)[1], value: i => row(i)[2] };
}

export class FakeOutlet implements Outlet {
  frames: Frame[] = [];
  defined = new Set<number>();
  gaps: string[] = [];
  closed = false;
  /** How many more frames there is room for. */
  room = Number.POSITIVE_INFINITY;

  hasRoom = () => this.room > 0;
  define = (series: Iterable<number>) => {
    for (const index of series) this.defined.add(index);
  };
  send = (text: string) => {
    this.room--;
    const frame = JSON.parse(text) as Frame;
    for (const [series] of frame.rows ?? []) {
      if (!this.defined.has(series as number)) throw new Error(`series ${series} was used before it was defined`);
    }
    this.frames.push(frame);
  };
  isClosed = () => this.closed;
  gap = (reason: string) => void this.gaps.push(reason);
  /** The frames since the last call. */
  take = () => this.frames.splice(0);
}

export class MemoryLog {
  readonly entries: Readings[] = [];
  readonly latest = new Map<number, { ts: number; value: Value; freshness: Freshness; offset: number }>();
  readonly channel = new Channel({}, series => ({ device: 'a', metric: `m${series}` }));
  readonly subscriptions: Subscription[] = [];
  /** Entries in one page. */
  pageEntries = 2;
  /** Entries up to here are no longer there. */
  trimmedThrough = 0;
  reads = 0;
  failing = false;
  /** Called between the reading of a page and its answer. */
  duringRead: () => void = () => {};

  readonly ports: SubscriptionPorts = {
    epoch: 'E',
    offset: () => this.entries.length,
    firstOffset: () => this.trimmedThrough + 1,
    latest: series => this.latest.get(series),
    seriesCount: () => 1 + Math.max(0, ...this.latest.keys()),
    readLog: async after => {
      this.reads++;
      if (this.failing) throw new Error('too many queries wait');
      const runs = this.entries.slice(after, after + this.pageEntries);
      const during = this.duringRead;
      this.duringRead = () => {};
      during();
      return { runs, through: after + runs.length };
    },
  };

  /** Commits rows as one entry, and brings it to every subscription. */
  commit(...rows: Row[]): void {
    const run = runOf(this.entries.length + 1, rows);
    this.entries.push(run);
    for (const [series, ts, value] of rows) {
      const known = this.latest.get(series);
      if (known === undefined || ts >= known.ts)
        this.latest.set(series, { ts, value, freshness: 'live', offset: run.offset });
    }
    const encoded: Encoded | null = this.channel.encode([run]);
    for (const subscription of this.subscriptions) subscription.deliver(encoded, run.offset);
  }

  subscribe(mode: 'latest' | 'log', outlet: Outlet, name = 's'): Subscription {
    const subscription = new Subscription(name, mode, this.channel, this.ports, outlet);
    this.subscriptions.push(subscription);
    return subscription;
  }
}

/** Resolves when all that follows at once from what was done has followed. */
export const settle = () => new Promise<void>(resolve => setImmediate(resolve));
