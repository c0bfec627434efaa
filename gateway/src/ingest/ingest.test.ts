import { beforeEach, describe, expect, test } from 'vitest';
import { ManualClock } from '../../test/instruments/manual-clock.ts';
import type { Code, CommandAnswer, DeadLetter, Value } from '../contract/index.ts';
import { Ingest, type IngestPorts } from './ingest.ts';

type Reading = { series: string; ts: number; receivedAt: number; value: Value; flags: number };

const received = Date.UTC(2026, 0, 5);
const timeAssigned = 1;
const clockImpossible = 2;

/** Ports that write down what they were asked for; a test may put another in the place of any. */
function makePorts() {
  const names: string[] = [''];
  const seen = {
    names,
    readings: [] as Reading[],
    letters: [] as Omit<DeadLetter, 'id'>[],
    commits: [] as ((refused: Code | null) => void)[],
    presence: [] as [string, boolean, boolean][],
    attributes: [] as [string, [string, Value][]][],
    answers: [] as [string, string, CommandAnswer][],
  };
  const ports: IngestPorts = {
    clock: new ManualClock(received),
    keepLetter: async letter => void seen.letters.push(letter),
    hasRoom: () => true,
    findSeries: (device, metric) => {
      const series = names.indexOf(`${device}/${metric}`);
      return series < 0 ? undefined : series;
    },
    makeSeries: (device, metric) => names.push(`${device}/${metric}`) - 1,
    push: (series, ts, receivedAt, value, flags) =>
      void seen.readings.push({ series: names[series] as string, ts, receivedAt, value, flags }),
    whenCommitted: settled => void seen.commits.push(settled),
    flags: { timeAssigned, clockImpossible },
    ensureDevice: () => true,
    presence: async (...change) => void seen.presence.push(change),
    attributes: async (device, values) => void seen.attributes.push([device, [...values]]),
    answer: async (...answer) => void seen.answers.push(answer),
  };
  return { seen, ports };
}

let seen: ReturnType<typeof makePorts>['seen'];
let ports: IngestPorts;
let ingest: Ingest;

beforeEach(() => {
  ({ seen, ports } = makePorts());
  ingest = new Ingest(ports);
});

type Extra = { receivedAt?: number; strayAllowed?: boolean; isWill?: boolean };

/** Takes a message in; the list grows by what became of it. */
function take(topic: string, payload: string | Uint8Array, extra: Extra = {}): (Code | null)[] {
  const outcomes: (Code | null)[] = [];
  const bytes = typeof payload === 'string' ? Buffer.from(payload) : payload;
  ingest.take(
    { topic, payload: bytes, receivedAt: received, isWill: false, strayAllowed: false, ...extra },
    refused => void outcomes.push(refused),
  );
  return outcomes;
}

const commit = (refused: Code | null = null) => {
  for (const settled of seen.commits.splice(0)) settled(refused);
};
const promises = () => new Promise(resolve => setImmediate(resolve));
const times = () => seen.readings.map(({ ts }) => ts - received);

describe('readings', () => {
  test('[ING-1] a message is settled only after its commit', () => {
    const outcomes = take('devices/a/telemetry', '{"t":1,"u":2}');
    expect(outcomes).toEqual([]);
    commit();
    expect(outcomes).toEqual([null]);
    expect(seen.readings.map(({ series, value }) => [series, value])).toEqual([
      ['a/t', 1],
      ['a/u', 2],
    ]);
  });

  test('[ING-1] what the disk refuses is not acknowledged', () => {
    const outcomes = take('devices/a/telemetry/t', '1');
    commit('store_full');
    expect(outcomes).toEqual(['store_full']);
  });

  test('[ING-5] without room a message is refused whole, and nothing of it is filed', () => {
    ports.hasRoom = readings => readings < 2;
    expect(take('devices/a/telemetry', '{"t":1,"u":2}')).toEqual(['store_busy']);
    expect([seen.readings, seen.commits, seen.letters]).toEqual([[], [], []]);
    expect(ingest.counters.refused).toBe(1);
    take('devices/a/telemetry', '{"t":1}');
    expect(seen.readings).toHaveLength(1);
  });

  test('a device for which there is no place is refused', () => {
    ports.ensureDevice = () => false;
    expect(take('devices/a/telemetry', '{"t":1}')).toEqual(['too_many']);
    expect(seen.readings).toEqual([]);
  });
});

describe('the time of a reading', () => {
  test('[ING-3] is the one the device gave, beside the time of receipt', () => {
    take('devices/a/telemetry', `{"ts":${received - 5},"values":{"t":1}}`);
    expect(seen.readings).toEqual([{ series: 'a/t', ts: received - 5, receivedAt: received, value: 1, flags: 0 }]);
    expect(ingest.counters.clockImpossible).toBe(0);
  });

  test('[ING-3] is that of receipt where the device gave none, and is marked so', () => {
    take('devices/a/telemetry', '{"t":1}');
    expect(seen.readings).toMatchObject([{ ts: received, receivedAt: received, flags: timeAssigned }]);
  });

  test.each([5, received + 86_400_001, -1])(
    '[ING-3] %d is impossible: counted, marked, and filed under receipt',
    ts => {
      take('devices/a/telemetry', `{"ts":${ts},"values":{"t":1}}`);
      expect(seen.readings).toMatchObject([{ ts: received, flags: clockImpossible }]);
      expect(ingest.counters.clockImpossible).toBe(1);
    },
  );

  test('[ING-3] two of one series in the same millisecond get consecutive ones', () => {
    take('devices/a/telemetry', '[{"t":1},{"t":2},{"u":9}]');
    take('devices/a/telemetry', '{"t":3}');
    take('devices/a/telemetry', '{"t":4}', { receivedAt: received + 1 });
    take('devices/a/telemetry', '{"t":5}', { receivedAt: received + 10 });
    expect(seen.readings.map(({ series, ts }) => [series, ts - received])).toEqual([
      ['a/t', 0],
      ['a/t', 1],
      ['a/u', 0],
      ['a/t', 2],
      ['a/t', 3],
      ['a/t', 10],
    ]);
  });

  test('[ING-3] consecutive times run at most a second ahead', () => {
    take('devices/a/telemetry', `[${Array(1_500).fill('{"t":1}')}]`);
    expect(Math.max(...times())).toBe(1_000);
    expect(new Set(times()).size).toBe(1_001);
  });

  test('[ING-3] a clock that is set back does not hold on to times that were given ahead of it', () => {
    take('devices/a/telemetry', '{"t":1}', { receivedAt: received + 60_000 });
    take('devices/a/telemetry', '{"t":2}');
    expect(times()).toEqual([60_000, 0]);
  });
});

describe('what cannot be understood', () => {
  test('[ING-2] is acknowledged, counted and kept, and the payloads behind it are taken', async () => {
    const bad = take('devices/a/telemetry', '{oops');
    const good = take('devices/a/telemetry', '{"t":1}');
    commit();
    await promises();
    expect([bad, good]).toEqual([[null], [null]]);
    expect(ingest.counters).toMatchObject({ messages: 2, deadLetters: 1, readings: 1 });
    expect(seen.letters).toMatchObject([
      { device: 'a', topic: 'devices/a/telemetry', code: 'payload_not_json', payload: '{oops', payloadBytes: 5 },
    ]);
    expect(seen.letters[0]?.hint).toMatch(/expected \{"metric":value/);
  });

  test('[ING-2] takes nothing with it: a message is filed whole or not at all', async () => {
    take('devices/a/telemetry', '[{"good":1},{"bad":[2]}]');
    take('devices/a/telemetry', '{"good":1,"a/b":2}');
    await promises();
    expect(seen.readings).toEqual([]);
    expect(seen.letters.map(({ code }) => code)).toEqual(['value_type', 'metric_name']);
  });

  test('[ING-2] uses up no place among the metrics of its device', async () => {
    take('devices/a/telemetry', '{"good":1,"a/b":2}');
    await promises();
    expect(seen.names).toEqual(['']);
  });

  test('[ING-2] bytes that are no UTF-8 are a dead letter, shown in hex', async () => {
    const outcomes = take('devices/a/telemetry', Buffer.from([0xff, 0xfe]));
    await promises();
    expect(outcomes).toEqual([null]);
    expect(seen.letters).toMatchObject([{ code: 'payload_not_utf8', payload: '0xfffe' }]);
  });

  test('[ING-2] a device with too many metrics gets a dead letter for the one too many', async () => {
    ports.makeSeries = () => 0;
    take('devices/a/telemetry', '{"t":1}');
    await promises();
    expect(seen.letters).toMatchObject([{ code: 'metric_limit' }]);
  });

  test('[ING-2] nothing known below a device is a dead letter; the open profile lets it pass', async () => {
    expect(take('devices/a/elsewhere', 'x', { strayAllowed: true })).toEqual([null]);
    take('devices/a/elsewhere', 'x');
    await promises();
    expect(seen.letters).toMatchObject([{ code: 'topic_unknown', topic: 'devices/a/elsewhere' }]);
  });

  test('a topic of no convention is let pass, and is nobody’s letter', () => {
    expect(take('plant/a', 'x')).toEqual([null]);
    expect(seen.letters).toEqual([]);
  });

  test('[ING-2] is acknowledged only once the letter is on disk', async () => {
    let kept = () => {};
    ports.keepLetter = () =>
      new Promise(resolve => {
        kept = () => resolve();
      });
    const outcomes = take('devices/a/telemetry', '{oops');
    await promises();
    expect(outcomes).toEqual([]);
    kept();
    await promises();
    expect(outcomes).toEqual([null]);
  });

  test('[STO-4] is not acknowledged while the disk is full', async () => {
    ports.keepLetter = () => Promise.reject(Object.assign(new Error('full'), { code: 'store_full' }));
    const outcomes = take('devices/a/telemetry', '{oops');
    await promises();
    expect(outcomes).toEqual(['store_full']);
  });
});

describe('what a device says about itself', () => {
  test('status, attributes and answers go to whom they concern, and are settled after', async () => {
    const outcomes = [
      take('devices/a/status', 'online'),
      take('devices/a/status', 'offline', { isWill: true }),
      take('devices/a/attributes', '{"fw":"1"}'),
      take('devices/a/commands/7/result', '{"ok":true}'),
    ];
    expect(outcomes.flat()).toEqual([]);
    await promises();
    expect(outcomes.flat()).toEqual([null, null, null, null]);
    expect(seen.presence).toEqual([
      ['a', true, false],
      ['a', false, true],
    ]);
    expect(seen.attributes).toEqual([['a', [['fw', '1']]]]);
    expect(seen.answers).toEqual([['a', '7', { ok: true, result: null }]]);
  });

  test('a retained status that is cleared says nothing', () => {
    expect(take('devices/a/status', '')).toEqual([null]);
    expect([seen.presence, seen.letters]).toEqual([[], []]);
  });

  test('[ING-2] what is none of these is a dead letter', async () => {
    take('devices/a/status', 'maybe');
    take('devices/a/attributes', '[]');
    take('devices/a/commands/7/result', '{}');
    await promises();
    expect(seen.letters.map(({ code }) => code)).toEqual(['payload_shape', 'payload_shape', 'payload_shape']);
  });

  test('a refusal that is not the store’s is not held against the device', async () => {
    ports.attributes = () => Promise.reject(Object.assign(new Error('too many'), { code: 'too_many' }));
    const outcomes = take('devices/a/attributes', '{"fw":"1"}');
    await promises();
    expect(outcomes).toEqual([null]);
  });
});
