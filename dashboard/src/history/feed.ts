// One metric's history and what comes after it, in one piece: subscribes first, then loads, so that nothing falls
// between the two; and after a gap or a reconnect fetches what was missed and merges it.
import type { Millis, Value, ValueType } from '@telltale/gateway/contract';
import { limits } from '@telltale/gateway/contract';
import type { Connection, SubscriptionUpdate } from '../connection/index.ts';
import { createLineData, type LineData } from './line-data.ts';
import { loadHistory } from './load.ts';
import type { Point } from './points.ts';
import type { Api } from './rest.ts';
import { createStateData, type StateData } from './state-data.ts';

/** Readings may arrive somewhat out of order; a refill begins this much before the newest one that is held. */
const refillSlackMs = 10_000;

export type Range = { kind: 'last'; ms: number } | { kind: 'between'; from: Millis; to: Millis };

type FeedStatus =
  | { name: 'loading' }
  | { name: 'ready' }
  /** What is shown is incomplete; `retry` may help. */
  | { name: 'failed'; error: unknown };

export type FeedPorts = {
  api: Pick<Api, 'buckets' | 'readings'>;
  connection: Pick<Connection, 'subscribe'>;
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
  retry(): void;
  close(): void;
};

/** Begins to load at once. `line` is there for numbers, `states` for everything else. */
export function openFeed(request: FeedRequest, ports: FeedPorts): Feed {
  const { device, metric, range } = request;
  const rangeMs = range.kind === 'last' ? range.ms : range.to - range.from;
  const line = request.type === 'number' ? createLineData(rangeMs) : null;
  const states = line === null ? createStateData() : null;
  const data = (line ?? states)!;
  let status: FeedStatus = { name: 'loading' };
  let unit: string | null = null;
  let closed = false;
  let turn = 0;

  const bounds = () => {
    if (range.kind === 'between') return { from: range.from, to: range.to };
    const to = ports.gatewayNow();
    return { from: to - range.ms, to };
  };

  /** Runs one fetch; a newer one makes its answer void. */
  async function fetching(work: () => Promise<() => void>): Promise<void> {
    turn += 1;
    const mine = turn;
    try {
      const apply = await work();
      if (closed || mine !== turn) return;
      apply();
      status = { name: 'ready' };
    } catch (error) {
      if (closed || mine !== turn) return;
      status = { name: 'failed', error };
    }
    ports.changed();
  }

  function load(): void {
    status = { name: 'loading' };
    ports.changed();
    void fetching(async () => {
      const loaded = await loadHistory(ports.api, { ...request, ...bounds(), live: range.kind === 'last' });
      return () => {
        unit = loaded.unit;
        data.load(loaded);
      };
    });
  }

  function refill(): void {
    const newest = data.newest();
    if (newest === null || status.name !== 'ready') {
      load();
      return;
    }
    void fetching(async () => {
      const query = {
        device,
        metric,
        from: newest - refillSlackMs,
        to: bounds().to + refillSlackMs,
        limit: limits.historyReadingsMax,
      };
      const missed = await ports.api.readings(query);
      // Longer away than one page of readings: a fresh load is cheaper, and it is whole.
      if (missed.next !== null) return () => load();
      return () => addAll(missed.readings);
    });
  }

  function addAll(points: readonly Point[]): void {
    for (const [ts, value] of points) addOne(ts, value);
  }

  function addOne(ts: Millis, value: Value): void {
    if (line === null) states!.add([ts, value]);
    else if (typeof value === 'number') line.add([ts, value]);
  }

  function take(update: SubscriptionUpdate): void {
    switch (update.kind) {
      case 'asked':
        // Also where history could not be loaded before: now that the gateway is back, it may be.
        if (update.since !== null || status.name === 'failed') refill();
        return;
      case 'gap':
        update.reason === 'epoch' ? load() : refill();
        return;
      case 'readings':
      case 'snapshot':
        for (const { series, ts, value } of update.readings) {
          if (series.device === device && series.metric === metric && ts >= bounds().from) addOne(ts, value);
        }
        data.trim(bounds().from);
        ports.changed();
        return;
    }
  }

  const unsubscribe =
    range.kind === 'last'
      ? ports.connection.subscribe({ device: [device], metric: [metric], mode: 'log' }, take)
      : () => {};
  load();

  return {
    line,
    states,
    bounds,
    status: () => status,
    unit: () => unit,
    retry: load,
    close() {
      closed = true;
      unsubscribe();
    },
  };
}
