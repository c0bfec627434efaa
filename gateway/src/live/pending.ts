// What a channel has to say since its last round. Mode `latest`: which series have something new, read when the round
// goes out, so that a value that was replaced meanwhile costs nothing. Mode `log`: every row.
import { limits, type Mode } from '../contract/index.ts';
import { encodeRow, type Latest, type Readings } from './readings.ts';
import type { RoundRow } from './round.ts';

export type Pending = {
  isEmpty(): boolean;
  /** True where a round must not wait any longer, whatever the interval. */
  isFull(): boolean;
  add(run: Readings, i: number): void;
  /** True where something of this series waits. */
  has(series: number): boolean;
  /** The rows of entries after `base`; what waits is let go. */
  take(base: number): RoundRow[];
};

export type PendingPorts = { latest(series: number): Latest | undefined };

/** Nothing waits yet. */
export function createPending(mode: Mode, ports: PendingPorts): Pending {
  return mode === 'latest' ? new PendingSeries(ports) : new PendingRows(ports);
}

/** Bounded by the number of series. */
class PendingSeries implements Pending {
  private series = new Set<number>();
  private readonly ports: PendingPorts;

  constructor(ports: PendingPorts) {
    this.ports = ports;
  }

  isEmpty = () => this.series.size === 0;
  isFull = () => false;
  has = (series: number) => this.series.has(series);

  add(run: Readings, i: number): void {
    this.series.add(run.series(i));
  }

  take(base: number): RoundRow[] {
    const rows: RoundRow[] = [];
    for (const series of this.series) {
      const latest = this.ports.latest(series);
      // The device was deleted meanwhile, or what came is older than the latest.
      if (latest === undefined || latest.offset <= base) continue;
      const { offset, ts, value, freshness } = latest;
      rows.push({ series, offset, text: encodeRow(series, ts, value, freshness) });
    }
    this.series.clear();
    return rows;
  }
}

/** Bounded by a frame's rows: with more a round goes out at once. */
class PendingRows implements Pending {
  private rows: RoundRow[] = [];
  private readonly series = new Set<number>();
  private readonly ports: PendingPorts;

  constructor(ports: PendingPorts) {
    this.ports = ports;
  }

  isEmpty = () => this.rows.length === 0;
  isFull = () => this.rows.length >= limits.rowsPerFrameMax;
  has = (series: number) => this.series.has(series);

  add(run: Readings, i: number): void {
    const series = run.series(i);
    this.series.add(series);
    this.rows.push({ series, offset: run.offset, text: encodeRun(run, i, this.ports.latest(series)) });
  }

  take(): RoundRow[] {
    const taken = this.rows;
    this.rows = [];
    this.series.clear();
    return taken;
  }
}

function encodeRun(run: Readings, i: number, latest: Latest | undefined): string {
  const ts = run.ts(i);
  return encodeRow(run.series(i), ts, run.value(i), latest?.ts === ts ? latest.freshness : 'live');
}
