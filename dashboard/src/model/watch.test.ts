// Latest values: which reading wins, and when what is held may be taken as current.
import { describe, expect, it } from 'vitest';
import type { Series, SubscriptionSpec, SubscriptionUpdate } from '../connection/index.ts';
import { openWatch } from './watch.ts';

const series = (device: string, metric: string): Series => ({ device, metric, unit: null, type: 'number' });
const temp = series('a', 'temp');

function setUp() {
  let listener: (update: SubscriptionUpdate) => void = () => {};
  const specs: SubscriptionSpec[] = [];
  const connection = {
    subscribe(spec: SubscriptionSpec, next: typeof listener) {
      specs.push(spec);
      listener = next;
      return () => {};
    },
  };
  const watch = openWatch(connection, { device: ['a'] }, change => change());
  const tell = (update: SubscriptionUpdate) => listener(update);
  const read = (ts: number, value: number, offset = 1) =>
    tell({ kind: 'readings', offset, readings: [{ series: temp, ts, value, freshness: null }] });
  const snap = (names: string[], part: { done?: boolean; freshness?: 'live' | 'stale'; offset?: number } = {}) =>
    tell({
      kind: 'snapshot',
      first: true,
      offset: part.offset ?? 1,
      done: part.done ?? true,
      readings: names.map(metric => ({
        series: series('a', metric),
        ts: 10,
        value: 1,
        freshness: part.freshness ?? 'live',
      })),
    });
  const latest = () => watch.device('a').value[0]?.latest.value;
  const names = () => watch.device('a').value.map(entry => entry.series.metric);
  tell({ kind: 'asked', since: null });
  return { watch, tell, read, snap, latest, names, specs };
}

describe('the latest value', () => {
  it('is the one with the newest source time; a late reading changes nothing', () => {
    const { read, latest } = setUp();
    read(10, 1);
    read(12, 2);
    read(11, 3);
    expect(latest()).toEqual({ ts: 12, value: 2, freshness: 'live' });
  });

  it('is the later word where two have the same time', () => {
    const { read, latest } = setUp();
    read(10, 1);
    read(10, 5);
    expect(latest()).toMatchObject({ ts: 10, value: 5 });
  });

  it('is live again with a newer reading, but not with the same one told again', () => {
    const { read, tell, latest } = setUp();
    read(10, 1);
    tell({ kind: 'fresh', rows: [{ series: temp, freshness: 'stale' }] });
    expect(latest()).toMatchObject({ value: 1, freshness: 'stale' });
    read(10, 1);
    expect(latest()).toMatchObject({ freshness: 'stale' });
    read(11, 2);
    expect(latest()).toMatchObject({ freshness: 'live' });
  });

  it('is what a snapshot says, also when a clock was set back', () => {
    const { read, snap, latest } = setUp();
    read(99, 7);
    snap(['temp'], { freshness: 'stale' });
    expect(latest()).toEqual({ ts: 10, value: 1, freshness: 'stale' });
  });
});

describe('a snapshot', () => {
  it('from the beginning drops what is no longer there, once it is complete', () => {
    const { snap, names, tell } = setUp();
    snap(['gone', 'temp']);
    tell({ kind: 'asked', since: null });
    snap(['temp'], { done: false });
    expect(names()).toEqual(['gone', 'temp']);
    snap(['added']);
    expect(names()).toEqual(['added', 'temp']);
  });

  it('of what has changed drops nothing', () => {
    const { snap, names } = setUp();
    snap(['a', 'b', 'c']);
    snap(['b']);
    expect(names()).toEqual(['a', 'b', 'c']);
  });

  it('of what has changed is asked for after a reconnect, and drops nothing either, be one broken off before', () => {
    const { snap, names, tell, specs } = setUp();
    expect(specs).toEqual([{ device: ['a'], mode: 'latest' }]);
    snap(['a', 'b', 'c']);
    tell({ kind: 'asked', since: null });
    snap(['a'], { done: false });
    tell({ kind: 'asked', since: { epoch: 'E', offset: 1 } });
    snap(['b']);
    expect(names()).toEqual(['a', 'b', 'c']);
  });

  it('after a gap is whole again', () => {
    const { snap, names, tell } = setUp();
    snap(['gone', 'temp']);
    tell({ kind: 'gap', from: 1, to: 2, reason: 'slow' });
    snap(['temp']);
    expect(names()).toEqual(['temp']);
  });
});

describe('a metric that was announced and never sent', () => {
  const never = { series: temp, ts: null, value: null, freshness: 'never' as const };

  it('is there without a value, until the first comes', () => {
    const { tell, read, latest, watch } = setUp();
    tell({ kind: 'snapshot', first: true, done: true, offset: 1, readings: [never] });
    expect(latest()).toEqual({ ts: null, value: null, freshness: 'never' });
    tell({ kind: 'fresh', rows: [{ series: temp, freshness: 'live' }] });
    expect(latest()).toMatchObject({ ts: null, freshness: 'never' });
    const before = watch.device('a').value;
    read(10, 1);
    expect(latest()).toEqual({ ts: 10, value: 1, freshness: 'live' });
    // Whoever lists what was seen has to look again.
    expect(watch.device('a').value).not.toBe(before);
  });

  it('takes the place of a value that the gateway no longer has', () => {
    const { tell, read, latest } = setUp();
    read(10, 1);
    tell({ kind: 'snapshot', first: true, done: true, offset: 2, readings: [never] });
    expect(latest()).toMatchObject({ ts: null, freshness: 'never' });
  });
});

describe('a deleted device', () => {
  it('takes its series with it, and no other’s', () => {
    const { snap, tell, names, watch } = setUp();
    snap(['temp', 'door'], { offset: 5 });
    const other = { series: series('b', 'temp'), ts: 1, value: 1, freshness: null };
    tell({ kind: 'readings', offset: 5, readings: [other] });
    tell({ kind: 'deleted', device: 'a', offset: 6 });
    expect(names()).toEqual([]);
    expect(watch.device('b').value).toHaveLength(1);
  });

  it('leaves what a snapshot has told of another device of the same name since', () => {
    const { snap, tell, names } = setUp();
    snap(['temp', 'door'], { offset: 5 });
    snap(['temp'], { offset: 9 });
    tell({ kind: 'deleted', device: 'a', offset: 6 });
    expect(names()).toEqual(['temp']);
  });
});

describe('what may be taken as current', () => {
  it('is nothing before the subscription settled, after a loss, and after a gap', () => {
    const { watch, tell } = setUp();
    expect(watch.settled.value).toBe(false);
    tell({ kind: 'settled' });
    expect(watch.settled.value).toBe(true);
    tell({ kind: 'lost' });
    expect(watch.settled.value).toBe(false);
    tell({ kind: 'settled' });
    tell({ kind: 'gap', from: 1, to: 2, reason: 'slow' });
    expect(watch.settled.value).toBe(false);
  });

  it('says why the gateway refused', () => {
    const { watch, tell } = setUp();
    tell({ kind: 'refused', code: 'too_many', title: 'Too many', detail: 'at most 64' });
    expect(watch.refused.value).toBe('Too many: at most 64');
  });
});
