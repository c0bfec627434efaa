// Whatever happens between a client and a gateway, and over whichever transport: in the end the client holds what the
// gateway's log says, and nothing came twice.
import type { LiveEvent } from '@telltale/gateway/contract';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { settled } from '../../test/http.ts';
import { ModelGateway, type Passage } from '../../test/model-gateway.ts';
import { covers, ModelLog } from '../../test/model-log.ts';
import { createTestClock, seededRandom } from '../../test/platform.ts';
import { openWatch } from '../model/watch.ts';
import { createConnection } from './client.ts';
import type { Connection } from './connection.ts';
import type { SubscriptionSpec } from './subscription.ts';

const devices = ['a', 'b', 'c'];
const metrics = ['t', 'u'];

/** What a program in mode `log` holds: each reading as it came, from where it began, and the gaps it was told of. */
function keepLog(connection: Connection, spec: SubscriptionSpec) {
  let began: number | null = null;
  let values: number[] = [];
  let gaps: { from: number; to: number }[] = [];
  const begin = (at: number | null) => {
    began = at;
    values = [];
    gaps = [];
  };
  connection.subscribe({ ...spec, mode: 'log' }, update => {
    if (update.kind === 'asked' && update.since === null) begin(null);
    if (update.kind === 'snapshot' && update.done) began ??= update.offset;
    if (update.kind === 'gap' && update.reason === 'epoch') begin(update.to);
    if (update.kind === 'gap' && update.reason !== 'epoch') gaps.push(update);
    if (update.kind === 'readings') values.push(...update.readings.map(({ value }) => value as number));
  });
  return {
    values: () => values,
    /** What it has to hold if the log is told as is. */
    expected: (log: ModelLog) =>
      log.readings
        .filter(({ device, offset }) => covers(spec, device) && offset > (began ?? log.head))
        .filter(({ offset }) => !gaps.some(({ from, to }) => offset > from && offset <= to))
        .map(({ seq }) => seq),
  };
}

/** What a page knows of events: it asks over REST when it connects and when it is told of a gap, and listens then. */
function keepEvents(connection: Connection, log: ModelLog) {
  let wasOpen = false;
  let asked = { epoch: log.epoch, offset: log.head };
  let heard: number[] = [];
  const ask = () => {
    asked = { epoch: log.epoch, offset: log.head };
    heard = [];
  };
  connection.listen({
    state(state) {
      if (state.name === 'open' && !wasOpen) ask();
      wasOpen = state.name === 'open';
    },
    gap: ask,
    event: event => heard.push((event as LiveEvent & { offset: number }).offset),
  });
  return {
    heard: () => heard.filter(offset => offset > asked.offset),
    all: () => heard,
    expected: () => log.events.map(({ offset }) => offset).filter(offset => offset > asked.offset),
  };
}

function setUp(seed: number) {
  const clock = createTestClock();
  const log = new ModelLog();
  const gateway = new ModelGateway(log, seededRandom(seed));
  const connection = createConnection({
    url: 'ws://gateway/api/v1/ws',
    WebSocket: gateway.Socket,
    http: { url: 'http://gateway/api/v1', fetch: gateway.fetch },
    clock,
    random: seededRandom(seed + 1),
  });
  const events = keepEvents(connection, log);
  const watches = [{}, { device: ['a', 'b'] }].map((spec: SubscriptionSpec) => ({
    spec,
    watch: openWatch(connection, spec, change => change()),
  }));
  const logs = [{}, { device: ['a'] }].map(spec => keepLog(connection, spec));
  let third: (() => void) | null = null;
  const toggle = () => {
    third?.();
    third = third === null ? connection.subscribe({ device: ['c'] }, () => {}) : null;
  };
  return { clock, log, gateway, connection, events, watches, logs, toggle };
}

type World = ReturnType<typeof setUp>;
type Step = { run(world: World): void };

const step = (what: string, run: Step['run']): Step => ({ run, [fc.toStringMethod]: () => what }) as Step;
const presence = (device: string): LiveEvent =>
  ({ kind: 'presence', device, at: 1, state: 'online', since: 1, cause: 'connect' }) as const;

const often: fc.Arbitrary<Step>[] = [
  fc
    .subarray(
      devices.flatMap(device => metrics.map(metric => ({ device, metric }))),
      { minLength: 1 },
    )
    .map(names => step(`commit ${names.map(({ device, metric }) => device + metric)}`, ({ log }) => log.commit(names))),
  fc.constantFrom(...devices).map(device => step(`presence ${device}`, ({ log }) => log.tell(presence(device)))),
  fc.constant(step('flush', ({ gateway }) => gateway.flush())),
  fc.constant(step('heartbeat', ({ gateway }) => gateway.beat())),
  fc.constantFrom(0, 150, 1_000, 6_000, 15_000).map(ms => step(`${ms} ms`, ({ clock }) => clock.advance(ms))),
];

const sometimes: fc.Arbitrary<Step>[] = [
  fc
    .constantFrom(...devices)
    .map(device =>
      step(`delete ${device}`, ({ log }) => log.tell({ kind: 'device', device, change: 'deleted', at: 1 })),
    ),
  fc.constantFrom('late' as const, 'stale' as const).map(how => step(how, ({ log }) => log.age(how))),
  fc
    .constantFrom('s1', 's2', 's3', 's4')
    .map(held => step(`flush but ${held}`, ({ gateway }) => gateway.flush(sub => sub !== held))),
  fc.nat(12).map(at => step(`flush, cut at ${at}`, ({ gateway }) => gateway.flush(undefined, at))),
  fc.constant(step('drop', ({ gateway }) => gateway.drop())),
  fc
    .constantFrom('closing' as const, 'stream_over' as const)
    .map(code => step(`bye ${code}`, ({ gateway }) => gateway.bye(code))),
  fc
    .record({ transport: fc.constantFrom('ws', 'sse', 'poll'), passage: fc.constantFrom('open', 'refused', 'held') })
    .map(({ transport, passage }) =>
      step(`${transport} ${passage}`, ({ gateway }) => {
        gateway.passages = { ...gateway.passages, [transport]: passage as Passage };
      }),
    ),
  fc.constant(step('(un)subscribe', ({ toggle }) => toggle())),
  fc.constant(step('wake', ({ connection }) => connection.wake())),
];

const seldom: fc.Arbitrary<Step>[] = [
  fc.constant(step('events overflow', ({ gateway }) => gateway.overflow())),
  fc.constant(step('45 s', ({ clock }) => clock.advance(45_000))),
  fc.constant(step('trim', ({ log }) => log.trim())),
  fc.constant(step('restore', ({ log }) => log.beginAnew())),
];

async function take({ run }: Step, world: World): Promise<void> {
  run(world);
  await settled();
}

/** A request that is held back is given up by then. */
const silenceSeconds = 45;

/** One transport, at least, gets through, and enough time passes for everything to be sent and taken. */
async function heal(world: World): Promise<void> {
  const { gateway, clock, connection, watches } = world;
  const isWhole = () => connection.state().name === 'open' && watches.every(({ watch }) => watch.settled.value);
  gateway.passages = { ...gateway.passages, poll: 'open' };
  for (let second = 0, whole = 0; second < 300 && whole < silenceSeconds; second += 1) {
    await take(
      step('', () => clock.advance(1_000)),
      world,
    );
    await take(
      step('', () => gateway.beat()),
      world,
    );
    whole = isWhole() ? whole + 1 : 0;
  }
  expect(isWhole()).toBe(true);
}

function check({ log, watches, logs, events }: World): void {
  for (const { spec, watch } of watches) {
    for (const device of devices) {
      const held = watch.device(device).value.map(({ series, latest }) => ({ metric: series.metric, ...latest.value }));
      const expected = [...log.latest.values()]
        .filter(each => each.device === device && covers(spec, device))
        .map(({ metric, seq, freshness }) => ({ metric, ts: seq, value: seq, freshness }))
        .sort((x, y) => (x.metric < y.metric ? -1 : 1));
      expect(held).toEqual(expected);
    }
  }
  for (const kept of logs) expect(kept.values()).toEqual(kept.expected(log));
  expect(events.heard()).toEqual(events.expected());
  expect(new Set(events.all()).size).toBe(events.all().length);
}

const sequence = fc.array(
  fc.oneof(
    { arbitrary: fc.oneof(...often), weight: 8 },
    { arbitrary: fc.oneof(...sometimes), weight: 6 },
    { arbitrary: fc.oneof(...seldom), weight: 1 },
  ),
  // Small arrays alone would never get anywhere.
  { minLength: 5, maxLength: 60, size: 'max' },
);
/** The WebSocket is refused from the start in half of them, or few would ever leave it. */
const isRefused = fc.boolean();

it('[LIV-2] [LIV-6] what a client holds equals the log, and nothing came twice, whatever happened on the way', async () => {
  await fc.assert(
    fc.asyncProperty(sequence, isRefused, fc.nat(), async (taken, refused, seed) => {
      const world = setUp(seed);
      if (refused) world.gateway.passages.ws = 'refused';
      world.connection.start();
      await settled();
      for (const each of taken) await take(each, world);
      await heal(world);
      check(world);
    }),
    { numRuns: 300 },
  );
});
