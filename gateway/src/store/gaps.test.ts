// Why there is nothing where there is nothing: every span in which something was away and no reading lies, with its
// reason, whether readings or buckets were asked for.
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { HistoryGap } from '../contract/index.ts';
import { type Db, fileName, openForWriting } from './schema.ts';
import type { Store } from './store.ts';
import { settled, TempStore } from './temp-store.fixture.ts';

const start = Date.UTC(2026, 0, 5);
/** Milliseconds that the property looks at: few, so that spans and readings meet often. */
const spanMs = 60;

const instant = fc.integer({ min: -5, max: spanMs + 5 });
const span = fc.tuple(instant, instant).map(([a, b]) => ({ from: Math.min(a, b), to: Math.max(a, b) + 1 }));
const spansWithOwnStart = fc.uniqueArray(span, { maxLength: 4, selector: ({ from }) => from });
const scene = fc.record({
  presence: fc.uniqueArray(fc.record({ at: instant, state: fc.constantFrom('online', 'offline') }), {
    maxLength: 6,
    selector: ({ at }) => at,
  }),
  downtime: spansWithOwnStart,
  rejected: spansWithOwnStart,
  readings: fc.uniqueArray(instant, { maxLength: 6 }),
  range: span,
  /** The present, beyond which nothing can be missing yet. */
  now: instant,
  settle: fc.boolean(),
});
type Scene = typeof scene extends fc.Arbitrary<infer T> ? T : never;

/** Runs of instants at which the device was away: its last word before was that it goes. */
function offlineOf({ presence }: Scene, from: number, to: number) {
  const isOffline = (at: number) =>
    presence.filter(one => one.at <= at).sort((a, b) => b.at - a.at)[0]?.state === 'offline';
  const spans: { from: number; to: number }[] = [];
  for (let at = from; at < to; at++) {
    if (!isOffline(at)) continue;
    const last = spans.at(-1);
    if (last?.to === at) last.to = at + 1;
    else spans.push({ from: at, to: at + 1 });
  }
  return spans;
}

function modelGaps(one: Scene): HistoryGap[] {
  const { range, now, downtime, rejected, readings } = one;
  const [from, to] = [range.from, Math.min(range.to, now)];
  // Whether a reading lies in a span is asked of the whole span; what is told of it is cut to the range.
  // The last reading before a device went away may carry the time at which it did.
  const isEmpty = (span: { from: number; to: number }) => !readings.some(at => at > span.from && at < span.to);
  const cut = (spans: { from: number; to: number }[], reason: HistoryGap['reason']): HistoryGap[] =>
    spans
      .filter(isEmpty)
      .map(known => ({ from: Math.max(known.from, from), to: Math.min(known.to, to), reason }))
      .filter(known => known.from < known.to);
  return [
    ...cut(downtime, 'gateway-down'),
    ...cut(offlineOf(one, Math.min(range.from, ...one.presence.map(({ at }) => at)), now), 'device-offline'),
    ...cut(rejected, 'payload-rejected'),
  ];
}

const inOrder = (gaps: readonly HistoryGap[]) =>
  gaps.map(({ from, to, reason }) => `${String(from + 100).padStart(4)} ${to} ${reason}`).sort();

describe('the gaps of an answer', () => {
  const temp = new TempStore();
  let store: Store;
  let db: Db;
  let run = 0;
  beforeAll(async () => {
    store = await temp.open();
    db = openForWriting(join(temp.dir, fileName), 'NORMAL');
  });
  afterAll(async () => {
    db.close();
    await temp.dispose();
  });

  /** Puts a scene into tables and log, for a device of its own; times count from `at`. */
  async function put(one: Scene, at: number) {
    const device = `d${++run}`;
    db.transaction(() => {
      // Downtime is the gateway's, and so every device's.
      db.exec('DELETE FROM downtime');
      const downtime = db.prepare('INSERT INTO downtime (from_at, to_at) VALUES (?, ?)');
      const rejected = db.prepare('INSERT INTO rejected (device, from_at, to_at) VALUES (?, ?, ?)');
      const presence = db.prepare('INSERT INTO presence (device, at, state) VALUES (?, ?, ?)');
      for (const { from, to } of one.downtime) downtime.run(at + from, at + to);
      for (const { from, to } of one.rejected) rejected.run(device, at + from, at + to);
      for (const { at: ts, state } of one.presence) presence.run(device, at + ts, state);
    })();
    const series = store.series.idOf(device, 't');
    for (const ts of one.readings) store.push(series, at + ts, at, ts, 0);
    await settled(store);
    if (one.settle) await store.settle();
    return { series, device };
  }

  test('[RST-2] are the spans without a reading inside in which device or gateway was away or payloads were refused', async () => {
    await fc.assert(
      fc.asyncProperty(scene, async drawn => {
        // Nothing was said of a device yet after the present.
        const one = { ...drawn, presence: drawn.presence.filter(({ at }) => at < drawn.now) };
        const { series, device } = await put(one, start);
        const range = { series, device, from: start + one.range.from, to: start + one.range.to, now: start + one.now };
        const answers = [
          await store.readings({ ...range, limit: 1_000 }),
          await store.buckets({ ...range, interval: { ms: 10 }, zone: 'UTC' }),
          await store.buckets({ ...range, interval: { unit: 'day', count: 1 }, zone: 'Asia/Kolkata' }),
        ];
        for (const { gaps } of answers) {
          const found = gaps.map(gap => ({ ...gap, from: gap.from - start, to: gap.to - start }));
          expect(inOrder(found)).toEqual(inOrder(modelGaps(one)));
          expect(gaps.map(({ from }) => from)).toEqual(gaps.map(({ from }) => from).sort((a, b) => a - b));
        }
      }),
      { numRuns: 150 },
    );
  }, 60_000);

  test('[RST-2] of which there are very many are shown in buckets where they are as long as one', async () => {
    const often = Array.from({ length: 150 }, (_, i) => ({
      from: i * 1_000,
      to: i * 1_000 + (i % 50 === 0 ? 60 : 10),
    }));
    const { series, device } = await put(
      { presence: [], downtime: [], rejected: often, readings: [], range: { from: 0, to: 0 }, now: 0, settle: false },
      start,
    );
    const range = { series, device, from: start, to: start + 150_000, now: start + 150_000 };
    const { gaps } = await store.buckets({ ...range, interval: { ms: 50 }, zone: 'UTC' });
    expect(gaps.map(({ from }) => from - start)).toEqual([0, 50_000, 100_000]);
    expect((await store.readings({ ...range, limit: 10 })).gaps).toHaveLength(150);
  });
});

describe('what retention took', () => {
  const temp = new TempStore();
  afterEach(() => temp.dispose());

  test('[STO-3] is a gap of readings with its reason, cut to what was asked; buckets have none where rollups answer', async () => {
    const day = 24 * 3_600_000;
    let store = await temp.open();
    const series = store.series.idOf('a', 't');
    // Before the commit, or the store would seem to have been away on those days.
    temp.clock.set(start + 5 * day);
    // So many, and with such noise in them, that each day is kept by itself and can go by itself.
    for (let ts = start; ts < start + 4 * day; ts += 3_000) store.push(series, ts, ts, (ts * 2_654_435_761) % 997, 0);
    await settled(store);
    await store.settle();
    store = await temp.reopen({ retention: [{ device: 'a', metric: '*', raw: 2 * day }] });
    await store.settle();
    const gapsOf = async (from: number, to: number) => {
      const range = { series, device: 'a', from, to, now: to };
      const { gaps } = await store.readings({ ...range, limit: 1_000_000 });
      const { gaps: ofBuckets } = await store.buckets({ ...range, interval: { unit: 'day', count: 1 }, zone: 'UTC' });
      return { gaps, ofBuckets };
    };
    const kept = start + 3 * day;
    const gap = (from: number, to: number) => ({ gaps: [{ from, to, reason: 'retention' }], ofBuckets: [] });
    expect(await gapsOf(start - day, start + 4 * day)).toEqual(gap(start, kept));
    expect(await gapsOf(start + day, start + 2 * day)).toEqual(gap(start + day, start + 2 * day));
    expect(await gapsOf(kept, start + 4 * day)).toEqual({ gaps: [], ofBuckets: [] });
  });
});
