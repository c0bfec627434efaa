// One metric's history and what comes after it, in one piece: subscribes first, then loads, so that nothing falls
// between the two; and after a gap or a reconnect fetches what was missed and merges it.
import type { Millis, ValueType } from '@telltale/gateway/contract';
import { limits } from '@telltale/gateway/contract';
import type { Series, SubscriptionUpdate } from '../connection/index.ts';
import { type Absence, createAbsences } from './absences.ts';
import { createFeedData } from './feed-data.ts';
import { type FollowPorts, follow } from './follow.ts';
import type { LineData } from './line-data.ts';
import { loadHistory } from './load.ts';
import { createNewestWins } from './newest-wins.ts';
import type { Api } from './rest.ts';
import type { StateData } from './state-data.ts';

/** Readings may arrive somewhat out of order; a refill begins this much before the newest one that is held. */
const refillSlackMs = 10_000;

export type Range = { kind: 'last'; ms: number } | { kind: 'between'; from: Millis; to: Millis };

type FeedStatus =
  | { name: 'loading' }
  | { name: 'ready' }
  /** What is shown is incomplete; `retry` may help. */
  | { name: 'failed'; error: unknown };

export type FeedPorts = FollowPorts & {
  api: Pick<Api, 'buckets' | 'readings'>;
  gatewayNow(): Millis;
  /** Data or status changed. Called often: the listener decides when to draw. */
  changed(): void;
};

export type FeedRequest = {
  device: string;
  metric: string;
  type: ValueType;
  cadenceMs: number | null;
  range: Range;
};

export type Feed = {
  readonly line: LineData | null;
  readonly states: StateData | null;
  bounds(): { from: Millis; to: Millis };
  status(): FeedStatus;
  unit(): string | null;
  /** Where there are no readings, and why. */
  absences(): Absence[];
  /** Loads everything again: after a failure, or because a range was voided or restored. */
  reload(): void;
  close(): void;
};

/** Begins to load at once. `line` is there for numbers, `states` for everything else. */
export function openFeed(request: FeedRequest, ports: FeedPorts): Feed {
  const { range } = request;
  const data = createFeedData(request.type, range.kind === 'last' ? range.ms : range.to - range.from);
  const absences = createAbsences();
  const fetches = createNewestWins();
  let status: FeedStatus | null = null;
  let unit: string | null = null;

  const bounds = () => boundsOf(range, ports.gatewayNow());

  function become(next: FeedStatus): void {
    status = next;
    ports.changed();
  }

  const failed = (error: unknown) => become({ name: 'failed', error });

  function load(): void {
    become({ name: 'loading' });
    const { from, to } = bounds();
    const asOf = ports.gatewayNow();
    void fetches.ask(
      () => loadHistory(ports.api, { ...request, from, to, live: range.kind === 'last' }),
      loaded => {
        unit = loaded.unit;
        absences.learn(loaded, from, asOf);
        data.load(loaded);
        become({ name: 'ready' });
      },
      failed,
    );
  }

  function refill(): void {
    const newest = data.newest();
    if (newest === null || status?.name !== 'ready') return load();
    const from = newest - refillSlackMs;
    const asOf = ports.gatewayNow();
    const { device, metric } = request;
    const to = bounds().to + refillSlackMs;
    void fetches.ask(
      () => ports.api.readings({ device, metric, from, to, limit: limits.historyReadingsMax }),
      missed => {
        // Longer away than one page of readings: a fresh load is cheaper, and it is whole.
        if (missed.next !== null) return load();
        absences.learn(missed, from, asOf);
        for (const [ts, value] of missed.readings) data.add(ts, value);
        become({ name: 'ready' });
      },
      failed,
    );
  }

  function take(update: SubscriptionUpdate): void {
    switch (update.kind) {
      case 'asked':
        // What came since history was asked for may be in neither, and what could not be loaded before now may be.
        if (status !== null) refill();
        return;
      case 'gap':
        update.reason === 'epoch' ? load() : refill();
        return;
      case 'readings':
      case 'snapshot':
        for (const { series, ts, value } of update.readings) {
          if (ts === null || !isOf(series, request) || ts < bounds().from || absences.isVoided(ts)) continue;
          absences.heard(ts);
          data.add(ts, value);
        }
        for (const each of [data, absences]) each.trim(bounds().from);
        ports.changed();
        return;
    }
  }

  const stop = range.kind === 'last' ? follow(request, ports, { take, presence: refill }) : () => {};
  load();

  return {
    line: data.line,
    states: data.states,
    bounds,
    status: () => status ?? { name: 'loading' },
    unit: () => unit,
    absences: () => absences.list(Math.min(bounds().to, ports.gatewayNow()), data.newest()),
    reload: load,
    close() {
      fetches.close();
      stop();
    },
  };
}

const isOf = (series: Series, { device, metric }: FeedRequest) => series.device === device && series.metric === metric;

function boundsOf(range: Range, now: Millis): { from: Millis; to: Millis } {
  return range.kind === 'between' ? { from: range.from, to: range.to } : { from: now - range.ms, to: now };
}
