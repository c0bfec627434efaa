import { beforeEach, describe, expect, test } from 'vitest';
import type { LiveEvent } from '../contract/index.ts';
import { EventWindow, eventsMissedMax } from './event-window.ts';
import { settle } from './log.fixture.ts';

const event: LiveEvent = { kind: 'device', device: 'a', change: 'changed', at: 0 };
/** Events of the log, at these offsets. */
let stored: number[];
let reads: number;
let first: number;
let failing: boolean;
const ports = {
  firstOffset: () => first,
  async readEvents(after: number, max: number) {
    reads++;
    await settle();
    if (failing) throw new Error('busy');
    const offsets = stored.filter(offset => offset > after).slice(0, Math.min(max, 100));
    return { events: offsets.map(offset => ({ offset, event })), through: offsets.at(-1) ?? after };
  },
};
const offsetsOf = (events: { offset: number }[] | null) => events?.map(({ offset }) => offset) ?? null;

beforeEach(() => {
  stored = [];
  reads = 0;
  first = 1;
  failing = false;
});

describe('the window of events', () => {
  test('answers from memory what happened since it began', async () => {
    const window = new EventWindow(10, ports);
    for (const offset of [11, 15, 20]) window.add({ offset, event });
    expect(offsetsOf(await window.since(10))).toEqual([11, 15, 20]);
    expect(offsetsOf(await window.since(15))).toEqual([20]);
    expect(offsetsOf(await window.since(20))).toEqual([]);
    expect(reads).toBe(0);
  });

  test('reads further back once for all who ask', async () => {
    stored = [2, 5, 9, 11];
    const window = new EventWindow(10, ports);
    window.add({ offset: 11, event });
    const answers = await Promise.all([window.since(4), window.since(4), window.since(1), window.since(8)]);
    expect(answers.map(offsetsOf)).toEqual([
      [5, 9, 11],
      [5, 9, 11],
      [2, 5, 9, 11],
      [9, 11],
    ]);
    expect(reads).toBe(1);
  });

  test('has what is committed while it reads', async () => {
    stored = [2, 5];
    const window = new EventWindow(10, ports);
    const answer = window.since(1);
    window.add({ offset: 11, event });
    expect(offsetsOf(await answer)).toEqual([2, 5, 11]);
  });

  test('reads in pages', async () => {
    stored = Array.from({ length: 450 }, (_, i) => i + 1);
    expect(offsetsOf(await new EventWindow(450, ports).since(0))).toEqual(stored);
  });

  test('says so where they are too many to send, or cannot be read', async () => {
    stored = Array.from({ length: 5_000 }, (_, i) => i + 1);
    expect(await new EventWindow(5_000, ports).since(0)).toBeNull();
    failing = true;
    expect(await new EventWindow(5_000, ports).since(4_990)).toBeNull();
    failing = false;
    const full = new EventWindow(0, ports);
    for (let offset = 1; offset <= eventsMissedMax + 1; offset++) full.add({ offset, event });
    expect(await full.since(0)).toBeNull();
    expect(await full.since(1)).toHaveLength(eventsMissedMax);
  });

  test('is bounded, and then reaches less far back', async () => {
    const window = new EventWindow(0, ports);
    for (let offset = 1; offset <= 25_000; offset++) window.add({ offset, event });
    reads = 0;
    expect(await window.since(1)).toBeNull();
    expect(await window.since(24_500)).toHaveLength(500);
    expect(reads).toBe(0);
  });
});
