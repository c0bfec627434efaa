import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { limits, type Value } from '../contract/index.ts';
import type { Decoded } from './convention.ts';
import { native } from './native.ts';

const at = 1_763_820_000_123;

function decode(payload: string, metric: string | null = null) {
  const into: Decoded = { metrics: [], times: [], values: [] };
  const outcome = native.readings({ kind: 'readings', device: 'a', metric }, payload, into);
  return outcome.ok ? into.metrics.map((name, i) => [name, into.times[i], into.values[i]]) : outcome;
}

const nested = (depth: number) => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`;
const deepArray = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);

describe('a payload on telemetry', () => {
  test('may be an object of numbers, booleans and text', () => {
    expect(decode('{"temperature":21.5,"open":false,"door":"open"}')).toEqual([
      ['temperature', null, 21.5],
      ['open', null, false],
      ['door', null, 'open'],
    ]);
  });

  test('may say its time, with the values below it', () => {
    expect(decode(`{"ts":${at},"values":{"t":1}}`)).toEqual([['t', at, 1]]);
    expect(decode('{"ts":"2025-11-22T14:00:00.123Z","values":{"t":1}}')).toEqual([['t', at, 1]]);
  });

  test('may be an array of either', () => {
    expect(decode(`[{"t":1},{"ts":${at},"values":{"t":2}}]`)).toEqual([
      ['t', null, 1],
      ['t', at, 2],
    ]);
    expect(decode('[]')).toEqual([]);
  });

  test('may leave a value out with null', () => {
    expect(decode('{"a":null,"b":1}')).toEqual([['b', null, 1]]);
    expect(decode('{}')).toEqual([]);
  });

  test('may be nested; the names are joined with a dot', () => {
    expect(decode('{"motor":{"speed":1,"bearing":{"t":2}},"x":3}')).toEqual([
      ['motor.speed', null, 1],
      ['motor.bearing.t', null, 2],
      ['x', null, 3],
    ]);
    expect(decode(nested(limits.payloadDepthMax))).toEqual([['a.a.a.a.a.a.a.a', null, 1]]);
  });

  test.each([
    ['', 'payload_not_json'],
    ['21.5 C', 'payload_not_json'],
    ['{"t":NaN}', 'payload_not_json'],
    ['21.5', 'payload_shape'],
    ['"open"', 'payload_shape'],
    ['null', 'payload_shape'],
    ['[1]', 'payload_shape'],
    ['[[{"t":1}]]', 'payload_shape'],
    [`{"ts":${at}}`, 'payload_shape'],
    [`{"ts":${at},"t":1}`, 'payload_shape'],
    [`{"ts":${at},"values":[1]}`, 'payload_shape'],
    [nested(limits.payloadDepthMax + 1), 'payload_shape'],
    ['{"t":[1]}', 'value_type'],
    ['{"t":1e999}', 'value_type'],
    ['{"ts":"yesterday","values":{"t":1}}', 'timestamp'],
    ['{"ts":"2025-11-22T14:00:00","values":{"t":1}}', 'timestamp'],
    ['{"ts":null,"values":{"t":1}}', 'timestamp'],
    [JSON.stringify({ t: 'x'.repeat(limits.textLengthMax + 1) }), 'value_too_long'],
    [`[${Array(limits.readingsPerMessageMax + 1).fill('{"t":1}')}]`, 'payload_too_large'],
  ])('[ING-2] %s is refused with %s', (payload, code) => {
    const outcome = decode(payload);
    expect(outcome).toMatchObject({ ok: false, code });
    expect((outcome as { hint: string }).hint).not.toBe('');
  });

  test('takes text and messages up to their limits', () => {
    expect(decode(JSON.stringify({ t: 'x'.repeat(limits.textLengthMax) }))).toHaveLength(1);
    expect(decode(`[${Array(limits.readingsPerMessageMax).fill('{"t":1}')}]`)).toHaveLength(
      limits.readingsPerMessageMax,
    );
  });

  test('takes names that JavaScript has a meaning for as names', () => {
    expect(decode('{"__proto__":1,"constructor":2,"toString":3}')).toEqual([
      ['__proto__', null, 1],
      ['constructor', null, 2],
      ['toString', null, 3],
    ]);
  });
});

describe('a payload on telemetry/{metric}', () => {
  test.each([
    ['21.5', 21.5],
    ['-1', -1],
    ['+1', 1],
    ['1e3', 1000],
    ['.5', 0.5],
    ['5.', 5],
    [' 7\n', 7],
    ['true', true],
    ['false', false],
    ['open', 'open'],
    ['"open"', 'open'],
    ['"21.5"', '21.5'],
    ['21.5 C', '21.5 C'],
    ['0x10', '0x10'],
    ['""', ''],
  ] as [string, Value][])('%j is %j', (payload, value) => {
    expect(decode(payload, 'm')).toEqual([['m', null, value]]);
  });

  test.each([
    ['', 'payload_empty'],
    [' \t', 'payload_empty'],
    ['NaN', 'value_type'],
    ['-inf', 'value_type'],
    ['Infinity', 'value_type'],
    ['1e999', 'value_type'],
    ['{"a":1}', 'payload_shape'],
    ['[1]', 'payload_shape'],
    ['"open', 'payload_not_json'],
    ['x'.repeat(limits.textLengthMax + 1), 'value_too_long'],
  ])('[ING-2] %s is refused with %s', (payload, code) => {
    expect(decode(payload, 'm')).toMatchObject({ ok: false, code });
  });
});

describe('status, attributes and answers', () => {
  test('a status is online or offline', () => {
    expect(native.status('online')).toEqual({ ok: true, online: true });
    expect(native.status(' offline\n')).toEqual({ ok: true, online: false });
    for (const word of ['ONLINE', '1', '', '"online"']) {
      expect(native.status(word)).toMatchObject({ ok: false, code: 'payload_shape' });
    }
  });

  test('attributes are an object, nested or not', () => {
    const values = new Map<string, Value>();
    expect(native.attributes('{"firmware":"1.2","units":{"t":"°C"},"gone":null}', values)).toEqual({ ok: true });
    expect([...values]).toEqual([
      ['firmware', '1.2'],
      ['units.t', '°C'],
    ]);
    expect(native.attributes('[1]', new Map())).toMatchObject({ code: 'payload_shape' });
    expect(native.attributes('{', new Map())).toMatchObject({ code: 'payload_not_json' });
  });

  test('attributes are taken whole or not at all', () => {
    const values = new Map<string, Value>();
    expect(native.attributes('{"a":1,"b":[2]}', values)).toMatchObject({ code: 'value_type' });
    expect(values.size).toBe(0);
  });

  test('an answer says yes with a result, or no with an error', () => {
    expect(native.answer('{"ok":true,"result":{"t":20}}')).toEqual({
      ok: true,
      answer: { ok: true, result: { t: 20 } },
    });
    expect(native.answer('{"ok":true}')).toEqual({ ok: true, answer: { ok: true, result: null } });
    expect(native.answer('{"ok":false,"error":"jammed"}')).toEqual({
      ok: true,
      answer: { ok: false, error: 'jammed' },
    });
    expect(native.answer('{"ok":false}')).toEqual({ ok: true, answer: { ok: false, error: '' } });
    for (const payload of ['{"ok":1}', '{}', 'null', '[]', 'true']) {
      expect(native.answer(payload)).toMatchObject({ ok: false, code: 'payload_shape' });
    }
  });
});

describe('the topic says what a payload is for', () => {
  test.each([
    ['devices/a/telemetry', { kind: 'readings', device: 'a', metric: null }],
    ['devices/a/telemetry/t', { kind: 'readings', device: 'a', metric: 't' }],
    ['devices/a/status', { kind: 'status', device: 'a' }],
    ['devices/a/attributes', { kind: 'attributes', device: 'a' }],
    ['devices/a/commands/1/result', { kind: 'answer', device: 'a', command: '1' }],
    ['devices/a/commands/1', { kind: 'stray', device: 'a' }],
    ['devices/a/elsewhere', { kind: 'stray', device: 'a' }],
  ])('%s', (topic, target) => {
    expect(native.target(topic)).toMatchObject(target);
  });

  test('and topics outside devices/{id}/ are not of this convention', () => {
    expect(native.target('plant/a')).toBeNull();
  });
});

describe('whatever a device sends', () => {
  const everyDoor = (payload: string) => [
    decode(payload),
    decode(payload, 'm'),
    native.attributes(payload, new Map()),
    native.status(payload),
    native.answer(payload),
  ];

  test('[ING-2] any JSON is decoded or refused, and nothing throws', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 12 }), payload => {
        expect(everyDoor(payload)).toHaveLength(5);
      }),
      { numRuns: 1_000 },
    );
  });

  test('[ING-2] any JSON in the place of a time, a value or an answer is decoded or refused', () => {
    fc.assert(
      fc.property(fc.json(), json => {
        everyDoor(`{"ts":${json},"values":${json}}`);
        everyDoor(`[${json}]`);
        expect(native.answer(`{"ok":false,"error":${json}}`)).toMatchObject({ ok: true });
      }),
      { numRuns: 1_000 },
    );
  });

  test('[ING-2] any text is decoded or refused', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), payload => {
        expect(everyDoor(payload)).toHaveLength(5);
      }),
    );
  });

  test.each([
    ['an array', deepArray(100_000)],
    ['a sample', `[${deepArray(100_000)}]`],
    ['a time', `{"ts":${deepArray(100_000)},"values":{}}`],
    ['a value', `{"a":${deepArray(100_000)}}`],
  ])('[ING-2] %s nested beyond all measure is refused', (_what, payload) => {
    expect(decode(payload)).toMatchObject({ ok: false });
  });

  test.each([
    ['nested beyond all measure', deepArray(100_000)],
    ['that has no text', '{"toString":1,"valueOf":1}'],
  ])('[ING-2] an error in an answer %s throws nothing', (_what, error) => {
    expect(native.answer(`{"ok":false,"error":${error}}`)).toHaveProperty('ok');
  });
});
