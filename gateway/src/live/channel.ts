// A channel is what several subscriptions have in common: the same patterns. What a commit brings is picked out and
// encoded once for all of them.
import { type Freshness, limits, type Value } from '../contract/index.ts';
import { matchesAny } from '../lib/pattern.ts';

/** The packed readings of one log entry, as the store shows them. */
export type Readings = {
  readonly offset: number;
  readonly count: number;
  series(i: number): number;
  ts(i: number): number;
  value(i: number): Value;
};

export type SeriesName = { device: string; metric: string };
export type Patterns = { device?: string[]; metric?: string[] };

/** Rows of one commit in both modes, encoded; a text for each frame. */
export type Encoded = { series: number[]; all: string[]; latest: string[] };

function inFrames(rows: readonly string[]): string[] {
  const frames: string[] = [];
  for (let i = 0; i < rows.length; i += limits.rowsPerFrameMax)
    frames.push(rows.slice(i, i + limits.rowsPerFrameMax).join(','));
  return frames;
}

const encodeValue = (value: Value) => (typeof value === 'string' ? JSON.stringify(value) : String(value));

export function encodeRow(series: number, ts: number, value: Value): string {
  return `[${series},${ts},${encodeValue(value)}]`;
}

export function encodeSnapRow(series: number, ts: number, value: Value, freshness: Freshness): string {
  return `[${series},${ts},${encodeValue(value)},"${freshness}"]`;
}

/** Two subscriptions with the same key share a channel. */
export function channelKey({ device, metric }: Patterns): string {
  return JSON.stringify([device ?? null, metric ?? null]);
}

export class Channel {
  readonly key: string;
  /** How many subscriptions hold it. */
  holders = 0;
  private readonly patterns: Patterns;
  private readonly nameOf: (series: number) => SeriesName | undefined;
  /** By series: undefined not looked at yet, else whether it fits. */
  private readonly fits: (boolean | undefined)[] = [];

  constructor(patterns: Patterns, nameOf: (series: number) => SeriesName | undefined) {
    this.key = channelKey(patterns);
    this.patterns = patterns;
    this.nameOf = nameOf;
  }

  covers(series: number): boolean {
    const known = this.fits[series];
    if (known !== undefined) return known;
    const name = this.nameOf(series);
    if (name === undefined) return false;
    const fits = this.coversDevice(name.device) && matchesAny(this.patterns.metric, name.metric);
    this.fits[series] = fits;
    return fits;
  }

  coversDevice(device: string): boolean {
    return matchesAny(this.patterns.device, device);
  }

  /** The rows of `runs` that fit, or null where none does. */
  encode(runs: readonly Readings[]): Encoded | null {
    const newest = new Map<number, { ts: number; row: string }>();
    const all: string[] = [];
    for (const run of runs) {
      for (let i = 0; i < run.count; i++) {
        const series = run.series(i);
        if (!this.covers(series)) continue;
        const ts = run.ts(i);
        const row = encodeRow(series, ts, run.value(i));
        all.push(row);
        const known = newest.get(series);
        if (known === undefined || ts >= known.ts) newest.set(series, { ts, row });
      }
    }
    if (all.length === 0) return null;
    const latest = Array.from(newest.values(), ({ row }) => row);
    return { series: [...newest.keys()], all: inFrames(all), latest: inFrames(latest) };
  }
}
