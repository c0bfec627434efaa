// Readings for the codec's tests: seeded series as sensors send them, arbitrary ones, and how to compare them.
import fc from 'fast-check';
import { expect } from 'vitest';
import { Columns } from '../columns.ts';
import { booleanType, numberType, textType } from '../run.ts';
import { DamagedError } from './damaged.ts';

export type Value = number | boolean | string;
export type Reading = { ts: number; value: Value; flags: number };

export const base = Date.UTC(2026, 0, 5);

/** Numbers from 0 to 1 that are the same in every run. */
export function seeded(seed = 1): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state + 0.5) / 2 ** 32;
  };
}

/** Normally distributed numbers with a deviation of 1. */
export function gaussian(random: () => number): () => number {
  return () => Math.sqrt(-2 * Math.log(random())) * Math.cos(2 * Math.PI * random());
}

export function columnsOf(readings: Iterable<Reading>): Columns {
  const columns = new Columns();
  for (const { ts, value, flags } of readings) {
    if (typeof value === 'string') columns.add(ts, 0, textType, value, flags);
    else if (typeof value === 'boolean') columns.add(ts, value ? 1 : 0, booleanType, null, flags);
    else columns.add(ts, value, numberType, null, flags);
  }
  return columns;
}

export function readingsOf(columns: Columns): Reading[] {
  return Array.from({ length: columns.count }, (_, i) => ({
    ts: columns.ts[i] as number,
    value: columns.value(i),
    flags: columns.flags[i] as number,
  }));
}

/** `count` readings, one a second. */
export function everySecond(count: number, value: (i: number) => Value, jitter: () => number = () => 0): Columns {
  const readings = Array.from({ length: count }, (_, i) => ({
    ts: base + 1_000 * i + Math.round(jitter()),
    value: value(i),
    flags: 0,
  }));
  return columnsOf(readings);
}

/** A random walk with noise, as a sensor of two decimals shows it. */
export function twoDecimals(random: () => number): () => number {
  const normal = gaussian(random);
  let level = 20;
  return () => {
    level += normal() * 0.01;
    return Math.round((level + normal() * 0.02) * 100) / 100;
  };
}

/** The bits of doubles, so that -0 and the kinds of NaN differ. */
export const bitsOf = (doubles: Iterable<number>) => Buffer.from(Float64Array.from(doubles).buffer).toString('hex');

const special = fc.constantFrom(
  0,
  -0,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  Number.MIN_VALUE,
  -Number.MIN_VALUE,
  Number.MAX_VALUE,
  Number.EPSILON,
  2 ** 51,
  -(2 ** 51),
  2 ** 53,
  -(2 ** 53),
  2 ** 53 - 1,
  0.1 + 0.2,
);
export const decimal = fc.tuple(fc.integer(), fc.integer({ min: 0, max: 9 })).map(([n, places]) => n / 10 ** places);
export const anyDouble = fc.oneof(fc.double(), special, decimal, fc.integer());
export const anyValue = fc.oneof(
  anyDouble,
  fc.boolean(),
  fc.string({ unit: 'binary', maxLength: 5 }),
  fc.constantFrom('on', 'off'),
);
export const anyTime = fc.oneof(
  { weight: 5, arbitrary: fc.integer({ min: base, max: base + 10_000 }) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 8.64e15 }) },
  { weight: 1, arbitrary: fc.double({ noNaN: true, noDefaultInfinity: true }).map(ts => ts + 0) },
);

/** Readings sorted by time, no two of one time. */
export const sorted = (value: fc.Arbitrary<Value>, maxLength = 300): fc.Arbitrary<Reading[]> =>
  fc
    .array(
      fc.record({
        ts: anyTime,
        value,
        flags: fc.oneof({ weight: 9, arbitrary: fc.constant(0) }, fc.integer({ min: 0, max: 255 })),
      }),
      { minLength: 1, maxLength, size: 'max' },
    )
    .map(readings => [...new Map(readings.map(reading => [reading.ts, reading])).values()].sort((a, b) => a.ts - b.ts));

/** Bytes that nobody wrote must lead to a value or to DamagedError. */
export function expectAnswer(read: () => unknown): void {
  try {
    read();
  } catch (error) {
    expect(error).toBeInstanceOf(DamagedError);
    expect((error as DamagedError).code).toBe('damaged');
  }
}

/** Bytes to be put at some places of a body. */
export const changes = fc.array(fc.tuple(fc.nat(1_000), fc.nat(255)), { minLength: 1, maxLength: 5 });
