// Frames of a viewer are judged twice: by hand in the live stage, where each costs little, and by the schemas that
// the document is made from. Both have to say the same.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type ClientFrame, formatPosition, limits } from '../contract/index.ts';
import { parseFrames } from '../live/frames.ts';
import { clientFrameSchema, clientFramesSchema } from './client-frame-schemas.ts';
import { logQuerySchema, logWaitSchema, streamQuerySchema, streamRequestSchema } from './frame-schemas.ts';

const around = (limit: number) => fc.integer({ min: limit - 2, max: limit + 2 }).map(length => 'x'.repeat(length));
const name = fc.oneof(fc.string(), around(limits.subscriptionNameLengthMax));
const pattern = fc.oneof(fc.constantFrom('*', 'cold-*'), around(limits.patternLengthMax));
const patterns = fc.oneof(
  fc.array(pattern, { maxLength: 3 }),
  fc.constantFrom(64, 65).map(length => Array<string>(length).fill('a')),
);
const id = fc.oneof(fc.maxSafeInteger(), fc.double());
const position = fc.record({ epoch: fc.string(), offset: fc.oneof(fc.nat(), fc.double()) });

const frames = fc.oneof(
  fc.record(
    {
      t: fc.constant('sub'),
      id,
      sub: name,
      device: patterns,
      metric: patterns,
      mode: fc.constantFrom('latest', 'log', 'all'),
      since: position,
    },
    { requiredKeys: ['t', 'sub'] },
  ),
  fc.record({ t: fc.constant('unsub'), id, sub: name }, { requiredKeys: ['t'] }),
  fc.record(
    {
      t: fc.constant('cmd'),
      id,
      device: fc.oneof(fc.string(), around(128)),
      name,
      params: fc.oneof(fc.jsonValue(), around(limits.commandParamsBytesMax)),
      ttlMs: fc.oneof(fc.integer(), fc.double()),
      key: fc.oneof(fc.string(), around(limits.commandKeyLengthMax)),
      reason: fc.oneof(fc.string(), around(limits.commandReasonLengthMax)),
    },
    { requiredKeys: ['t', 'id'] },
  ),
  fc.record(
    {
      t: fc.constant('desired'),
      id,
      device: fc.oneof(fc.string(), around(128)),
      fields: fc.dictionary(
        fc.oneof(fc.constantFrom('target', 'pump.speed'), fc.string(), around(128)),
        fc.oneof(fc.constantFrom(21, true, 'open', null), fc.string(), around(limits.textLengthMax), fc.jsonValue()),
        { maxKeys: 2 },
      ),
      version: fc.oneof(fc.nat(), fc.constant('*'), fc.double()),
      reason: fc.oneof(fc.string(), around(limits.commandReasonLengthMax)),
    },
    { requiredKeys: ['t', 'id', 'device', 'fields'] },
  ),
  fc.record({ t: fc.constant('ping'), id }, { requiredKeys: ['t'] }),
);

/** A frame in which one field is something else, or which has one more. */
const mutated = fc
  .tuple(
    frames,
    fc.constantFrom(
      't',
      'id',
      'sub',
      'device',
      'metric',
      'mode',
      'since',
      'name',
      'ttlMs',
      'key',
      'reason',
      'fields',
      'version',
      'more',
    ),
    fc.jsonValue(),
  )
  .map(([frame, field, value]) => ({ ...frame, [field]: value }));

/** What the hand-written check leaves to ledger and registry, which answer it as a request that cannot be understood. */
const ofTheLedger = ['device', 'params', 'ttlMs', 'key', 'reason', 'fields'];

function judge(frame: unknown) {
  const text = JSON.stringify(frame);
  const byHand = parseFrames(text)?.[0];
  const bySchema = clientFrameSchema.safeParse(JSON.parse(text));
  const onlyTheLedger = (bySchema.error?.issues ?? []).every(
    ({ path, code }) => ofTheLedger.includes(String(path[0])) && code !== 'invalid_type',
  );
  return { byHand: byHand?.ok === true, bySchema: bySchema.success, onlyTheLedger };
}

describe('a frame of a viewer', () => {
  test('is taken by its schema and by the live stage, or by neither; what is too large for ledger or registry by the latter alone', () => {
    const seen = { taken: 0, refused: 0, leftToTheLedger: 0 };
    fc.assert(
      fc.property(fc.oneof(frames, mutated), frame => {
        const { byHand, bySchema, onlyTheLedger } = judge(frame);
        if (byHand && !bySchema) {
          seen.leftToTheLedger++;
          expect([frame.t === 'cmd' || frame.t === 'desired', onlyTheLedger]).toEqual([true, true]);
        } else expect(bySchema).toBe(byHand);
        seen[byHand ? 'taken' : 'refused']++;
      }),
      { numRuns: 3_000 },
    );
    expect(Math.min(...Object.values(seen))).toBeGreaterThan(20);
  });

  test.each([
    [0, true],
    [limits.flushIntervalMsMax, true],
    [-1, false],
    [limits.flushIntervalMsMax + 1, false],
    [1.5, false],
    ['5', false],
    [null, false],
  ])('with an intervalMs of %j is taken by both: %j', (intervalMs, taken) => {
    const { byHand, bySchema } = judge({ t: 'sub', sub: 's', intervalMs });
    expect({ byHand, bySchema }).toEqual({ byHand: taken, bySchema: taken });
  });

  test.each([0, 1, limits.framesPerMessageMax, limits.framesPerMessageMax + 1])('may come with others: %i', count => {
    const message = Array<ClientFrame>(count).fill({ t: 'ping' });
    const byHand = parseFrames(JSON.stringify(message)) !== null;
    expect(clientFramesSchema.safeParse(message).success).toBe(byHand);
  });
});

describe('a stream', () => {
  const after = formatPosition({ epoch: 'E', offset: 7, events: 9, seen: 'x.1' });

  test('is asked for with subscriptions as in sub, and a position as one word', () => {
    const subs = [{ sub: 'a', device: ['d*'], mode: 'log', since: { epoch: 'E', offset: 3 } }, { sub: 'b' }];
    expect(streamRequestSchema.parse({ subs, after })).toEqual({ subs, after });
    expect(streamRequestSchema.parse({ subs: [{ t: 'sub', id: 1, sub: 'a' }] })).toEqual({ subs: [{ sub: 'a' }] });
  });

  test.each([
    ['nothing', {}, 'subs'],
    ['a subscription without a name', { subs: [{ sub: '' }] }, 'subs.0.sub'],
    ['an unknown mode', { subs: [{ sub: 'a' }, { sub: 'b', mode: 'all' }] }, 'subs.1.mode'],
    ['too much', { subs: Array(limits.subscriptionsPerViewerMax + 1).fill({ sub: 'a' }) }, 'subs'],
    ['no position', { subs: [], after: '7' }, 'after'],
    ['a position beyond all logs', { subs: [], after: `E:${'9'.repeat(16)}` }, 'after'],
    ['an unknown field', { subs: [], before: 'E:7' }, ''],
  ])('that asks for %s is refused, and it is said where', (_what, request, where) => {
    const { error } = streamRequestSchema.safeParse(request);
    expect(error?.issues.map(({ path }) => path.join('.'))).toEqual([where]);
  });

  test('in a query, one pattern is a list of one, and numbers are text', () => {
    const query = { device: 'd*', metric: ['a', 'b'], intervalMs: '250', after };
    expect(streamQuerySchema.parse(query)).toEqual({ ...query, device: ['d*'], intervalMs: 250 });
    expect(streamQuerySchema.parse({})).toEqual({});
    expect(logQuerySchema.parse({})).toEqual({ wait: limits.pollWaitMsDefault });
    expect(logWaitSchema.parse({ wait: '0' })).toEqual({ wait: 0 });
  });

  test.each([
    { wait: 'long' },
    { wait: String(limits.pollWaitMsMax + 1) },
    { wait: '-1' },
    { intervalMs: '1.5' },
    { mode: 'all' },
    { device: 'x'.repeat(limits.patternLengthMax + 1) },
    { after: 'E' },
  ])('the query %j is refused', query => {
    expect(logQuerySchema.safeParse(query).success).toBe(false);
  });
});
