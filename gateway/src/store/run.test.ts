import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { clockImpossible, decodeRun, Packer, type Run, type RunPlace, rowBytes, runAt, timeAssigned } from './run.ts';

type Reading = { series: number; ts: number; late: number; value: number | boolean | string; flags: number };

const base = Date.UTC(2026, 0, 5);
const value = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.constantFrom(0, -0, Number.MIN_VALUE, -Number.MIN_VALUE, Number.MAX_VALUE, Number.EPSILON, 2 ** 53),
  fc.boolean(),
  fc.string({ unit: 'binary' }),
  fc.constantFrom('', '\ud800', '°', '[]'),
);
const reading = fc.record<Reading>({
  series: fc.integer({ min: 1, max: 2 ** 32 - 1 }),
  ts: fc.integer({ min: 0, max: 8.64e15 }),
  late: fc.integer({ min: 0, max: 0xffff }),
  value,
  flags: fc.constantFrom(0, timeAssigned, clockImpossible),
});

function pack(packer: Packer, readings: readonly Reading[]): RunPlace {
  let place: RunPlace | null = null;
  for (const { series, ts, late, value, flags } of readings) {
    place = packer.push(series, ts, base + late, value, flags) ?? place;
  }
  packer.endRun();
  return place as RunPlace;
}

const rows = (run: Run) =>
  Array.from({ length: run.count }, (_, i) => [
    run.series(i),
    run.ts(i),
    run.receivedAt(i),
    run.value(i),
    run.flags(i),
  ]);

/** What a run of these readings has to show; receive times count from the run's first. */
const expectedRows = (readings: readonly Reading[]) => {
  const first = readings[0]?.late ?? 0;
  return readings.map(({ series, ts, late, value, flags }) => [series, ts, base + Math.max(late, first), value, flags]);
};

const inFile = (body: Uint8Array, shift: number) => {
  const copy = new Uint8Array(body.byteLength + shift);
  copy.set(body, shift);
  return copy.subarray(shift);
};

describe('a run', () => {
  test('[STO-1] is the same in memory and read back from its bytes, wherever those lie', () => {
    fc.assert(
      fc.property(fc.array(reading, { minLength: 1 }), fc.nat(8), (readings, shift) => {
        const packer = new Packer(new ArrayBuffer(4 * rowBytes));
        const place = pack(packer, readings);
        const run = runAt(packer.release(), place);
        expect(rows(run)).toEqual(expectedRows(readings));
        const decoded = decodeRun(7, inFile(run.body(), shift));
        expect(rows(decoded)).toEqual(expectedRows(readings));
        expect(decoded.offset).toBe(7);
      }),
    );
  });

  test('[STO-1] lies beside others in one memory without touching them', () => {
    const runs = fc.array(fc.array(reading, { minLength: 1, maxLength: 20 }), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(runs, lists => {
        const packer = new Packer(new ArrayBuffer(4 * rowBytes));
        const places = lists.map(list => pack(packer, list));
        const memory = packer.release();
        for (const [i, list] of lists.entries()) {
          const run = runAt(memory, places[i] as RunPlace);
          expect(rows(run)).toEqual(expectedRows(list));
          expect(rows(decodeRun(1, run.body()))).toEqual(expectedRows(list));
        }
      }),
    );
  });

  test('holds a hundred thousand readings and knows their span', () => {
    const packer = new Packer(new ArrayBuffer(4 * rowBytes));
    const count = 100_000;
    const readings = Array.from({ length: count }, (_, i) => ({
      series: i + 1,
      ts: base - ((i * 7) % count),
      late: 0,
      value: i,
      flags: 0,
    }));
    const place = pack(packer, readings);
    expect(packer.slots).toBe(count + 1);
    const run = decodeRun(1, runAt(packer.release(), place).body());
    expect(run.count).toBe(count);
    expect(run.span()).toEqual({ first: base - (count - 1), last: base });
    expect([run.series(count - 1), run.value(count - 1)]).toEqual([count, count - 1]);
  });

  test('keeps a receive time that is out of bounds at the bound, and never lets it spoil type or flags', () => {
    const packer = new Packer(new ArrayBuffer(4 * rowBytes));
    const place = packer.push(1, base, base, 1, 0) as RunPlace;
    packer.push(2, base, base + 1_000_000, true, clockImpossible);
    packer.push(3, base, base - 1_000, 'x', timeAssigned);
    expect(rows(runAt(packer.release(), place))).toEqual([
      [1, base, base, 1, 0],
      [2, base, base + 0xffff, true, clockImpossible],
      [3, base, base, 'x', timeAssigned],
    ]);
  });
});

describe('bytes that are no run', () => {
  const body = () => {
    const packer = new Packer(new ArrayBuffer(4 * rowBytes));
    const place = pack(packer, [{ series: 1, ts: base, late: 0, value: 1, flags: 0 }]);
    return Uint8Array.from(runAt(packer.release(), place).body());
  };

  test('of another format are refused with their offset', () => {
    const bytes = body();
    new Uint32Array(bytes.buffer)[3] = 9;
    expect(() => decodeRun(42, bytes)).toThrow('log entry 42 has format 9');
  });

  test('that are cut short are refused', () => {
    expect(() => decodeRun(42, body().subarray(0, rowBytes))).toThrow('log entry 42 says 1 readings');
    expect(() => decodeRun(42, new Uint8Array(0))).toThrow('log entry 42');
  });
});
