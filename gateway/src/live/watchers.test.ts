// Who watches what, with a clock that a test moves, and viewers that have room or not.
import { beforeEach, describe, expect, test } from 'vitest';
import { ManualClock } from '../../test/instruments/manual-clock.ts';
import { type Lease, limits, type ServerFrame } from '../contract/index.ts';
import type { Sight } from './channel.ts';
import { Watched } from './watched.ts';
import { Watchers } from './watchers.ts';

type Told = ServerFrame & { t: 'control' };

let clock: ManualClock;
let leases: Map<string, Lease>;
let watchers: Watchers;

beforeEach(() => {
  clock = new ManualClock();
  leases = new Map();
  watchers = new Watchers({ clock, lease: device => leases.get(device) ?? null });
});

/** A viewer of this name; `room` says whether more may be sent to it. */
function viewer(name: string, sight?: Sight) {
  const line = { room: true };
  const told: Told[] = [];
  const news: boolean[] = [];
  const watched = new Watched(
    name,
    { watchers, sight },
    {
      hasRoom: () => line.room,
      send: (frame, isNews) => {
        told.push(JSON.parse(String(frame)) as Told);
        news.push(isNews);
      },
    },
  );
  const to = (...device: string[]) => ({ device, mode: 'latest', intervalMs: 0 }) as const;
  return {
    line,
    told,
    news,
    watched,
    begin: (...devices: string[]) => watched.begin(to(...devices)),
    end: (...devices: string[]) => watched.end(to(...devices)),
    /** Who is there, by what it was told last. */
    sees: () => told.at(-1)?.watching,
  };
}

function lease(device: string, by: string | null): void {
  if (by === null) leases.delete(device);
  else leases.set(device, { by, since: 0, until: 1, reason: null });
  watchers.change(device);
}

describe('[CMD-11] who watches a device', () => {
  test('is told at once to whoever comes, and a moment later to those who are there', () => {
    const anna = viewer('anna');
    const ben = viewer('ben');
    anna.begin('d1');
    expect(anna.told).toEqual([{ t: 'control', device: 'd1', watching: ['anna'], lease: null }]);
    clock.advance(1_000);
    ben.begin('d1');
    expect([ben.sees(), anna.told.length]).toEqual([['anna', 'ben'], 1]);
    clock.advance(250);
    expect([anna.sees(), anna.told.length, ben.told.length]).toEqual([['anna', 'ben'], 2, 1]);
  });

  test('is told once for what changes within 250 ms, as it is then', () => {
    const anna = viewer('anna');
    anna.begin('d1');
    clock.advance(1_000);
    for (let i = 0; i < 20; i++) {
      lease('d1', `u${i}`);
      clock.advance(50);
    }
    clock.advance(250);
    // When it came, and once in each 250 ms of the second.
    expect(anna.told.length).toBeLessThanOrEqual(5);
    expect(anna.told.at(-1)?.lease?.by).toBe('u19');
    const { length } = anna.told;
    lease('d2', 'ben');
    clock.advance(1_000);
    expect([anna.told.length, clock.timers()]).toEqual([length, 0]);
  });

  test('counts a person once, over all viewers and tokens, until the last of them has been gone for a moment', () => {
    const anna = viewer('anna');
    const script = viewer('anna/script');
    const ben = viewer('ben');
    for (const each of [anna, script, ben]) each.begin('d1');
    ben.begin('d1');
    expect(ben.sees()).toEqual(['anna', 'ben']);
    anna.end('d1');
    script.end('d1');
    ben.end('d1');
    clock.advance(1_999);
    expect(watchers.of('d1').watching).toEqual(['anna', 'ben']);
    clock.advance(1);
    expect(watchers.of('d1').watching).toEqual(['ben']);
    clock.advance(250);
    expect(ben.sees()).toEqual(['ben']);
    ben.end('d1');
    clock.advance(2_000);
    expect([watchers.of('d1').watching, watchers.versionOf('d1'), clock.timers()]).toEqual([[], 0, 0]);
  });

  test('is not those who only come back, as a page does that is loaded anew', () => {
    const anna = viewer('anna');
    const ben = viewer('ben');
    anna.begin('d1');
    ben.begin('d1');
    clock.advance(250);
    const before = anna.told.length;
    ben.end('d1');
    clock.advance(1_000);
    ben.begin('d1');
    clock.advance(10_000);
    expect([anna.told.length, watchers.of('d1').watching]).toEqual([before, ['anna', 'ben']]);
  });

  test('is nobody who looks at many devices, by a pattern or by a list', () => {
    const anna = viewer('anna');
    anna.begin('*');
    anna.begin('d*');
    anna.begin('d1', 'd2');
    anna.watched.begin({ mode: 'latest', intervalMs: 0 });
    clock.advance(1_000);
    expect([anna.told, watchers.of('d1').watching, clock.timers()]).toEqual([[], [], 0]);
    anna.end('d1', 'd2');
  });

  test('stays unknown to those who may not see the device, who are not told as there either', () => {
    const anna = viewer('anna');
    const limited = viewer('lim', { epoch: 'L', sees: device => device === 'd2' });
    anna.begin('d1');
    limited.begin('d1');
    lease('d1', 'anna');
    clock.advance(1_000);
    expect([limited.told, anna.sees()]).toEqual([[], ['anna']]);
    limited.end('d1');
    limited.begin('d2');
    expect(limited.sees()).toEqual(['lim']);
  });

  test(`is told up to ${limits.watchingMax} names`, () => {
    const many = Array.from({ length: limits.watchingMax + 5 }, (_, i) => viewer(`u${i}`));
    for (const each of many) each.begin('d1');
    expect(many.at(-1)?.sees()).toEqual(many.slice(0, limits.watchingMax).map(({ watched }) => watched.name));
  });
});

test('[LIV-3] [CMD-11] for a viewer that has no room one thing waits of each device, and it is told as it is by then', () => {
  const anna = viewer('anna');
  anna.begin('d1');
  anna.begin('d2');
  clock.advance(1_000);
  anna.told.length = 0;
  anna.line.room = false;
  for (let i = 0; i < 100; i++) {
    lease('d1', `u${i}`);
    lease('d2', 'ben');
    clock.advance(300);
  }
  anna.end('d2');
  anna.watched.pump();
  expect(anna.told).toEqual([]);
  anna.line.room = true;
  anna.watched.pump();
  anna.watched.pump();
  expect(anna.told.map(told => [told.device, told.lease?.by])).toEqual([['d1', 'u99']]);
});

test('[LIV-6] [CMD-11] for a long poll news is what was not told with the answer before', () => {
  const ben = viewer('ben');
  const first = viewer('anna');
  first.begin('d1');
  expect(first.news).toEqual([false]);
  clock.advance(1_000);
  const through = first.watched.toldThrough();
  first.end('d1');
  const poll = (before: number | null) => {
    const next = viewer('anna');
    next.watched.toldBefore = before;
    next.begin('d1');
    return next;
  };
  expect(poll(through).news).toEqual([false]);
  // It changed, and the round that would tell of it is still to come.
  const waiting = poll(through);
  lease('d1', 'ben');
  expect(waiting.watched.toldThrough()).toBe(through);
  clock.advance(250);
  expect(waiting.news).toEqual([false, true]);
  expect(poll(through).news).toEqual([true]);
  expect(poll(waiting.watched.toldThrough()).news).toEqual([false]);
  expect(ben.watched.toldThrough()).toBe(null);
});
