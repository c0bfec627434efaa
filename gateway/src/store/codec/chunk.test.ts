import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Columns } from '../columns.ts';
import { ByteReader } from './byte-reader.ts';
import { ByteWriter } from './byte-writer.ts';
import { chunkHeaders, chunkReadingsMax, decodeChunk, decodeChunks, encodeChunks, verifyChunks } from './chunk.ts';
import { DamagedError } from './damaged.ts';
import { asDecimals } from './decimals.ts';
import {
  anyDouble,
  anyValue,
  base,
  bitsOf,
  changes,
  columnsOf,
  decimal,
  everySecond,
  expectAnswer,
  gaussian,
  type Reading,
  readingsOf,
  seeded,
  sorted,
  twoDecimals,
} from './series.fixture.ts';
import { readStatistics, statisticsOf, writeStatistics } from './statistics.ts';

const decoded = (body: Uint8Array, from?: number, to?: number) => {
  const columns = new Columns();
  decodeChunks(body, columns, from, to);
  return columns;
};
const bytesEach = (columns: Columns) => encodeChunks(columns).length / columns.count;
const day = 86_400;

describe('chunks', () => {
  test('[STO-6] give back every reading as it was', () => {
    fc.assert(
      fc.property(fc.oneof(sorted(anyValue), sorted(anyDouble), sorted(decimal), sorted(fc.boolean())), readings => {
        const columns = decoded(encodeChunks(columnsOf(readings)));
        expect(readingsOf(columns)).toEqual(readings);
        expect(columns.finish()).toBe(columns);
      }),
      { numRuns: 150 },
    );
  });

  test('[STO-6] keep the bits of numbers that are hard to keep', () => {
    fc.assert(
      fc.property(sorted(anyDouble), readings => {
        const columns = columnsOf(readings);
        const values = decoded(encodeChunks(columns)).doubles.slice(0, columns.count);
        expect(bitsOf(values)).toBe(bitsOf(columns.doubles.slice(0, columns.count)));
      }),
    );
  });

  test('[STO-6] give back a part of the columns, and any range of time of it, behind what is there', () => {
    fc.assert(
      fc.property(
        sorted(anyValue),
        fc.nat(300),
        fc.nat(300),
        fc.nat(10_000),
        fc.nat(10_000),
        (readings, a, b, from, to) => {
          const [begin, end] = [Math.min(a, b, readings.length), Math.min(Math.max(a, b), readings.length)];
          const body = encodeChunks(columnsOf(readings), begin, end);
          const columns = columnsOf([{ ts: 5, value: 'before', flags: 1 }]);
          decodeChunks(body, columns, base + from, base + to);
          const inside = readings.slice(begin, end).filter(({ ts }) => ts >= base + from && ts < base + to);
          expect(readingsOf(columns)).toEqual([{ ts: 5, value: 'before', flags: 1 }, ...inside]);
        },
      ),
    );
  });

  test('are of about one size, and each can be decoded by its header', () => {
    for (const count of [1, chunkReadingsMax, chunkReadingsMax + 1, 10_000]) {
      const columns = everySecond(count, i => i % 7);
      const body = encodeChunks(columns);
      const headers = chunkHeaders(body);
      expect(headers.length).toBe(Math.ceil(count / chunkReadingsMax));
      const counts = headers.map(header => header.count);
      expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
      expect(headers.reduce((end, { at, bytes }) => (at === end ? at + bytes : -1), 0)).toBe(body.length);
      const together = new Columns();
      for (const header of headers) decodeChunk(body, header, together);
      expect(readingsOf(together)).toEqual(readingsOf(columns));
      expect(verifyChunks(body)).toBe(count);
    }
    expect(encodeChunks(new Columns()).length).toBe(0);
    expect(chunkHeaders(new Uint8Array(0))).toEqual([]);
  });
});

describe('a chunk’s header', () => {
  const model = (readings: readonly Reading[]) => {
    const values = readings.map(({ value }) => value as number);
    const edge = (pick: (...values: number[]) => number) => values.reduce((a, b) => pick(a, b));
    return { first: values[0], last: values.at(-1), min: edge(Math.min), max: edge(Math.max) };
  };

  test('says what its readings are', () => {
    fc.assert(
      fc.property(fc.oneof(sorted(anyDouble), sorted(decimal)), readings => {
        const [header] = chunkHeaders(encodeChunks(columnsOf(readings)));
        expect(header).toMatchObject({
          count: readings.length,
          firstTs: readings[0]?.ts,
          lastTs: readings.at(-1)?.ts,
          plain: true,
          ...model(readings),
        });
      }),
      { numRuns: 150 },
    );
  });

  test('has the sum of the decimals, rounded once, and of other numbers the sum of the doubles', () => {
    for (const count of [10, 4_000]) {
      const tenths = everySecond(count, () => 0.1);
      expect(chunkHeaders(encodeChunks(tenths))[0]?.sum).toBe(count / 10);
      const random = seeded();
      const values = Array.from({ length: count }, () => random() / 3);
      const doubles = everySecond(count, i => values[i] as number);
      expect(chunkHeaders(encodeChunks(doubles))[0]?.sum).toBe(values.reduce((a, b) => a + b));
    }
    const large = everySecond(100, () => 2 ** 51);
    expect(chunkHeaders(encodeChunks(large))[0]).toMatchObject({ sum: 100 * 2 ** 51, max: 2 ** 51 });
  });

  test('is the same whether its numbers were stored or are found by decoding', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(decimal, anyDouble), { minLength: 1, maxLength: 50 }), values => {
        const x = Float64Array.from(values);
        const found = asDecimals(x);
        const decimals = found?.odd.length === 0 ? found : null;
        const writer = new ByteWriter();
        writeStatistics(writer, x, decimals);
        expect(readStatistics(new ByteReader(writer.written()), x.length)).toEqual(statisticsOf(x, decimals));
      }),
      { numRuns: 500 },
    );
  });

  test('claims nothing where some readings are no numbers', () => {
    const header = { plain: false, first: 0, last: 0, min: 0, max: 0, sum: 0 };
    expect(chunkHeaders(encodeChunks(everySecond(5, i => i === 3)))[0]).toMatchObject(header);
    expect(chunkHeaders(encodeChunks(everySecond(500, i => (i === 3 ? 'x' : i))))[0]).toMatchObject(header);
  });
});

describe('damage', () => {
  const bodies = [
    encodeChunks(everySecond(1, () => 1.5)),
    encodeChunks(everySecond(9, i => (i % 2 ? 'on' : i))),
    encodeChunks(everySecond(200, twoDecimals(seeded()))),
  ];

  test('of any single bit is noticed', () => {
    for (const body of bodies) {
      for (let bit = 0; bit < body.length * 8; bit++) {
        const damaged = Uint8Array.from(body);
        damaged[bit >>> 3] = (damaged[bit >>> 3] as number) ^ (1 << (bit & 7));
        expect(() => decoded(damaged)).toThrow(DamagedError);
        expect(() => chunkHeaders(damaged)).toThrow(DamagedError);
        expect(() => verifyChunks(damaged)).toThrow(DamagedError);
      }
    }
  });

  test('by loss of the end is noticed', () => {
    for (const body of bodies) {
      for (let end = 1; end < body.length; end++) {
        expect(() => verifyChunks(body.subarray(0, end))).toThrow(DamagedError);
      }
    }
  });

  test('leaves nothing of the damaged chunk behind', () => {
    const body = encodeChunks(everySecond(5_000, i => i));
    body[body.length - 1] = (body.at(-1) as number) ^ 1;
    const columns = new Columns();
    expect(() => decodeChunks(body, columns)).toThrow(DamagedError);
    expect(readingsOf(columns)).toEqual(readingsOf(everySecond(2_500, i => i)));
  });

  test('of every kind ends in DamagedError', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 100 }), fc.boolean(), (bytes, begun) => {
        if (begun) bytes[0] = 0xc1;
        expect(() => verifyChunks(bytes)).toThrow(DamagedError);
        expect(() => chunkHeaders(bytes)).toThrow(DamagedError);
      }),
      { numRuns: 500 },
    );
  });
});

describe('a chunk that was changed and has a checksum that matches', () => {
  test('ends in readings or in DamagedError', () => {
    fc.assert(
      fc.property(fc.oneof(sorted(anyValue), sorted(decimal), sorted(fc.boolean())), changes, (readings, list) => {
        const body = encodeChunks(columnsOf(readings));
        for (const [at, byte] of list) body[5 + (at % (body.length - 5))] = byte;
        new DataView(body.buffer).setUint32(1, crc32(body.subarray(5)), true);
        expectAnswer(() => verifyChunks(body));
        expectAnswer(() => chunkHeaders(body));
        expectAnswer(() => decoded(body, base, base + 5_000));
      }),
      { numRuns: 500 },
    );
  });
});

describe('the size of a day at one reading a second', () => {
  const jitter = () => {
    const normal = gaussian(seeded(7));
    return () => normal() * 2;
  };
  const walk = () => {
    const normal = gaussian(seeded());
    let level = 20;
    return () => (level += normal() * 0.01);
  };
  const now = seeded(3);
  const sizes: [what: string, columns: () => Columns, most: number][] = [
    ['two decimals, times that waver', () => everySecond(day, twoDecimals(seeded()), jitter()), 0.9],
    ['two decimals', () => everySecond(day, twoDecimals(seeded())), 0.49],
    ['full precision', () => everySecond(day, walk()), 5.6],
    ['always the same', () => everySecond(day, () => 21.5), 0.01],
    ['0 and 1 at random', () => everySecond(day, () => (now() < 0.5 ? 1 : 0)), 0.15],
    ['booleans at random', () => everySecond(day, () => now() < 0.5), 0.14],
    ['texts that repeat', () => everySecond(day, i => ['idle', 'running', 'fault'][i % 3] as string), 0.025],
    ['a rare text among numbers', () => everySecond(day, i => (i % 100 === 9 ? 'fault' : i % 60)), 0.1],
  ];

  test.each(sizes)('[STO-6] %s', (_, make, most) => {
    const columns = make();
    expect(bytesEach(columns)).toBeLessThan(most);
    expect(readingsOf(decoded(encodeChunks(columns)))).toEqual(readingsOf(columns));
  });

  test('in chunks of few readings stays near that of the readings', () => {
    const sizeOf = (count: number) => encodeChunks(everySecond(count, twoDecimals(seeded()))).length;
    expect([1, 2, 5, 20, 63].map(sizeOf)).toEqual([19, 22, 30, 46, 89]);
  });
});

describe('the stored bytes', () => {
  const hex = (readings: Reading[]) => Buffer.from(encodeChunks(columnsOf(readings))).toString('hex');
  const golden: [what: string, readings: Reading[], bytes: string][] = [
    ['one number', [{ ts: base, value: 21.5, flags: 0 }], 'c111a62c6505010580e0a0b7f166000100ae03'],
    [
      'four decimals, flags',
      [21.5, 21.55, -0.25, 3].map((value, i) => ({ ts: base + 1_000 * i, value, flags: i & 1 })),
      'c1c28dcbab07041580e0a0b7f166b81701d00f000002110acc210011800011020000010001',
    ],
    [
      'every type, times that are no integers',
      [1 / 3, true, 'on', 'off', 'on', -0].map((value, i) => ({ ts: i + 0.5, value, flags: 0 })),
      [
        'c111c68315000664000000000000e03f0000000000001640070000000000000000000000000000000000000000000000000000000000',
        '00000000000000e0f8040c12163f3f40404040020000010202020020550000550000550000550000550000550000d5f0003f3f800c00',
        '5b226f6e222c226f6666225d02030002',
      ].join(''),
    ],
  ];

  test.each(golden)('[STO-6] of %s are these and no others', (_, readings, bytes) => {
    expect(hex(readings)).toBe(bytes);
    expect(readingsOf(decoded(Buffer.from(bytes, 'hex')))).toEqual(readings);
  });

  // What zlib makes differs between its versions; that it is read for ever is what counts.
  test('[STO-6] of a chunk with deflated bytes are read as they always were', () => {
    const bytes = 'c1a844141705461180e0a0b7f166889b040200320019d60d01d00f00000208000207633062a0020400';
    const readings = Array.from({ length: 70 }, (_, i) => ({ ts: base + 1_000 * i, value: (i % 2) / 4, flags: 0 }));
    expect(readingsOf(decoded(Buffer.from(bytes, 'hex')))).toEqual(readings);
    expect(chunkHeaders(Buffer.from(bytes, 'hex'))[0]).toMatchObject({ count: 70, min: 0, max: 0.25, sum: 8.75 });
  });
});
