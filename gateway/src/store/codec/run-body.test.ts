import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeRun, Packer, type Run, type RunPlace, rowBytes, runAt } from '../run.ts';
import { DamagedError } from './damaged.ts';
import { decodeRunBody, encodeRunBody, isRunBody } from './run-body.ts';
import { anyTime, anyValue, base, changes, decimal, expectAnswer, seeded, type Value } from './series.fixture.ts';

type Arrived = { series: number; ts: number; late: number; value: Value; flags: number };

const arrived = (value: fc.Arbitrary<Value>) =>
  fc.record<Arrived>({
    series: fc.oneof(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 2 ** 32 - 1 })),
    ts: anyTime,
    late: fc.integer({ min: -5, max: 0x10010 }),
    value,
    flags: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 255 })),
  });

function pack(readings: readonly Arrived[]): Run {
  const packer = new Packer(new ArrayBuffer(4 * rowBytes));
  let place: RunPlace | null = null;
  for (const { series, ts, late, value, flags } of readings) {
    place = packer.push(series, ts, base + late, value, flags) ?? place;
  }
  return runAt(packer.release(), place as RunPlace);
}

const rows = (run: Run) =>
  Array.from({ length: run.count }, (_, i) => [
    run.series(i),
    run.ts(i),
    run.receivedAt(i),
    run.type(i),
    run.double(i),
    run.value(i),
    run.flags(i),
  ]);

const lists = fc.oneof(
  fc.array(arrived(anyValue), { minLength: 1, maxLength: 200, size: 'max' }),
  fc.array(arrived(decimal), { minLength: 1, maxLength: 200, size: 'max' }),
);

/** Readings as many devices send them: each its own, two decimals, a few milliseconds late. */
const devices = (count: number, spanMs: number): Arrived[] => {
  const random = seeded();
  return Array.from({ length: count }, (_, i) => ({
    series: 1 + ((i * 7) % count),
    ts: base + Math.floor((i * spanMs) / count) - Math.floor(random() * 20),
    late: Math.floor((i * spanMs) / count),
    value: Math.round(random() * 10_000) / 100,
    flags: 0,
  }));
};

describe('the body of a run', () => {
  test('[STO-6] gives back every reading in the order of arrival', () => {
    fc.assert(
      fc.property(lists, readings => {
        const run = pack(readings);
        const body = encodeRunBody(run);
        expect(rows(decodeRunBody(body))).toEqual(rows(run));
        expect(isRunBody(body)).toBe(true);
        expect(isRunBody(run.body())).toBe(false);
      }),
      { numRuns: 150 },
    );
  });

  test('[STO-6] is read by its version, and both versions read the same', () => {
    fc.assert(
      fc.property(lists, fc.nat(8), (readings, shift) => {
        const run = pack(readings);
        const moved = Buffer.concat([new Uint8Array(shift), encodeRunBody(run)]).subarray(shift);
        const compact = decodeRun(9, moved);
        expect(compact.offset).toBe(9);
        expect(rows(compact)).toEqual(rows(decodeRun(9, run.body())));
        expect(rows(decodeRun(9, compact.body()))).toEqual(rows(run));
      }),
    );
  });

  test('is small, of few readings and of many', () => {
    const each = (readings: Arrived[]) => encodeRunBody(pack(readings)).length / readings.length;
    expect(each(devices(1, 20))).toBeLessThanOrEqual(25);
    expect(each(devices(20, 20))).toBeLessThan(6.5);
    expect(each(devices(1_000, 1_000))).toBeLessThan(4);
  });

  test('[STO-6] are these bytes and no others', () => {
    const readings: Arrived[] = [
      { series: 3, ts: base - 4, late: 0, value: 21.5, flags: 0 },
      { series: 70_000, ts: base - 2, late: 1, value: 'on', flags: 1 },
      { series: 3, ts: base + 996, late: 1_000, value: true, flags: 0 },
      { series: 9, ts: base, late: 1_000, value: -0.25, flags: 2 },
    ];
    const golden =
      '98bed4e600008041b7b87942020704190c06cee50022220002020011040700c8cb00070711020000cc010007000000020100000001000202028a1ecc21832006005b226f6e225d';
    expect(Buffer.from(encodeRunBody(pack(readings))).toString('hex')).toBe(golden);
    expect(rows(decodeRun(1, Buffer.from(golden, 'hex')))).toEqual(rows(pack(readings)));
    const one = 'f1bf712600008041b7b879420204010006000700000100ae03';
    expect(Buffer.from(encodeRunBody(pack(readings.slice(0, 1)))).toString('hex')).toBe(one);
  });
});

describe('a damaged body', () => {
  test('is noticed, whichever bit it is', () => {
    const body = encodeRunBody(pack(devices(20, 20)));
    for (let bit = 0; bit < body.length * 8; bit++) {
      const damaged = Uint8Array.from(body);
      damaged[bit >>> 3] = (damaged[bit >>> 3] as number) ^ (1 << (bit & 7));
      expect(() => decodeRunBody(damaged)).toThrow(DamagedError);
      expect(() => decodeRun(1, damaged)).toThrow();
    }
    for (let end = 0; end < body.length; end++)
      expect(() => decodeRunBody(body.subarray(0, end))).toThrow(DamagedError);
  });

  test('of every kind ends in DamagedError', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), bytes => {
        bytes[12] = 2;
        expect(() => decodeRunBody(bytes)).toThrow(DamagedError);
      }),
    );
  });

  test('with a checksum that matches ends in a value or in DamagedError', () => {
    fc.assert(
      fc.property(lists, changes, (readings, list) => {
        const body = encodeRunBody(pack(readings));
        // The number of readings stays: a large one is allowed and takes its time.
        for (const [at, byte] of list) body[15 + (at % (body.length - 15))] = byte;
        new DataView(body.buffer).setUint32(0, crc32(body.subarray(4)), true);
        expectAnswer(() => decodeRunBody(body));
      }),
      { numRuns: 200 },
    );
  });
});
