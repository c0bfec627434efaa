// Voids against a model that simply leaves out what lies in one of them.
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Bucket, Void } from '../contract/index.ts';
import type { Interval } from './calendar.ts';
import { modelBuckets, type Reading } from './model.fixture.ts';
import type { Span } from './spans.ts';
import type { Store } from './store.ts';
import { settled, TempStore } from './temp-store.fixture.ts';

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;
const start = Date.UTC(2026, 2, 1);
const days = 3;
const end = start + days * day;
/** Twenty to a minute, so that minutes, quarters and days are kept as rollups. */
const everyMs = 3_000;

/** With noise in it, so that its days take room enough to be kept by themselves; and now and then no number at all. */
function valueAt(ts: number): Reading[1] {
  const i = ts / everyMs;
  if (i % 977 === 0) return 'open';
  if (i % 311 === 0) return i % 2 === 0;
  return Math.round(1_000 * Math.sin(i / 900) + ((i * 2_654_435_761) % 97)) / 10;
}

const instant = fc.integer({ min: -hour, max: days * day + hour }).map(ms => start + ms);
const long = fc.tuple(instant, instant).map(([a, b]): Span => ({ from: Math.min(a, b), to: Math.max(a, b) + 1 }));
const short = fc
  .tuple(instant, fc.integer({ min: 1, max: 10 * minute }))
  .map(([from, length]): Span => ({ from, to: from + length }));
const wholeDays = fc
  .tuple(fc.integer({ min: 0, max: days - 1 }), fc.integer({ min: 1, max: 2 }))
  .map(([first, count]): Span => ({ from: start + first * day, to: start + (first + count) * day }));
const spans = fc.array(fc.oneof(long, short, wholeDays), { minLength: 1, maxLength: 4 });

type Question = Span & { interval: Interval; zone: string };
const questions = fc
  .array(
    fc.oneof(
      fc.record({
        span: long,
        kind: fc.constantFrom<[Interval, string]>([{ ms: hour }, 'UTC'], [{ ms: 7_777_777 }, 'UTC']),
      }),
      fc.record({
        span: fc.constant({ from: start, to: end }),
        kind: fc.constant<[Interval, string]>([{ ms: hour }, 'UTC']),
      }),
      fc.record({ span: short, kind: fc.constant<[Interval, string]>([{ ms: minute }, 'UTC']) }),
      fc.record({
        span: fc.oneof(long, fc.constant({ from: start - day, to: end + day })),
        kind: fc.constantFrom<[Interval, string]>(
          [{ unit: 'day', count: 1 }, 'UTC'],
          [{ unit: 'day', count: 1 }, 'Asia/Kolkata'],
          [{ unit: 'month', count: 1 }, 'America/New_York'],
        ),
      }),
    ),
    { minLength: 2, maxLength: 3 },
  )
  .map(list => list.map(({ span, kind: [interval, zone] }): Question => ({ ...span, interval, zone })));
const late = fc.array(fc.tuple(fc.integer({ min: 0, max: days * day - 1 }), fc.integer({ min: -500, max: 500 })), {
  maxLength: 8,
});
const scenes = fc.record({
  spans,
  questions,
  late,
  settleWhileVoid: fc.boolean(),
  restoreOrder: fc.infiniteStream(fc.nat(100)),
});

/** Without the mean, which is compared apart; zero and minus zero are one least value. */
const exact = (bucket: Bucket) =>
  bucket.with(4, null).map((part, i) => ((i === 2 || i === 3) && typeof part === 'number' ? part + 0 : part));

/** Where two long lists differ: to compare them as a whole takes a hundred times as long. */
function firstDifference(found: readonly Reading[], expected: readonly Reading[]): unknown {
  if (found.length !== expected.length) return { found: found.length, expected: expected.length };
  const i = found.findIndex(([ts, value], i) => ts !== expected[i]?.[0] || value !== expected[i]?.[1]);
  return i < 0 ? null : { found: found[i], expected: expected[i] };
}

describe.each(['settled, with rollups,', 'not settled'])('[STO-7] in a store %s', kind => {
  const isSettled = kind !== 'not settled';
  const temp = new TempStore();
  let store: Store;
  let series: number;
  const model = new Map<number, Reading[1]>();
  beforeAll(async () => {
    store = await temp.open();
    series = store.series.idOf('a', 't');
    for (let ts = start; ts < end; ts += everyMs) await commit(ts, valueAt(ts));
    await settled(store);
    temp.clock.set(end + 40 * day);
    if (isSettled) await store.settle();
    expect((await store.storage()).bytes.rollups > 0).toBe(isSettled);
  });
  afterAll(() => temp.dispose());

  function commit(ts: number, value: Reading[1]): Promise<unknown> | undefined {
    model.set(ts, value);
    store.push(series, ts, temp.clock.now(), value, 0);
    return store.hasRoom(1_000) ? undefined : settled(store);
  }

  const create = ({ from, to }: Span) =>
    store.corrections.create({ device: 'a', metric: 't', from, to, reason: 'the probe lay in the sun' }, 'ada');

  /** Every answer is that of the readings which lie in none of the voids. */
  async function expectAnswers(asked: readonly Question[], voids: readonly Void[]): Promise<void> {
    const kept = [...model]
      .filter(([ts]) => !voids.some(({ from, to }) => ts >= from && ts < to))
      .sort(([a], [b]) => a - b);
    for (const { from, to, interval, zone } of asked) {
      const within = kept.filter(([ts]) => ts >= from && ts < to);
      const range = { series, device: 'a', from, to, now: to };
      const touching = voids.filter(one => one.to > from && one.from < to).sort((a, b) => (a.id < b.id ? -1 : 1));
      const raw = await store.readings({ ...range, limit: 1_000_000 });
      expect(firstDifference(raw.readings, within)).toBeNull();
      const { buckets, voids: told } = await store.buckets({ ...range, interval, zone });
      expect([raw.voids, told]).toEqual([touching, touching]);
      const expected = modelBuckets(within, from, to, interval, zone);
      expect(buckets.map(exact)).toEqual(expected.map(exact));
      for (const [i, [, , , , mean]] of buckets.entries()) {
        const right = expected[i]?.[4];
        if (typeof right === 'number') expect(mean).toBeCloseTo(right, 9);
        else expect(mean).toBeNull();
      }
    }
  }

  test('answers leave out what is void, also what comes later, and restored they are what they were', async () => {
    await fc.assert(
      fc.asyncProperty(scenes, async ({ spans, questions, late, settleWhileVoid, restoreOrder }) => {
        const voids: Void[] = [];
        try {
          for (const span of spans) voids.push(await create(span));
          await expectAnswers(questions, voids);
          for (const [at, value] of late) await commit(start + at, value);
          await settled(store);
          await expectAnswers(questions, voids);
          if (isSettled && settleWhileVoid) {
            await store.settle();
            await expectAnswers(questions, voids);
          }
        } finally {
          while (voids.length > 0) {
            const [one] = voids.splice((restoreOrder.next().value as number) % voids.length, 1);
            await store.corrections.restore((one as Void).id, 'it was in the shade', 'bob');
            if (voids.length === 1) await expectAnswers(questions.slice(0, 1), voids);
          }
        }
        await expectAnswers(questions, []);
      }),
      { numRuns: 12 },
    );
  }, 120_000);
});

describe('corrections', () => {
  let temp: TempStore;
  let store: Store;
  beforeEach(async () => {
    temp = new TempStore();
    store = await temp.open();
    for (const [device, metric] of [
      ['a', 't'],
      ['a', 'u'],
      ['b', 't'],
    ] as const) {
      store.push(store.series.idOf(device, metric), start, start, 1, 0);
    }
    await settled(store);
  });
  afterEach(() => temp.dispose());

  const create = (device = 'a', metric = 't', from = start) => {
    temp.clock.advance(1);
    return store.corrections.create({ device, metric, from, to: from + hour, reason: 'wrong' }, 'ada');
  };
  const idsOf = (voids: Void[]) => voids.map(({ id }) => id);
  /** An id beyond all. */
  const top = '~';

  test('[STO-7] keep who voided and restored, when and why', async () => {
    const made = await create();
    const known = { device: 'a', metric: 't', from: start, to: start + hour, by: 'ada', reason: 'wrong' };
    expect(made).toEqual({ ...known, id: made.id, at: temp.clock.now(), restored: null });
    temp.clock.advance(5_000);
    const restored = await store.corrections.restore(made.id, 'right', 'bob');
    expect(restored).toEqual({ ...made, restored: { by: 'bob', reason: 'right', at: temp.clock.now() } });
    expect(await store.corrections.list({}, top, 10)).toEqual([restored]);
  });

  test('are restored once: what was is kept', async () => {
    const { id } = await create();
    const restored = await store.corrections.restore(id, 'right', 'bob');
    const again = store.corrections.restore(id, 'another reason', 'eve');
    await expect(again).rejects.toMatchObject({ code: 'unprocessable' });
    expect(await store.corrections.list({}, top, 10)).toEqual([restored]);
  });

  test('of what nobody sent, or nobody voided, are not found', async () => {
    await expect(create('nobody')).rejects.toMatchObject({ code: 'not_found' });
    await expect(create('a', 'never')).rejects.toMatchObject({ code: 'not_found' });
    await expect(store.corrections.restore('01J', '', 'ada')).rejects.toMatchObject({ code: 'not_found' });
  });

  test('are listed page by page, the newest first, of all, of a device, of a metric, of a series', async () => {
    const made: Void[] = [];
    for (let i = 0; i < 9; i++) made.unshift(await create(i % 3 === 0 ? 'b' : 'a', i % 3 === 1 ? 'u' : 't', start + i));
    for (const filter of [{}, { device: 'a' }, { metric: 't' }, { device: 'a', metric: 't' }, { device: 'c' }]) {
      const fitting = made.filter(
        one => (filter.device ?? one.device) === one.device && (filter.metric ?? one.metric) === one.metric,
      );
      for (const limit of [1, 2, 100]) {
        const paged: Void[] = [];
        for (let before = top; ; before = paged.at(-1)?.id ?? '') {
          const page = await store.corrections.list(filter, before, limit);
          expect(page.length).toBeLessThanOrEqual(limit);
          paged.push(...page);
          if (page.length < limit) break;
        }
        expect(idsOf(paged)).toEqual(idsOf(fitting));
      }
    }
    expect(await store.corrections.list({ device: 'c', metric: 't' }, top, 10)).toEqual([]);
  });

  test('[STO-7] are in force after the store was closed and opened, and so is what was restored', async () => {
    const range = { series: 1, device: 'a', from: start, to: start + day, now: start + day };
    const answers = async () => [
      (await store.readings({ ...range, limit: 10 })).readings.length,
      (await store.buckets({ ...range, interval: { ms: hour }, zone: 'UTC' })).buckets.length,
    ];
    const { id } = await create();
    store = await temp.reopen();
    expect(await answers()).toEqual([0, 0]);
    await store.corrections.restore(id, 'right', 'bob');
    store = await temp.reopen();
    expect(await answers()).toEqual([1, 1]);
    await expect(store.corrections.restore(id, 'right', 'bob')).rejects.toMatchObject({ code: 'unprocessable' });
  });
});
