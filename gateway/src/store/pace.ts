// How quickly commits may follow each other. A commit writes some pages however little is in it, and an SD card wears
// out by it: where a site would write more than its allowance for the day, commits come further apart, up to a limit.
// What was not spent since midnight may be spent in a burst.

import type { Clock } from '../lib/clock.ts';
import { dayMs } from './keys.ts';

/** A device waits no longer than this for its acknowledgement because of the allowance. */
const intervalMsMax = 2_000;
/**
 * So many slots are committed without waiting for the interval: it is there because a small commit writes pages however
 * little is in it, and from here on the readings themselves are most of what is written.
 */
const slotsEnough = 1_024;
/** The same while the allowance asks for fewer commits; a batch has a limit, and so has a commit's length. */
const slotsEnoughPaced = 262_144;
/** The allowance of so many hours is there at midnight at once. */
const creditHours = 1;
/** How often the counter is read. */
const lookEveryMs = 1_000;
const hourMs = 3_600_000;

export type PaceSettings = { commitIntervalMs: number; writtenPerDay: number | null };

export class DailyPace {
  /** Written since midnight UTC, and on the day before. */
  today = 0;
  private day: number;
  private counted: number;
  private lookedAt: number;
  private interval: number;
  /** Bytes for each commit, as they were lately. */
  private bytesPerCommit = 0;
  private commitsThen = 0;
  /** Bytes for each millisecond, as they were over the last day or what there is of it. */
  private startedAt: number;
  private since = 0;
  private readonly settings: PaceSettings;
  private readonly clock: Clock;
  private readonly written: () => number;
  private readonly commits: () => number;

  /** `written`: bytes that this process has written to disk; `commits`: how many there were. Both only grow. */
  constructor(parts: {
    settings: PaceSettings;
    clock: Clock;
    writtenToday: number;
    written: () => number;
    commits: () => number;
  }) {
    this.settings = parts.settings;
    this.clock = parts.clock;
    this.written = parts.written;
    this.commits = parts.commits;
    this.today = parts.writtenToday;
    this.counted = parts.written();
    this.startedAt = this.lookedAt = parts.clock.now();
    this.day = Math.floor(this.lookedAt / dayMs);
    this.interval = parts.settings.commitIntervalMs;
  }

  /** The least time between two commits now. */
  intervalMs(): number {
    this.look();
    return this.interval;
  }

  /** True while the day's allowance is not used up. */
  mayHurry(): boolean {
    return this.intervalMs() <= this.settings.commitIntervalMs;
  }

  slotsEnough(): number {
    return this.interval > this.settings.commitIntervalMs ? slotsEnoughPaced : slotsEnough;
  }

  /** Bytes a day at the rate since the start, a day of it at the most. */
  perDay(): number {
    this.look();
    const ms = Math.max(1, this.clock.now() - this.startedAt);
    return (this.since / ms) * dayMs;
  }

  /** Reads the counter; a clock that was set back is followed. */
  private look(): void {
    const now = this.clock.now();
    if (Math.abs(now - this.lookedAt) < lookEveryMs) return;
    this.lookedAt = now;
    const counted = this.written();
    const bytes = counted - this.counted;
    this.counted = counted;
    const day = Math.floor(now / dayMs);
    if (day !== this.day) {
      this.day = day;
      this.today = 0;
    }
    this.today += bytes;
    this.since += bytes;
    if (now - this.startedAt > dayMs || now < this.startedAt) {
      // Half is forgotten, so that the rate follows what happens now.
      this.startedAt = now - dayMs / 2;
      this.since /= 2;
    }
    const commits = this.commits();
    if (commits > this.commitsThen) {
      const each = bytes / (commits - this.commitsThen);
      this.bytesPerCommit = this.bytesPerCommit === 0 ? each : this.bytesPerCommit * 0.8 + each * 0.2;
      this.commitsThen = commits;
    }
    this.interval = this.intervalFor(now - day * dayMs);
  }

  private intervalFor(sinceMidnightMs: number): number {
    const { commitIntervalMs, writtenPerDay } = this.settings;
    if (writtenPerDay === null || this.bytesPerCommit === 0) return commitIntervalMs;
    const earned = writtenPerDay * Math.min(1, (sinceMidnightMs + creditHours * hourMs) / dayMs);
    if (this.today < earned) return commitIntervalMs;
    const left = Math.max(1, writtenPerDay - this.today);
    const bytesPerMs = left / Math.max(hourMs / 60, dayMs - sinceMidnightMs);
    return Math.min(
      Math.max(this.bytesPerCommit / bytesPerMs, commitIntervalMs),
      Math.max(intervalMsMax, commitIntervalMs),
    );
  }
}
