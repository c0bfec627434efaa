// What a store lives through while it is killed again and again: a seeded plan, whose steps parent and child both know
// by their numbers, and the model of what is there after some of them.
import { seededRandom } from '../../test/instruments/random.ts';
import type { Value } from '../contract/index.ts';
import type { Reading } from './model.fixture.ts';
import type { StoreConfig } from './store.ts';

const minute = 60_000;
const hour = 60 * minute;
export const day = 24 * hour;
export const planStart = Date.UTC(2026, 1, 27);
/** Simulated time between two steps. */
const stepMs = 3 * hour;
/** More series than a slice has effects, so that a batch and a compaction take several slices. */
const wideSeries = 520;

export const widths = { steady: 2 * minute, mixed: 20 * minute };

export type PlanSettings = {
  seed: number;
  /** How far back late readings reach. */
  lateMs: number;
};
export type PlanStep = { now: number; readings: [device: string, ts: number, value: Value][] };

/** What a child is told: the folder, how its store is set, the plan, and the step that it begins with. */
export type ChildTask = { dir: string; store: Partial<StoreConfig>; plan: PlanSettings; first: number; last: number };

export const timeAfter = (step: number): number => planStart + (step + 1) * stepMs;

const mixedValues: readonly Value[] = [true, false, 'open', 'shut', 0, -1.5, 21.25];

/** The readings of one step; the same ones whoever asks. */
export function planStep({ seed, lateMs }: PlanSettings, step: number): PlanStep {
  const random = seededRandom(seed * 1_000_003 + step);
  const below = (max: number) => Math.floor(random() * max);
  const now = timeAfter(step);
  const from = now - stepMs;
  const readings: PlanStep['readings'] = [];
  const number = () => below(100_000) / 100;
  const mixed = () => mixedValues[below(mixedValues.length)] ?? 0;
  for (let ts = from; ts < now; ts += widths.steady) readings.push(['steady', ts, number()]);
  for (let ts = from; ts < now; ts += widths.mixed) readings.push(['mixed', ts, mixed()]);
  readings.push(['slow', from, number()]);
  if (step % 9 === 4) for (let i = 0; i < 2_500; i++) readings.push(['burst', from + i * 1_000, number()]);
  if (step % 8 === 2) for (let i = 0; i < wideSeries; i++) readings.push([`wide${i}`, from + i, number()]);
  // Late ones lie on the grids of what was there in time, so that many take the place of a reading.
  const late = (width: number) => {
    const back = Math.floor((Math.min(lateMs, now - planStart) * random()) / width);
    return from - (from % width) - back * width;
  };
  for (let n = random() < 0.4 ? below(60) : 0; n > 0; n--) {
    readings.push(['steady', late(widths.steady), number()], ['mixed', late(widths.mixed), mixed()]);
    readings.push(['slow', late(stepMs), number()], [`wide${below(wideSeries)}`, late(minute), number()]);
  }
  // Two of one time in one commit: the later one counts.
  readings.push(['slow', from, number()]);
  return { now, readings };
}

/** What is there after the steps that were applied, by device. */
export class Model {
  private readonly series = new Map<string, Map<number, Value>>();

  apply({ readings }: PlanStep): void {
    for (const [device, ts, value] of readings) {
      let known = this.series.get(device);
      if (known === undefined) {
        known = new Map();
        this.series.set(device, known);
      }
      known.set(ts, value);
    }
  }

  /** Each series with its readings, the oldest first. */
  *all(): Iterable<[device: string, readings: Reading[]]> {
    for (const [device, readings] of this.series) yield [device, [...readings].sort(([a], [b]) => a - b)];
  }

  /** A copy with one step more. */
  with(step: PlanStep): Model {
    const copy = new Model();
    for (const [device, readings] of this.series) copy.series.set(device, new Map(readings));
    copy.apply(step);
    return copy;
  }
}
