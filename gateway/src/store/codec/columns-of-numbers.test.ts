import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ByteReader } from './byte-reader.ts';
import { ByteWriter } from './byte-writer.ts';
import { readBytes, writeBytes } from './bytes.ts';
import { DamagedError } from './damaged.ts';
import { readDoubles, writeDoubles } from './doubles.ts';
import { readIntegers, writeIntegers } from './integers.ts';
import { anyDouble, bitsOf, decimal, expectAnswer, gaussian, seeded } from './series.fixture.ts';
import { readTexts, writeTexts } from './texts.ts';

/** Writes with `write`, reads back with `read`, and expects that nothing is left. */
function throughBytes<T>(write: (writer: ByteWriter) => void, read: (reader: ByteReader) => T): T {
  const writer = new ByteWriter(4);
  write(writer);
  const reader = new ByteReader(writer.written().slice());
  const value = read(reader);
  expect(reader.left()).toBe(0);
  return value;
}

type Column = [
  write: (writer: ByteWriter, x: Float64Array) => unknown,
  read: (reader: ByteReader, out: Float64Array) => void,
];
const integers: Column = [writeIntegers, readIntegers];
const doubles: Column = [writeDoubles, readDoubles];

const expectKept = ([write, read]: Column, x: Float64Array) => {
  const out = new Float64Array(x.length);
  throughBytes(
    writer => write(writer, x),
    reader => read(reader, out),
  );
  expect(bitsOf(out)).toBe(bitsOf(x));
};
const bytesOf = ([write]: Column, x: Iterable<number>) => {
  const writer = new ByteWriter();
  write(writer, Float64Array.from(x));
  return writer.length;
};

/** Runs of numbers of many lengths: steps of some size, from some start, with some far away. */
const walk = fc
  .record({
    start: fc.maxSafeInteger(),
    steps: fc.array(fc.integer({ min: -300, max: 300 }), { maxLength: 700, size: 'max' }),
    scale: fc.constantFrom(0, 1, 1, 1_000, 2 ** 24, 2 ** 33, 2 ** 43),
    order: fc.constantFrom(0, 1, 2),
  })
  .map(({ start, steps, scale, order }) => {
    let values = steps.map(step => step * scale);
    for (let k = 0; k < order; k++) {
      let sum = 0;
      values = values.map(value => (sum += value));
    }
    const origin = Math.trunc(start / 4);
    return Float64Array.from(values, value => Math.min(Math.max(origin + value, -(2 ** 53)), 2 ** 53) + 0);
  });

const garbage = fc.uint8Array({ maxLength: 200, size: 'max' });

describe('bytes', () => {
  const kinds = fc.oneof(
    fc.uint8Array({ maxLength: 500, size: 'max' }),
    fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 500, size: 'max' }),
    fc.array(fc.constantFrom(7, 200), { maxLength: 500, size: 'max' }),
    fc.tuple(fc.nat(500), fc.nat(255)).map(([n, byte]) => Array<number>(n).fill(byte)),
    fc
      .tuple(fc.nat(60), fc.array(fc.nat(255), { minLength: 1, maxLength: 9 }))
      .map(([n, part]) => Array(n).fill(part).flat()),
  );

  test('[STO-6] of every kind are read back as they were written', () => {
    fc.assert(
      fc.property(kinds, given => {
        const bytes = Uint8Array.from(given);
        const read = throughBytes(
          writer => writeBytes(writer, bytes),
          reader => readBytes(reader, bytes.length),
        );
        expect(Buffer.from(read).equals(bytes)).toBe(true);
      }),
    );
  });

  test('never take more than two bytes above their own number', () => {
    fc.assert(
      fc.property(kinds, given => {
        const writer = new ByteWriter();
        writeBytes(writer, Uint8Array.from(given));
        expect(writer.length).toBeLessThanOrEqual(given.length + 2);
      }),
    );
  });

  test('[STO-6] texts are kept, even those that are no valid Unicode', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('\ud800', '', '"'))), texts => {
        expect(throughBytes(writer => writeTexts(writer, texts), readTexts)).toEqual(texts);
      }),
    );
  });

  test('numbers of every size are read back', () => {
    const size = 2 ** 53;
    fc.assert(
      fc.property(fc.maxSafeNat(), fc.maxSafeInteger(), fc.nat(0xffffffff), (varint, integer, word) => {
        const signed = Math.trunc(integer / 2) + 0;
        const read = throughBytes(
          writer => {
            for (const value of [varint, size, 0, 127, 128, 2 ** 31, 2 ** 32]) writer.varint(value);
            for (const value of [signed, -(2 ** 52), 2 ** 52, -1]) writer.signed(value);
            writer.uint32(word);
          },
          reader => [
            ...Array.from({ length: 7 }, () => reader.varint()),
            ...Array.from({ length: 4 }, () => reader.signed()),
            reader.uint32(),
          ],
        );
        expect(read).toEqual([varint, size, 0, 127, 128, 2 ** 31, 2 ** 32, signed, -(2 ** 52), 2 ** 52, -1, word]);
      }),
    );
  });
});

describe('a column of integers', () => {
  test('[STO-6] of any walk up to 2^53 is kept to the last bit', () => {
    fc.assert(
      fc.property(walk, x => expectKept(integers, x)),
      { numRuns: 300 },
    );
  });

  test('[STO-6] of anything else that a double can be is kept to the last bit', () => {
    fc.assert(
      fc.property(fc.array(anyDouble, { maxLength: 200, size: 'max' }), x =>
        expectKept(integers, Float64Array.from(x)),
      ),
    );
  });

  test('takes the predictor that fits', () => {
    const n = 1_000;
    const noise = seeded();
    expect(bytesOf(integers, Array(n).fill(-123_456))).toBeLessThan(6);
    expect(
      bytesOf(
        integers,
        Array.from({ length: n }, (_, i) => 1e12 + 250 * i),
      ),
    ).toBeLessThan(12);
    expect(
      bytesOf(
        integers,
        Array.from({ length: n }, (_, i) => Math.round((1_000 * i) / 3)),
      ),
    ).toBeLessThan(20);
    expect(
      bytesOf(
        integers,
        Array.from({ length: n }, (_, i) => 7 * i * i),
      ),
    ).toBeLessThan(14);
    const noisyLine = Array.from({ length: n }, (_, i) => 1_000 * i + Math.floor(noise() * 8));
    expect(bytesOf(integers, noisyLine)).toBeLessThan(n * 0.45);
    let level = 0;
    const wandering = Array.from({ length: n }, () => (level += Math.floor(noise() * 4)));
    expect(bytesOf(integers, wandering)).toBeLessThan(n * 0.35);
  });
});

describe('a column of doubles', () => {
  test('[STO-6] of any kind is kept to the last bit', () => {
    const list = (value: fc.Arbitrary<number>) => fc.array(value, { maxLength: 300, size: 'max' });
    const mostly = fc.oneof({ weight: 30, arbitrary: decimal }, { weight: 1, arbitrary: anyDouble });
    const kinds = fc.oneof(
      list(anyDouble),
      list(fc.double()),
      list(decimal),
      list(mostly),
      list(fc.constantFrom(1.5, 1 / 3)),
    );
    fc.assert(
      fc.property(kinds, x => expectKept(doubles, Float64Array.from(x))),
      { numRuns: 300 },
    );
  });

  test('[STO-6] keeps the bits of every NaN', () => {
    const bits = fc.bigInt({ min: 0n, max: 2n ** 52n - 1n }).map(low => 0x7ff0000000000000n + low);
    fc.assert(
      fc.property(fc.array(bits, { maxLength: 200, size: 'max' }), fc.boolean(), (all, among) => {
        const x = new Float64Array(among ? 40 * all.length : all.length).fill(2.5);
        const words = new BigUint64Array(x.buffer);
        for (const [i, word] of all.entries()) words[among ? 40 * i : i] = word;
        const out = new Float64Array(x.length);
        throughBytes(
          writer => writeDoubles(writer, x),
          reader => readDoubles(reader, out),
        );
        expect(Buffer.from(out.buffer).equals(Buffer.from(x.buffer))).toBe(true);
      }),
    );
  });

  test('is as small as its decimals, even where some are none', () => {
    const normal = gaussian(seeded());
    const x = Float64Array.from({ length: 1_000 }, () => (Math.round(normal() * 10) + 0) / 100);
    const whole = bytesOf(doubles, x);
    expect(whole).toBeLessThan(760);
    for (let i = 0; i < x.length; i += 50) x[i] = i % 100 === 0 ? -0 : 1 / 3;
    expect(bytesOf(doubles, x)).toBeLessThan(whole + 20 * 10);
  });
});

describe('bytes that nobody wrote', () => {
  test('end in a value or in DamagedError', () => {
    fc.assert(
      fc.property(garbage, fc.nat(4_096), (bytes, n) => {
        expectAnswer(() => readBytes(new ByteReader(bytes), n));
        expectAnswer(() => readIntegers(new ByteReader(bytes), new Float64Array(n)));
        expectAnswer(() => readDoubles(new ByteReader(bytes), new Float64Array(n)));
        expectAnswer(() => readTexts(new ByteReader(bytes)));
      }),
      { numRuns: 2_000 },
    );
  });

  test('of a wrong size are refused before anything is made of them', () => {
    const writer = new ByteWriter();
    writeBytes(
      writer,
      new Uint8Array(10_000).map((_, i) => i % 50),
    );
    const bytes = writer.written();
    for (const n of [1, 9_999, 10_001, 2 ** 40])
      expect(() => readBytes(new ByteReader(bytes), n)).toThrow(DamagedError);
    expect(() => readBytes(new ByteReader(Uint8Array.of(9)), 1)).toThrow('no way 9');
    expect(() => new ByteReader(new Uint8Array(9).fill(255)).varint()).toThrow(DamagedError);
    expect(() => new ByteReader(new Uint8Array(3)).uint32()).toThrow('4 bytes are wanted at 0 of 3');
  });
});
