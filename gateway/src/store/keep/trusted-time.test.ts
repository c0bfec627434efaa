// A clock that jumps is not believed at once, and not doubted for ever.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Db, openForWriting } from '../schema.ts';
import { TrustedTime } from './trusted-time.ts';

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;
const start = Date.UTC(2026, 2, 10, 12);
const in2038 = Date.UTC(2038, 0, 19, 3, 14, 8);

let db: Db;
beforeEach(() => {
  db = openForWriting(':memory:', 'NORMAL');
});
afterEach(() => void db.close());

function commitAt(at: number): void {
  const sql = `INSERT INTO log (kind, at, first_ts, last_ts, count, body) VALUES (1, ?, 0, 0, 1, x'00')`;
  db.prepare(sql).run(at);
}

/** The latest time that is trusted while the clock goes on from `from` for so long, looked at each minute. */
function latestWhile(trusted: TrustedTime, from: number, ms: number): number {
  let latest = Number.NEGATIVE_INFINITY;
  for (let now = from; now <= from + ms; now += minute) latest = Math.max(latest, trusted.at(now, false));
  return latest;
}

describe('[STO-3] the time by which readings grow old', () => {
  test("is the clock's, as long as that goes on or is set by a day at most", () => {
    const trusted = new TrustedTime(db);
    for (const now of [start, start + 1, start + hour, start + 25 * hour, start + hour, start + 2 * hour]) {
      expect(trusted.at(now, false)).toBe(now);
    }
  });

  test('does not move with a jump to 2038 and back', () => {
    const trusted = new TrustedTime(db);
    trusted.at(start, false);
    expect(latestWhile(trusted, in2038, 59 * minute)).toBe(start);
    const back = start + hour;
    expect(latestWhile(trusted, back, 59 * minute)).toBe(start);
    expect(trusted.at(back + hour, false)).toBe(back + hour);
  });

  test('does not move while a clock jumps to and fro, however long it does', () => {
    const trusted = new TrustedTime(db);
    trusted.at(start, false);
    for (let i = 0; i < 20; i++) {
      expect(latestWhile(trusted, in2038 + i * hour, 30 * minute)).toBe(start);
      expect(latestWhile(trusted, start + i * hour, 30 * minute)).toBe(start);
    }
  });

  test.each([
    ['ahead', start + 40 * day],
    ['back', start - 40 * day],
  ])('is a new time, %s, once the clock has gone on from it for an hour', (_, there) => {
    const trusted = new TrustedTime(db);
    trusted.at(start, false);
    expect(latestWhile(trusted, there, 59 * minute)).toBe(start);
    expect(trusted.at(there + hour, false)).toBe(there + hour);
    // And from then on without a delay.
    expect(trusted.at(there + hour + 1, false)).toBe(there + hour + 1);
  });

  test('is a new time at once where somebody says that it is right', () => {
    const trusted = new TrustedTime(db);
    trusted.at(start, false);
    expect(trusted.at(start + 40 * day, true)).toBe(start + 40 * day);
    expect(trusted.at(start + 40 * day + 1, false)).toBe(start + 40 * day + 1);
  });

  test("is after a start the clock's, if that is at most a day from the last commit", () => {
    commitAt(start - 40 * day);
    commitAt(start);
    expect(new TrustedTime(db).at(start + day, false)).toBe(start + day);
  });

  test('is after a start in 2038 that of the last commit, for an hour', () => {
    commitAt(start);
    const trusted = new TrustedTime(db);
    expect(latestWhile(trusted, in2038, 59 * minute)).toBe(start);
    expect(trusted.at(in2038 + hour, false)).toBe(in2038 + hour);
  });

  test("is after a start in the past the clock's, by which less is too old", () => {
    commitAt(start);
    expect(latestWhile(new TrustedTime(db), start - 40 * day, 59 * minute)).toBe(start - 40 * day);
  });
});
