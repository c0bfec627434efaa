import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { TokenBucket, TokenBuckets } from './token-bucket.ts';

const rate = { perSecond: 10, burst: 5 };

describe('a token bucket', () => {
  test('gives its burst at once, and then as many as come back', () => {
    const bucket = new TokenBucket(rate, 1_000);
    const taken = () => Array.from({ length: 8 }, () => bucket.tryTake(now)).filter(Boolean).length;
    let now = 1_000;
    expect(taken()).toBe(5);
    now += 250;
    expect(taken()).toBe(2);
    now += 3_600_000;
    expect(taken()).toBe(5);
  });

  test('tells how long what was spent on credit takes to pay', () => {
    const bucket = new TokenBucket(rate, 0);
    expect(bucket.spend(5, 0)).toBe(0);
    expect(bucket.spend(20, 0)).toBe(2_000);
    expect(bucket.spend(0, 500)).toBe(1_500);
    expect(bucket.spend(0, 2_000)).toBe(0);
    expect(bucket.untilNext(2_000)).toBe(100);
  });

  test('is not moved by a clock that is set back, and goes on from there', () => {
    const bucket = new TokenBucket(rate, 10_000);
    bucket.spend(5, 10_000);
    expect(bucket.tryTake(0)).toBe(false);
    expect(bucket.tryTake(100)).toBe(true);
  });

  test('never gives more than its burst and what came back', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(400), { maxLength: 200 }), pauses => {
        const bucket = new TokenBucket(rate, 0);
        let now = 0;
        let taken = 0;
        for (const pause of pauses) {
          now += pause;
          if (bucket.tryTake(now)) taken++;
          expect(taken).toBeLessThanOrEqual(rate.burst + (now / 1_000) * rate.perSecond + 1e-6);
        }
      }),
    );
  });
});

describe('buckets by key', () => {
  test('are apart for each key, and the same for the same key', () => {
    const buckets = new TokenBuckets({ perSecond: 1, burst: 1 }, 10);
    expect(buckets.of('a', 0).tryTake(0)).toBe(true);
    expect(buckets.of('a', 0).tryTake(0)).toBe(false);
    expect(buckets.of('b', 0).tryTake(0)).toBe(true);
  });

  test('are at most so many, however many keys come; what is full goes first after the oldest', () => {
    const buckets = new TokenBuckets({ perSecond: 1, burst: 1 }, 3);
    for (const key of ['a', 'b', 'c']) buckets.of(key, 0);
    buckets.of('c', 0).tryTake(0);
    buckets.of('d', 0);
    expect(buckets.size()).toBe(2);
    expect(buckets.of('c', 0).tryTake(0)).toBe(false);
    for (let i = 0; i < 1_000; i++) buckets.of(`more ${i}`, 0).tryTake(0);
    expect(buckets.size()).toBeLessThanOrEqual(3);
  });
});
