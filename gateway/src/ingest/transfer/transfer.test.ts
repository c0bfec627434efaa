import fc from 'fast-check';
import { expect, test } from 'vitest';
import { limits, type Value } from '../../contract/index.ts';
import { type ExportPorts, exportReadings, Import, type ImportPorts, type ImportReport, timesEnd } from './index.ts';

type Row = { device: string; metric: string; ts: number; value: Value };

/** A store in memory: each device, metric and time once. */
function memory() {
  const rows = new Map<string, Row>();
  const names: { device: string; metric: string }[] = [];
  const devices = new Set<string>();
  const ports: ImportPorts & ExportPorts = {
    now: () => Date.UTC(2026, 0, 1),
    hasRoom: () => true,
    waiting: () => 0,
    findSeries(device, metric) {
      const found = names.findIndex(name => name.device === device && name.metric === metric);
      return found < 0 ? undefined : found + 1;
    },
    makeSeries: (device, metric) => names.push({ device, metric }),
    push(series, ts, _receivedAt, value) {
      const { device, metric } = names[series - 1] as { device: string; metric: string };
      rows.set(JSON.stringify([device, metric, ts]), { device, metric, ts, value });
    },
    whenCommitted: settled => void setImmediate(() => settled(null)),
    deviceExists: device => devices.has(device),
    ensureDevice: device => devices.add(device).size <= 100,
    isClosing: () => false,
    devices: () => devices,
    metricsOf: device => names.filter(name => name.device === device).map(({ metric }) => metric),
    async readings({ device, metric, from, to, limit }) {
      const fitting = [...rows.values()]
        .filter(row => row.device === device && row.metric === metric && row.ts >= from && row.ts < to)
        .sort((a, b) => a.ts - b.ts);
      const readings = fitting.slice(0, limit).map(({ ts, value }): [number, Value] => [ts, value]);
      return { readings, more: fitting.length > limit };
    },
  };
  return { ports, rows: () => [...rows.values()] };
}

type Format = 'csv' | 'ndjson';

async function importInto(ports: ImportPorts, format: Format, chunks: Iterable<Uint8Array>): Promise<ImportReport> {
  const counters = { imports: 0, readings: 0, refused: 0 };
  return new Import(format, ports, counters).run(
    (async function* () {
      yield* chunks;
    })(),
  );
}

async function exportFrom(ports: ExportPorts, format: Format): Promise<Buffer> {
  const ask = { format, device: '*', metric: '*', from: 0, to: timesEnd };
  const chunks: Uint8Array[] = [];
  for await (const chunk of exportReadings(ask, ports)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function read(text: string | Buffer, format: Format = 'csv') {
  const { ports, rows } = memory();
  const report = await importInto(ports, format, [Buffer.from(text)]);
  return { report, rows: rows(), values: rows().map(({ value }) => value) };
}

const head = 'time,device,metric,value\n';

/** Cuts `bytes` at the given shares of what is left. */
function* cut(bytes: Buffer, sizes: readonly number[]): Generator<Buffer> {
  let at = 0;
  for (let i = 0; at < bytes.length; i++) {
    const size = sizes[i % sizes.length] as number;
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is being kept out
const forbidden = /[/+#$\u0000-\u001f\u007f-\u009f]/;
const name = fc
  .string({ unit: 'binary', minLength: 1, maxLength: 12 })
  .filter(text => !forbidden.test(text) && text.isWellFormed());
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 30 }).filter(value => value.isWellFormed()),
  fc.constantFrom('', 'true', '21.5', '"', '""', 'a\r\nb', ',', ';', ' x ', '\ufeff', 'naïve "quotes"\n', '\0'),
);
const number = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.constantFrom(-0, 1e-300, 2 ** 53, 0.1 + 0.2, 5e-324, Number.MAX_VALUE),
);
const row = fc.record({
  device: name,
  metric: name,
  ts: fc.oneof(fc.integer({ min: 0, max: Date.UTC(2026, 0, 1) }), fc.integer({ min: 0, max: 2e11 })),
  value: fc.oneof(number, fc.boolean(), text),
});

for (const format of ['csv', 'ndjson'] as const) {
  test(`[RST-4] an export in ${format} reads back as the same readings, wherever its chunks are cut`, async () => {
    const cuts = fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 20 });
    await fc.assert(
      fc.asyncProperty(fc.array(row, { maxLength: 30 }), cuts, async (rows, sizes) => {
        const first = memory();
        for (const { device, metric, ts, value } of rows) {
          first.ports.ensureDevice(device);
          const series = first.ports.findSeries(device, metric) ?? first.ports.makeSeries(device, metric);
          first.ports.push(series, ts, 0, value, 0);
        }
        const bytes = await exportFrom(first.ports, format);
        const second = memory();
        const report = await importInto(second.ports, format, cut(bytes, sizes));
        expect(report.errors).toEqual([]);
        expect(report.readings).toBe(first.rows().length);
        for (const { device, metric, ts, value } of first.rows()) {
          const found = second.rows().find(r => r.device === device && r.metric === metric && r.ts === ts);
          expect(Object.is(found?.value, value)).toBe(true);
        }
        expect(await exportFrom(second.ports, format)).toEqual(bytes);
      }),
      { numRuns: 200 },
    );
  });

  test(`[RST-4] whatever bytes come as ${format}, the good lines around them are taken in`, async () => {
    const line = format === 'csv' ? '5,d,m,1\n' : '{"ts":5,"device":"d","metric":"m","value":1}\n';
    const begin = format === 'csv' ? head : '';
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 60 }), fc.integer({ min: 1, max: 40 }), async (bytes, size) => {
        // Quotes that pair up may rightly take the lines between them for one text.
        const noise = Buffer.from(bytes.map(byte => (format === 'csv' && byte === 34 ? 39 : byte)));
        const { ports, rows } = memory();
        const whole = Buffer.concat([Buffer.from(begin), noise, Buffer.from(`\n${line}`)]);
        await importInto(ports, format, cut(whole, [size]));
        expect(rows()).toContainEqual({ device: 'd', metric: 'm', ts: 5000, value: 1 });
      }),
    );
  });
}

test('columns are found by name, in any order, with any of the delimiters and line ends', async () => {
  const one = [{ device: 'd', metric: 'm', ts: 1763820000000, value: 21.5 }];
  for (const csv of [
    `${head}1763820000,d,m,21.5`,
    'Value;note;metric;device;TS\r\n21.5;x;m;d;1763820000000\r\n',
    '\ufeff"time"\t"device"\t"metric"\t"value"\n2025-11-22T15:00:00.000+01:00\t"d"\tm\t 21.5 \textra\n\n',
  ]) {
    expect((await read(csv)).rows).toEqual(one);
  }
});

test('a file without a header that can be understood is refused whole', async () => {
  await expect(read('1763820000,d,m,21.5\n')).rejects.toThrow('line 1: expected a header');
  await expect(read('')).rejects.toThrow('expected a header');
  await expect(read('x'.repeat(200_000))).rejects.toThrow('expected a header');
});

test('plain values are numbers, booleans and text; quotes make text of anything', async () => {
  const plain = ['1', '-0', '+.5', '1.', '1e3', '0.30000000000000004', '123456789012345678', 'true', 'open', ' a b '];
  const { report, values } = await read(head + plain.map((value, i) => `${i},d,m,${value}\n`).join(''));
  expect(report.errors).toEqual([]);
  expect(values).toEqual([1, -0, 0.5, 1, 1000, 0.1 + 0.2, 123456789012345680, true, 'open', ' a b ']);
  expect((await read(`${head}0,d,m,"true"\n1,d,m,"1"\n2,d,m,""\n`)).values).toEqual(['true', '1', '']);
});

test('times are seconds, milliseconds and ISO 8601, from 1970 to a day ahead', async () => {
  const good = ['0', '1763820000.5', '1763820000500', '2025-11-22', '2025-11-22T14:00:00Z', '2025-11-22T14:00:00.5Z'];
  const { rows } = await read(head + good.map((time, i) => `${time},d,m${i},1\n`).join(''));
  const at = Date.UTC(2025, 10, 22, 14);
  expect(rows.map(({ ts }) => ts)).toEqual([0, at + 500, at + 500, Date.UTC(2025, 10, 22), at, at + 500]);
  const bad = ['', '-1', '2025-02-30T00:00:00Z', '2025-11-22T24:00:01Z', '2025-11-22T14:00:00', '2026-01-03T00:00:00Z'];
  const refused = (await read(head + bad.map(time => `${time},d,m,1\n`).join(''))).report;
  expect(refused).toMatchObject({ readings: 0, refused: bad.length });
});

test('[RST-4] each bad line is told with its number, what was expected and what came, and costs no other', async () => {
  const long = 'x'.repeat(limits.textLengthMax + 1);
  const lines = [
    'oops,d,m,1',
    '1,d,m',
    '2,d,m,"a\nb" c',
    '3,d/e,m,1',
    '4,d,m+,1',
    '5,d,m,NaN',
    '6,d,m,1e999',
    '7,d,m,',
    `8,d,m,${long}`,
    '9,d,m,"1,5"',
  ];
  const { report, values } = await read(`${head}${lines.map((line, i) => `${line}\n${i},d,good,1\n`).join('')}`);
  expect(values.filter(value => value === 1)).toHaveLength(lines.length);
  expect(values.filter(value => value === '1,5')).toHaveLength(1);
  expect(report.errors.map(({ line }) => line)).toEqual([2, 4, 6, 7, 9, 11, 13, 15, 17, 19]);
  expect(report.errors[0]).toEqual({
    line: 2,
    expected: 'Unix seconds or milliseconds, or ISO 8601 with Z or an offset',
    got: 'oops',
  });
});

test('[RST-4] a quote that is never closed, a line without end and other bytes than UTF-8 cost one line each', async () => {
  const many = (from: number) => Array.from({ length: 5_000 }, (_, i) => `${from + i},d,m,${i}\n`).join('');
  const open = await read(`${head}${many(0)}1,d,m,"open\n${many(10_000)}`);
  expect(open.report).toMatchObject({ readings: 10_000, refused: 1, errors: [{ line: 5_002 }] });
  const long = await read(`${head}${many(0)}1,d,m,${'x'.repeat(300_000)}\n${many(10_000)}`);
  expect(long.report).toMatchObject({ readings: 10_000, refused: 1, errors: [{ line: 5_002 }] });
  const latin = await read(Buffer.from(`${head}1,d,m,1\n2,d,m,\xfc\n3,\xfc,m,1\n4,d,m,1\n`, 'latin1'));
  expect(latin.report).toMatchObject({ readings: 2, refused: 2, errors: [{ line: 3 }, { line: 4 }] });
});

test('of many bad lines the first twenty are shown and all are counted', async () => {
  const { report } = await read(head + 'oops\n'.repeat(1_000));
  expect(report.refused).toBe(1_000);
  expect(report.errors).toHaveLength(20);
});

test('an import waits while the store is behind, and ends where the gateway closes or a commit is refused', async () => {
  const { ports } = memory();
  let waits = 0;
  const behind = { ...ports, waiting: () => (waits++ < 3 ? 1_000_000 : 0) };
  expect((await importInto(behind, 'csv', [Buffer.from(`${head}1,d,m,1\n`)])).readings).toBe(1);
  expect(waits).toBeGreaterThan(3);
  const closing = { ...ports, isClosing: () => true };
  await expect(importInto(closing, 'csv', [Buffer.from(head)])).rejects.toMatchObject({ code: 'closing' });
  const full: ImportPorts = { ...ports, whenCommitted: settled => settled('store_full') };
  await expect(importInto(full, 'csv', [Buffer.from(`${head}1,d,m,1\n`)])).rejects.toMatchObject({
    code: 'store_full',
  });
});
