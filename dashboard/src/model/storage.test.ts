// The storage page's questions: when they are asked, and what stays in sight.
import type { SeriesStorage, Storage } from '@telltale/gateway/contract';
import { limits } from '@telltale/gateway/contract';
import { describe, expect, it } from 'vitest';
import { createTestClock } from '../../test/platform.ts';
import { pagesMax, readLargestSeries } from './largest-series.ts';
import { openStorage, refreshesPerSeries, refreshMs, seriesPageRows } from './storage.ts';

const soon = () => new Promise<void>(done => setTimeout(done, 0));

/** So many series, the later the larger. */
function gateway(total: number) {
  const state = { fails: false, asked: 0, pages: 0 };
  const storage = () => {
    state.asked += 1;
    return state.fails ? Promise.reject(new Error('gone')) : Promise.resolve({ now: state.asked } as Storage);
  };
  const storageSeries = ({ limit = 10, cursor }: { limit?: number; cursor?: string | null }) => {
    state.pages += 1;
    const from = Number(cursor ?? 0);
    const to = Math.min(total, from + limit);
    const items: SeriesStorage[] = [];
    for (let id = from; id < to; id += 1) items.push({ device: 'a', metric: `m${id}`, readings: 1, bytes: id });
    return Promise.resolve({ items, next: to < total ? String(to) : null });
  };
  return { state, api: { storage, storageSeries } };
}

function setUp(total = 60) {
  const clock = createTestClock(0);
  const { state, api } = gateway(total);
  const eyes = { open: true };
  return { clock, state, eyes, model: openStorage({ api, clock, visible: () => eyes.open }) };
}

describe('the storage page', () => {
  it('asks again every ten seconds while it is visible, and not while nobody looks', async () => {
    const { clock, state, eyes, model } = setUp();
    await soon();
    clock.advance(refreshMs);
    await soon();
    expect(model.storage.value?.now).toBe(2);
    eyes.open = false;
    clock.advance(10 * refreshMs);
    expect(state.asked).toBe(2);
    eyes.open = true;
    clock.advance(refreshMs);
    expect(state.asked).toBe(3);
  });

  it('counts the series once in a while only', async () => {
    const { clock, state } = setUp();
    for (let turn = 0; turn < refreshesPerSeries * 2; turn += 1) {
      await soon();
      clock.advance(refreshMs);
    }
    await soon();
    expect([state.asked, state.pages]).toEqual([refreshesPerSeries * 2 + 1, 3]);
  });

  it('has one timer however often it is asked to refresh, and none when it is closed', async () => {
    const { clock, model } = setUp();
    model.refresh();
    model.refresh();
    await soon();
    expect(clock.timers()).toBe(1);
    model.close();
    expect(clock.timers()).toBe(0);
  });

  it('shows series by the page', async () => {
    const { model } = setUp(60);
    await soon();
    expect([model.series.value.length, model.more.value]).toEqual([seriesPageRows, true]);
    model.showMore();
    model.showMore();
    expect([model.series.value.length, model.more.value, model.among.value]).toEqual([60, false, null]);
  });

  it('keeps what it knew when an attempt fails', async () => {
    const { clock, state, model } = setUp();
    await soon();
    state.fails = true;
    clock.advance(refreshMs);
    await soon();
    expect(model.error.value).toBeInstanceOf(Error);
    expect(model.storage.value?.now).toBe(1);
    state.fails = false;
    clock.advance(refreshMs);
    await soon();
    expect(model.error.value).toBeNull();
  });
});

describe('the largest series', () => {
  it('are found among all of them, however the gateway orders them', async () => {
    const { api } = gateway(limits.pageRowsMax + 5);
    const { series, all } = await readLargestSeries(api);
    expect([series[0]!.bytes, series.length, all]).toEqual([limits.pageRowsMax + 4, limits.pageRowsMax + 5, true]);
  });

  it('say so where not all could be looked at', async () => {
    const { api, state } = gateway(limits.pageRowsMax * 10);
    expect((await readLargestSeries(api)).all).toBe(false);
    expect(state.pages).toBe(pagesMax);
  });
});
