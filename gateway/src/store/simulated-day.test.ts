// The end of a day, lived through commit by commit by the real store: what the system counts as written stays
// within the allowance, and nothing is lost or late for it.
import { existsSync } from 'node:fs';
import { afterEach, describe, expect, test } from 'vitest';
import { diskWriteCounter } from './disk-writes.ts';
import { TempStore } from './temp-store.fixture.ts';

const second = 1_000;
const hour = 3_600_000;
const day = 24 * hour;
const midnight = Date.UTC(2026, 2, 1);
/** As much of the day is lived through as a test has time for. */
const lived = 1.5 * hour;
const allowance = 400e6;
const seriesCount = 100;
const stepMs = 200;
const perStep = (seriesCount * stepMs) / second;

describe('a site of 100 series that send once a second', () => {
  let temp: TempStore;
  afterEach(() => temp.dispose());

  // Elsewhere the bytes are reckoned, not counted.
  test.runIf(existsSync('/proc/self/io'))(
    '[STO-10] a day ends within a tenth of its allowance, with every reading, none later than 2.5 s',
    async () => {
      temp = new TempStore();
      const { clock } = temp;
      clock.set(midnight + day - lived);
      const settings = { commitIntervalMs: 20, writtenPerDay: allowance };
      let store = await temp.open(settings);
      // What the hours before were good for is spent when the part begins that is lived through here.
      const spent = allowance * (1 - lived / day);
      await store.write([['day.put', midnight / day, 0, spent]]);
      store = await temp.reopen(settings);
      const series = Array.from({ length: seriesCount }, (_, i) => store.series.idOf(`d${i}`, 't'));
      const written = diskWriteCounter(() => 0);
      const before = written();
      temp.commits.push = () => 0;

      let outstanding = 0;
      let latestMs = 0;
      let readings = 0;
      for (let at = clock.now(); at < midnight + day; at = clock.now()) {
        const first = ((readings / perStep) % (second / stepMs)) * perStep;
        for (let i = 0; i < perStep; i++) {
          const ts = at + i;
          store.push(series[first + i] as number, ts, at, Math.round(200 * Math.sin(ts / 1e6 + first + i)) / 10, 0);
        }
        readings += perStep;
        outstanding++;
        store.whenCommitted(refused => {
          expect(refused).toBeNull();
          outstanding--;
          latestMs = Math.max(latestMs, clock.now() - at);
        });
        clock.advance(stepMs);
        // A commit takes no simulated time: the next step waits for its end.
        do await new Promise(resolve => setImmediate(resolve));
        while (store.waiting() === 0 && outstanding > 0);
      }
      await store.flush();
      const bytes = written() - before;
      expect(bytes).toBeGreaterThan((allowance - spent) * 0.8);
      expect(spent + bytes).toBeLessThan(allowance * 1.1);
      expect(latestMs).toBeLessThanOrEqual(2_500);
      expect((await store.storage()).readings).toBe(readings);
    },
    120_000,
  );
});
