// What the document says that a device may send, held against what the ingest stage understands.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { native } from '../../ingest/native.ts';
import { parseTime } from '../../ingest/timestamp.ts';
import { mqttSchemas } from './mqtt-payloads.ts';

const metric = fc.constantFrom('temperature', 'door', 'ts', 'values', 'a.b');
const { json } = fc.letrec<{ json: unknown }>(tie => ({
  json: fc.oneof(
    { depthSize: 'small', maxDepth: 5 },
    fc.constantFrom(null, true, false, 0, -1.5, 1e300, '', 'open', 'x'.repeat(1024), 'x'.repeat(1025), '2026-01-05'),
    fc.array(tie('json'), { maxLength: 3 }),
    fc.dictionary(metric, tie('json'), { maxKeys: 3 }),
  ),
}));

function agreement(understood: (payload: string) => boolean, fits: (value: unknown) => boolean) {
  const seen = { true: 0, false: 0 };
  fc.assert(
    fc.property(json, value => {
      const is = understood(JSON.stringify(value));
      expect(fits(value)).toBe(is);
      seen[`${is}`]++;
    }),
    { numRuns: 3_000 },
  );
  expect(Math.min(seen.true, seen.false)).toBeGreaterThan(100);
}

test('telemetry fits its schema just where it is understood', () => {
  const target = { kind: 'readings', device: 'd', metric: null } as const;
  agreement(
    payload => native.readings(target, payload, { metrics: [], times: [], values: [] }).ok,
    value => mqttSchemas.Telemetry.safeParse(value).success,
  );
});

test('attributes fit their schema just where they are understood', () => {
  agreement(
    payload => native.attributes(payload, new Map()).ok,
    value => mqttSchemas.Values.safeParse(value).success,
  );
});

test('a result that fits its schema is understood; what is understood beyond it is an error without text', () => {
  const answers = fc.record(
    {
      ok: fc.oneof(fc.boolean(), fc.jsonValue()),
      result: fc.jsonValue(),
      error: fc.oneof(fc.string(), fc.jsonValue()),
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(answers, answer => {
      const understood = native.answer(JSON.stringify(answer)).ok;
      const fits = mqttSchemas.CommandAnswer.safeParse(answer).success;
      expect(fits).toBe(understood && (answer.ok === true || typeof answer.error === 'string'));
    }),
  );
});

test.each([
  ['online', true],
  ['offline', true],
  ['away', false],
])('the status %s is understood and fits: %j', (word, taken) => {
  expect(native.status(word).ok).toBe(taken);
  expect(mqttSchemas.Status.safeParse(word).success).toBe(taken);
});

test.each([
  '2026-01-05',
  '2026-01-05T10:00Z',
  '2026-01-05T10:00:00Z',
  '2026-01-05T10:00:00.123456789+0100',
  '2026-01-05T10:00:00+01:00',
  '2026-01-05T10:00:00',
  '2026-01-05 10:00:00Z',
  '2026-1-5',
  '05.01.2026',
  '1763820000123',
  'now',
])('the time %s fits its schema just where it is understood', text => {
  expect(mqttSchemas.SourceTime.safeParse(text).success).toBe(parseTime(text) !== null);
});
