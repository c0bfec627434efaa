import { describe, expect, test } from 'vitest';
import { ManualClock } from '../../test/instruments/manual-clock.ts';
import { DailyPace } from './pace.ts';

const hour = 3_600_000;
const day = 24 * hour;

/** A site that commits as often as it may, each commit writing so many bytes. */
function site(writtenPerDay: number | null, bytesPerCommit: number, commitIntervalMs = 20) {
  const clock = new ManualClock(Date.UTC(2026, 0, 5));
  let written = 0;
  let commits = 0;
  const pace = new DailyPace({
    settings: { commitIntervalMs, writtenPerDay },
    clock,
    writtenToday: 0,
    written: () => written,
    commits: () => commits,
  });
  let longestMs = 0;
  /** Runs for `ms`; what is committed between two looks at the pace is taken in one step. */
  const run = (ms: number) => {
    for (let left = ms; left > 0; ) {
      const intervalMs = pace.intervalMs();
      longestMs = Math.max(longestMs, intervalMs);
      const step = Math.max(1_000, intervalMs);
      written += (step / intervalMs) * bytesPerCommit;
      commits += step / intervalMs;
      clock.set(clock.now() + step);
      left -= step;
    }
  };
  return { pace, clock, run, written: () => written, longestMs: () => longestMs };
}

describe('the pace of commits', () => {
  test.each([
    [2e9, 8_000],
    [10e9, 8_000],
    [10e9, 200_000],
  ])('[STO-10] a day of steady commits writes %d bytes within a tenth', (writtenPerDay, bytesPerCommit) => {
    const { run, written, longestMs } = site(writtenPerDay, bytesPerCommit);
    run(day);
    expect(written()).toBeGreaterThan(writtenPerDay * 0.8);
    expect(written()).toBeLessThan(writtenPerDay * 1.1);
    expect(longestMs()).toBeLessThanOrEqual(2_000);
  });

  test('[STO-10] what was not spent may go in a burst, at full speed', () => {
    const { run, pace, clock, written } = site(10e9, 8_000);
    clock.set(clock.now() + 12 * hour);
    run(2 * hour);
    expect(pace.intervalMs()).toBe(20);
    expect(written()).toBeCloseTo((2 * hour * 8_000) / 20, -6);
  });

  test('[STO-10] no allowance, no stretching', () => {
    const { run, longestMs } = site(null, 1e6);
    run(hour);
    expect(longestMs()).toBe(20);
  });

  test('midnight gives a new allowance', () => {
    const { run, pace } = site(1e9, 8_000);
    run(day - hour);
    expect(pace.intervalMs()).toBeGreaterThan(20);
    run(hour + 2_000);
    expect(pace.intervalMs()).toBe(20);
    expect(pace.today).toBeLessThan(1e7);
  });
});
