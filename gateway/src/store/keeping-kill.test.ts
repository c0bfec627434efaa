// Keeping is killed again and again while it is under way. What was acknowledged is there after it, once, and nobody who
// asks may notice what was half done.

import { spawn } from 'node:child_process';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, describe, expect, test } from 'vitest';
import { seededRandom } from '../../test/instruments/random.ts';
import type { Bucket } from '../contract/index.ts';
import type { Interval } from './calendar.ts';
import {
  type ChildTask,
  day,
  Model,
  type PlanSettings,
  planStart,
  planStep,
  timeAfter,
} from './keeping-plan.fixture.ts';
import { modelBuckets, type Reading } from './model.fixture.ts';
import { fileName } from './schema.ts';
import type { Store, StoreConfig } from './store.ts';
import { settled, TempStore } from './temp-store.fixture.ts';

const hour = day / 24;
const rounds = 12;
/** 80 simulated days: two windows of 32 days end in them, and close. */
const lastStep = 640;
/** Steps that a round commits at the most, so that there is something left to kill in the last one. */
const stepsPerRoundMax = 36;
const from = planStart - day;
/** TELLTALE_KILL_SEED repeats a run that failed. */
const seedOf = () => Number(process.env.TELLTALE_KILL_SEED ?? Math.floor(Math.random() * 1e6));

const temps: TempStore[] = [];
afterEach(async () => {
  for (const temp of temps.splice(0)) await temp.dispose();
});

function newTemp(): TempStore {
  const temp = new TempStore();
  temps.push(temp);
  return temp;
}

type Lived = { acknowledged: number; killed: boolean };

/** Runs the child program until it is killed, `killAfterMs` after its start or after its store was open, or done. */
async function liveAndDie(task: ChildTask, killAfterMs: number, whileOpening: boolean): Promise<Lived> {
  const program = join(import.meta.dirname, 'keeping-kill.fixture.ts');
  const child = spawn(process.execPath, [program, JSON.stringify(task)], { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  let complaints = '';
  let timer: NodeJS.Timeout | null = null;
  const killLater = () => {
    timer ??= setTimeout(() => child.kill('SIGKILL'), killAfterMs);
  };
  if (whileOpening) killLater();
  child.stderr.on('data', data => {
    complaints += data;
  });
  child.stdout.on('data', data => {
    said += data;
    killLater();
  });
  const [code, signal] = await new Promise<[number | null, string | null]>(resolve => {
    child.on('close', (...end) => resolve(end));
  });
  if (timer !== null) clearTimeout(timer);
  if (signal !== 'SIGKILL' && code !== 0) throw new Error(`the child ended with ${code ?? signal}: ${complaints}`);
  const numbers = said.split('\n').slice(0, -1).map(Number).filter(Number.isFinite);
  expect(numbers).toEqual(numbers.map((_, i) => task.first + i));
  return { acknowledged: numbers.at(-1) ?? task.first - 1, killed: signal === 'SIGKILL' };
}

/** Without the mean, which is compared apart, because cells and readings are added up in another order. */
const comparable = (bucket: Bucket) => bucket.map((one, i) => (i === 4 ? null : one === 0 ? 0 : one));

function expectBuckets(of: string, actual: Bucket[], expected: Bucket[]): void {
  const known = new Map(actual.map(bucket => [bucket[0], bucket]));
  const wrong = expected.filter(bucket => {
    const found = known.get(bucket[0]);
    return found === undefined || JSON.stringify(comparable(found)) !== JSON.stringify(comparable(bucket));
  });
  if (wrong.length > 0 || actual.length !== expected.length) {
    const [first] = wrong;
    throw new Error(
      `${of}: ${actual.length} buckets instead of ${expected.length}; missing or other: ${wrong.length}, ` +
        `first ${JSON.stringify(first)}, in place of it ${JSON.stringify(known.get(first?.[0] ?? 0))}`,
    );
  }
  for (const [i, [, , , , mean]] of expected.entries()) {
    if (mean === null) expect(actual[i]?.[4]).toBeNull();
    else expect(actual[i]?.[4]).toBeCloseTo(mean, 6);
  }
}

/** Buckets within days, day by day: the model looks at all readings for each bucket. */
function bucketsByDay(readings: Reading[], interval: Interval): Bucket[] {
  const days = Map.groupBy(readings, ([ts]) => Math.floor(ts / day) * day);
  return [...days].flatMap(([begin, inside]) => modelBuckets(inside, begin, begin + day, interval, 'UTC'));
}

/** Which series are asked for buckets: there are many wide ones, and one of fifty has to speak for them. */
const isAsked = (device: string) => !device.startsWith('wide') || device.endsWith('50');

type Kept = { readings: Reading[]; model: Reading[] };

/** Compares every answer with the model; `readingsOf` says which readings are expected of those of the model. */
async function compare(
  store: Store,
  model: Model,
  to: number,
  expectedOf: (kept: Kept, device: string) => Reading[] = ({ model }) => model,
  intervals: Interval[] = [{ ms: hour }, { unit: 'day', count: 1 }],
): Promise<void> {
  for (const [device, expected] of model.all()) {
    const range = { series: store.series.find(device, 't') ?? 0, device, from, to, now: to };
    const { readings } = await store.readings({ ...range, limit: 1_000_000 });
    const same = expectedOf({ readings, model: expected }, device);
    if (JSON.stringify(readings) !== JSON.stringify(same)) {
      const stored = new Map(readings);
      const missing = same.filter(([ts, value]) => stored.get(ts) !== value);
      throw new Error(
        `${device}: ${readings.length} readings instead of ${same.length}; missing or other: ${missing.length}, ` +
          `from ${JSON.stringify(missing[0])} to ${JSON.stringify(missing.at(-1))}`,
      );
    }
    if (!isAsked(device)) continue;
    for (const interval of intervals) {
      const { buckets } = await store.buckets({ ...range, interval, zone: 'UTC' });
      expectBuckets(`${device} by ${JSON.stringify(interval)}`, buckets, bucketsByDay(expected, interval));
    }
    const interval: Interval = { unit: 'month', count: 1 };
    const { buckets } = await store.buckets({ ...range, interval, zone: 'UTC' });
    expectBuckets(`${device} by month`, buckets, modelBuckets(expected, from, to, interval, 'UTC'));
  }
}

function ask<Answer>(temp: TempStore, sql: string): Answer {
  const db = new Database(join(temp.dir, fileName), { readonly: true });
  try {
    return db.prepare(sql).pluck().get() as Answer;
  } finally {
    db.close();
  }
}

type Comparing = (store: Store, model: Model, to: number) => Promise<void>;

/** Kills and restarts, and compares after some of the kills; returns the model of the whole plan. */
async function surviveKills(
  temp: TempStore,
  plan: PlanSettings,
  settings: Partial<StoreConfig>,
  comparing: Comparing,
): Promise<Model> {
  const random = seededRandom(plan.seed);
  const model = new Model();
  let epoch: string | null = null;
  let first = 0;
  let kills = 0;
  /** The step in flight is there or not, whole. */
  const look = async (next: number) => {
    temp.clock.set(timeAfter(next));
    const store = await temp.open(settings);
    epoch ??= store.epoch;
    expect(store.epoch).toBe(epoch);
    const steps = planStep(plan, next).readings;
    const [device, ts, value] = steps[0] as (typeof steps)[number];
    const series = store.series.find(device, 't') ?? 0;
    const there = await store.readings({ series, device, from: ts, to: ts + 1, now: ts, limit: 1 });
    const isThere = there.readings.length > 0;
    if (isThere) expect(there.readings).toEqual([[ts, value]]);
    const seen = isThere ? model.with(planStep(plan, next)) : model;
    await comparing(store, seen, timeAfter(next));
    await store.close();
    expect(ask(temp, 'PRAGMA integrity_check')).toBe('ok');
  };
  for (let round = 0; round < rounds; round++) {
    // What a faster machine would commit in this round is left for the rounds that follow.
    const last = Math.min(lastStep, first + stepsPerRoundMax);
    const task = { dir: temp.dir, store: settings, plan, first, last };
    const { acknowledged, killed } = await liveAndDie(task, 20 + random() * 380, random() < 0.2);
    if (killed) kills++;
    for (; first <= acknowledged; first++) model.apply(planStep(plan, first));
    if (round % 7 === 5) await look(first);
  }
  expect(kills).toBeGreaterThan(rounds / 2);
  const task = { dir: temp.dir, store: settings, plan, first, last: lastStep };
  expect(await liveAndDie(task, 120_000, false)).toEqual({ acknowledged: lastStep, killed: false });
  for (; first <= lastStep; first++) model.apply(planStep(plan, first));
  return model;
}

/** Says with which seed it failed. */
async function withSeed(work: (seed: number) => Promise<void>): Promise<void> {
  const seed = seedOf();
  try {
    await work(seed);
  } catch (error) {
    throw new Error(`TELLTALE_KILL_SEED=${seed}: ${(error as Error).message}`, { cause: error });
  }
}

describe('SIGKILL while the store is kept', () => {
  const eager: Partial<StoreConfig> = { sealReadings: 2_000, sealAfterMs: 1_000, resumeMs: 0 };

  test(
    '[STO-8] [STO-1] SIGKILL at random instants of sealing, compaction, rollups, closing and trimming: every acknowledged reading is there once, and every answer is that of the model',
    () =>
      withSeed(async seed => {
        const temp = newTemp();
        const plan = { seed, lateMs: 60 * day };
        const model = await surviveKills(temp, plan, eager, compare);
        const store = await temp.open(eager);
        temp.clock.set(timeAfter(lastStep) + 40 * day);
        await compare(store, model, timeAfter(lastStep));
        await store.settle();
        await compare(store, model, timeAfter(lastStep));
        // It went all the way, or nothing was proved.
        expect(store.firstOffset()).toBe(store.lastOffset());
        expect(ask(temp, 'SELECT count(*) FROM sealed')).toBe(0);
        expect(ask(temp, `SELECT value FROM meta WHERE key = 'closed_2'`)).toBe(
          Math.floor(timeAfter(lastStep) / day / 32),
        );
        expect(ask(temp, 'PRAGMA integrity_check')).toBe('ok');
      }),
    120_000,
  );

  test(
    '[STO-8] [STO-3] SIGKILL while retention runs as well: what remains is the model from its first reading on, and rollups answer for the rest',
    () =>
      withSeed(async seed => {
        const temp = newTemp();
        const plan = { seed, lateMs: day };
        // Simulated days pass in some milliseconds: what waits to be compacted must be younger than what may go.
        const raw = 12 * day;
        const budget = 1_400_000;
        const settings = { ...eager, retention: [{ device: 'steady', metric: '*', raw }], diskBudget: budget };
        const comparing: Comparing = (store, model, to) => {
          const kept = ({ readings, model }: Kept, device: string) => {
            const first = readings[0]?.[0] ?? Number.POSITIVE_INFINITY;
            if (device === 'steady') expect(first).toBeLessThanOrEqual(to - 2 * day);
            return model.filter(([ts]) => ts >= first);
          };
          return compare(store, model, to, kept, [{ unit: 'day', count: 1 }]);
        };
        const model = await surviveKills(temp, plan, settings, comparing);
        temp.clock.set(timeAfter(lastStep) + hour);
        const store = await temp.open(settings);
        await comparing(store, model, timeAfter(lastStep));
        await store.settle();
        await comparing(store, model, timeAfter(lastStep));
        const { bytes } = await store.storage();
        expect(bytes.readings + bytes.rollups + bytes.log).toBeLessThanOrEqual(budget);
        const began = ask<number>(temp, `SELECT max(raw_from) FROM series_use`);
        expect(began).toBeGreaterThanOrEqual(timeAfter(lastStep) - raw - day);
        expect(ask(temp, 'PRAGMA integrity_check')).toBe('ok');
      }),
    120_000,
  );

  test('a reading more in the model, and a row less in the store, are noticed', async () => {
    const temp = newTemp();
    const [to, model] = [timeAfter(4), new Model()];
    let store = await temp.open(eager);
    const step = planStep({ seed: 1, lateMs: day }, 4);
    for (const [device, ts, value] of step.readings) store.push(store.series.idOf(device, 't'), ts, to, value, 0);
    await settled(store);
    model.apply(step);
    await compare(store, model, to);
    const [, ts] = step.readings[0] as (typeof step.readings)[number];
    const more = model.with({ now: to, readings: [['steady', ts + 1, 5]] });
    await expect(compare(store, more, to)).rejects.toThrow('steady: ');
    while (ask<number>(temp, 'SELECT count(*) FROM batch') === 0) await new Promise(resolve => setTimeout(resolve, 10));
    await store.close();
    const db = new Database(join(temp.dir, fileName));
    expect(db.prepare('DELETE FROM sealed WHERE key = (SELECT min(key) FROM sealed)').run().changes).toBe(1);
    db.close();
    store = await temp.open(eager);
    await expect(compare(store, model, to)).rejects.toThrow('steady: ');
  });
});
