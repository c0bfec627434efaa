// A log in memory behind the real hub, with a viewer's end of a subscription that writes down what it was sent.
import { ManualClock } from '../../test/instruments/manual-clock.ts';
import type { Freshness, Mode, Value } from '../contract/index.ts';
import type { SeriesName } from './channel.ts';
import { Hub } from './hub.ts';
import { LogPages } from './log-pages.ts';
import type { Latest, Readings } from './readings.ts';
import { type Outlet, type Since, Subscription, type SubscriptionPorts } from './subscription.ts';

export type Row = [series: number, ts: number, value: Value];
export type Frame = { t: string; sub: string; offset: number; rows: unknown[][]; done?: boolean; more?: boolean };

/** Where a viewer says that it was. */
export const at = (offset: number, epoch = 'E', seen: number | null = null): Since => ({
  position: { epoch, offset },
  seen,
});

export function runOf(offset: number, rows: readonly Row[]): Readings {
  const row = (i: number) => rows[i] as Row;
  return { offset, count: rows.length, series: i => row(i)[0], ts: i => row(i)[1], value: i => row(i)[2] };
}

export class FakeOutlet implements Outlet {
  frames: Frame[] = [];
  defined = new Set<number>();
  gaps: string[] = [];
  /** What it was told of being slow. */
  slow: boolean[] = [];
  closed = false;
  /** How many more frames there is room for. */
  room = Number.POSITIVE_INFINITY;
  timesCaughtUp = 0;
  retries = 0;

  hasRoom = () => this.room > 0;
  define = (series: Iterable<number>) => {
    for (const index of series) this.defined.add(index);
  };
  send = (given: string | Buffer) => {
    const frame = JSON.parse(String(given)) as Frame & { behind: boolean };
    if (frame.t === 'slow') return void this.slow.push(frame.behind);
    this.room--;
    for (const [series] of frame.rows ?? []) {
      if (!this.defined.has(series as number)) throw new Error(`series ${series} was used before it was defined`);
    }
    this.frames.push(frame);
  };
  isClosed = () => this.closed;
  gap = (reason: string) => void this.gaps.push(reason);
  retrySoon = () => void this.retries++;
  caughtUp = () => void this.timesCaughtUp++;
  takeEvent = () => {};
  /** The frames since the last call. */
  take = () => this.frames.splice(0);
}

export class MemoryLog {
  readonly clock = new ManualClock();
  readonly entries: Readings[] = [];
  readonly latest = new Map<number, Latest>();
  readonly announced = new Set<number>();
  /** By series number, from 1 on. */
  readonly names: (SeriesName | undefined)[];
  /** Entries in one page. */
  pageEntries = 2;
  /** Entries up to here are no longer there. */
  trimmedThrough = 0;
  reads = 0;
  failing = false;
  /** Called between the reading of a page and its answer. */
  duringRead: () => void = () => {};
  private seq = 0;
  readonly hub: Hub;

  constructor(
    names: (SeriesName | undefined)[] = Array.from({ length: 10 }, (_, i) => (i === 0 ? undefined : nameOf(i))),
  ) {
    this.names = names;
    this.hub = new Hub(0, {
      clock: this.clock,
      latest: series => this.latest.get(series),
      seriesName: series => this.names[series],
      seriesCount: () => this.names.length,
      metricsOf: device =>
        this.names.flatMap((name, series) =>
          name?.device === device ? [[name.metric, series] as [string, number]] : [],
        ),
    });
  }

  private readonly pages = new LogPages({
    seriesName: series => this.names[series],
    readLog: async after => {
      this.reads++;
      if (this.failing) throw new Error('too many queries wait');
      const runs = this.entries.slice(after, after + this.pageEntries);
      const during = this.duringRead;
      this.duringRead = () => {};
      during();
      return { runs, through: after + runs.length };
    },
  });

  readonly ports: SubscriptionPorts = {
    epoch: 'E',
    head: () => this.hub.head,
    firstOffset: () => this.trimmedThrough + 1,
    latest: series => this.latest.get(series),
    isAnnounced: series => this.announced.has(series),
    freshSeq: () => this.seq,
    covered: channel => this.hub.covered(channel),
    readPage: after => this.pages.read(after),
  };

  /** Commits rows as one entry, and brings it to every subscription. */
  commit(...rows: Row[]): void {
    const run = runOf(this.entries.length + 1, rows);
    this.entries.push(run);
    for (const [series, ts, value] of rows) {
      this.names[series] ??= nameOf(series);
      const known = this.latest.get(series);
      if (known !== undefined && ts < known.ts) continue;
      this.latest.set(series, { ts, value, freshness: 'live', offset: run.offset, freshSeq: known?.freshSeq ?? 0 });
    }
    this.hub.take([run], run.offset);
  }

  /** Time makes a value older. */
  age(series: number, freshness: Freshness): void {
    const known = this.latest.get(series);
    if (known !== undefined) this.latest.set(series, { ...known, freshness, freshSeq: ++this.seq });
    this.hub.freshen([{ series, freshness }]);
  }

  subscribe(mode: Mode, outlet: Outlet, { name = 's', intervalMs = 0, ...patterns } = {} as SubscribeOptions) {
    const channel = this.hub.hold({ mode, intervalMs, ...patterns });
    const subscription = new Subscription(name, channel, this.ports, outlet);
    channel.members.add(subscription);
    return subscription;
  }
}

type SubscribeOptions = { name?: string; intervalMs?: number; device?: string[]; metric?: string[] };

const nameOf = (series: number): SeriesName => ({ device: 'a', metric: `m${series}` });

/** Resolves when all that follows at once from what was done has followed. */
export const settle = () => new Promise<void>(resolve => setImmediate(resolve));
