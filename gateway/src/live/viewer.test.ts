// A viewer on a pipe that a test holds in its hand: what is sent, in which order, and which positions are told.
import { beforeEach, describe, expect, test } from 'vitest';
import { type LiveEvent, parsePosition, type ServerFrame, type Transport } from '../contract/index.ts';
import { encodeEvent } from './event-queue.ts';
import type { EventEntry } from './event-window.ts';
import { MemoryLog, settle } from './log.fixture.ts';
import type { Pipe, PipeEnd } from './pipe.ts';
import { Viewer, type ViewerPorts } from './viewer.ts';
import { Watchers } from './watchers.ts';

class FakePipe implements Pipe {
  readonly transport: Transport;
  frames: ServerFrame[] = [];
  /** The position that was told with each frame. */
  positions: (string | null)[] = [];
  buffered = 0;
  closedWith: [number, string] | null = null;
  pings = 0;
  timesCaughtUp = 0;
  end!: PipeEnd;

  constructor(transport: Transport = 'ws') {
    this.transport = transport;
  }

  open = (end: PipeEnd) => {
    this.end = end;
  };
  send = (frame: string | Buffer) => {
    this.frames.push(JSON.parse(String(frame)) as ServerFrame);
    this.positions.push(this.end.position());
  };
  bufferedBytes = () => this.buffered;
  isClosed = () => this.closedWith !== null;
  caughtUp = () => void this.timesCaughtUp++;
  ping = () => void this.pings++;
  close = (code: number, reason: string) => {
    this.closedWith = [code, reason];
  };
  terminate = () => this.close(1006, '');
  say = (frame: unknown) => this.end.message(JSON.stringify(frame), false);
  of = <Type extends ServerFrame['t']>(type: Type) =>
    this.frames.filter((frame): frame is ServerFrame & { t: Type } => frame.t === type);
}

const full = 1024 * 1024;
let log: MemoryLog;
let events: EventEntry[];
let ports: ViewerPorts;

beforeEach(() => {
  log = new MemoryLog();
  events = [];
  ports = {
    ...log.ports,
    clock: log.clock,
    heartbeatMs: 20_000,
    flushIntervalMs: 0,
    boot: 'boot',
    freshHandedOut: () => log.ports.freshSeq(),
    channelOf: spec => log.hub.hold(spec),
    release: channel => log.hub.release(channel),
    define: series => [series, 'a', `m${series}`, null, 'number'],
    eventsSince: async after => events.filter(({ offset }) => offset > after),
    command: async () => 'C1',
    desired: async () => 1,
    isStoring: () => true,
    watchers: new Watchers({ clock: log.clock, lease: () => null }),
    counters: {} as ViewerPorts['counters'],
  };
});

const open = (pipe: FakePipe, role: 'viewer' | 'operator' = 'viewer') =>
  new Viewer(pipe, { name: 'ann', role, scope: null, hash: 'h' }, '127.0.0.1', ports, () => {});

/** Commits an event of a device, and brings it as the stage does. */
function happen(device: string): void {
  const event: LiveEvent = { kind: 'device', device, change: 'changed', at: 0 };
  log.entries.push({ offset: log.entries.length + 1, count: 0, series: () => 0, ts: () => 0, value: () => 0 });
  const entry = { offset: log.entries.length, event };
  events.push(entry);
  const owners = new Set(
    [...log.hub.ofDevice(device)].flatMap(({ members }) => [...members].map(({ owner }) => owner)),
  );
  for (const owner of owners) owner.takeEvent(entry.offset, encodeEvent(entry));
  log.hub.take([], entry.offset);
}

const at = (offset: number) => ({ epoch: 'E', offset });
const eventOffsets = (pipe: FakePipe) => pipe.of('event').map(({ offset }) => offset);

describe('events', () => {
  test('[LIV-2] that were missed come once for all subscriptions of one message, in order, before what follows', async () => {
    const pipe = new FakePipe();
    open(pipe);
    happen('a');
    happen('b');
    happen('a');
    pipe.say([
      { t: 'sub', sub: 'x', device: ['a'], since: at(1) },
      { t: 'sub', sub: 'y', device: ['a', 'b'], mode: 'log', since: at(0) },
    ]);
    await settle();
    happen('a');
    expect(eventOffsets(pipe)).toEqual([1, 2, 3, 4]);
  });

  test('[LIV-2] come to a subscription that joins later without repeating those of the others', async () => {
    const pipe = new FakePipe();
    open(pipe);
    happen('a');
    happen('b');
    pipe.say({ t: 'sub', sub: 'x', device: ['a'], since: at(0) });
    await settle();
    pipe.say({ t: 'sub', sub: 'y', device: ['*'], since: at(0) });
    await settle();
    expect(eventOffsets(pipe)).toEqual([1, 2]);
  });

  test('[LIV-2] that are committed while missed ones are read wait their turn, and come once', async () => {
    const pipe = new FakePipe();
    open(pipe);
    happen('a');
    let answer: () => void = () => {};
    ports.eventsSince = after =>
      new Promise(resolve => {
        answer = () => resolve(events.filter(({ offset }) => offset > after));
      });
    pipe.say({ t: 'sub', sub: 'x', since: at(0) });
    await settle();
    happen('a');
    expect(eventOffsets(pipe)).toEqual([]);
    answer();
    await settle();
    happen('a');
    expect(eventOffsets(pipe)).toEqual([1, 2, 3]);
  });

  test('[LIV-2] are never overtaken by a position: rows wait for those that found no room', async () => {
    const pipe = new FakePipe('sse');
    const viewer = open(pipe);
    viewer.subscribe({ sub: 's', mode: 'log' });
    await settle();
    pipe.buffered = full;
    happen('a');
    pipe.buffered = 0;
    log.commit([1, 1, 1]);
    expect(pipe.of('data')).toEqual([]);
    pipe.end.drained();
    await settle();
    const order = pipe.frames.map(({ t }) => t).filter(t => t === 'event' || t === 'data');
    expect(order).toEqual(['event', 'data']);
    for (const [i, frame] of pipe.frames.entries()) {
      if (frame.t === 'event') expect(parsePosition(pipe.positions[i] ?? '')?.offset).toBeLessThanOrEqual(frame.offset);
    }
  });

  test('[LIV-3] beyond a limit become a gap', async () => {
    const pipe = new FakePipe();
    open(pipe);
    pipe.say({ t: 'sub', sub: 's' });
    await settle();
    pipe.buffered = full;
    for (let n = 0; n < 1_001; n++) happen('a');
    expect(pipe.of('gap')).toEqual([{ t: 'gap', from: 0, to: 1_001, reason: 'slow' }]);
    pipe.buffered = 0;
    happen('a');
    expect(eventOffsets(pipe)).toEqual([1_002]);
  });

  test('[LIV-2] that cannot be read become a gap, and what follows goes on', async () => {
    ports.eventsSince = async () => null;
    const pipe = new FakePipe();
    open(pipe);
    happen('a');
    pipe.say({ t: 'sub', sub: 's', since: at(0) });
    await settle();
    expect(pipe.of('gap')).toMatchObject([{ from: 0, to: 1, reason: 'slow' }]);
    happen('a');
    expect(eventOffsets(pipe)).toEqual([2]);
  });
});

describe('positions over HTTP', () => {
  test('[LIV-2] there is none before each subscription has its snapshot', async () => {
    log.commit([1, 1, 1]);
    const pipe = new FakePipe('sse');
    const viewer = open(pipe);
    viewer.sendFrame({ t: 'hb', offset: 0, now: 0 });
    viewer.subscribe({ sub: 'x' });
    viewer.subscribe({ sub: 'y' });
    await settle();
    const snaps = pipe.frames.flatMap(({ t }, i) => (t === 'snap' ? [pipe.positions[i] ?? null] : []));
    expect(pipe.positions[0]).toBeNull();
    expect(snaps).toEqual([null, 'E:1']);
  });

  test('[LIV-2] it is the least of all subscriptions, and says which events went ahead of it', async () => {
    const pipe = new FakePipe('sse');
    const viewer = open(pipe);
    viewer.subscribe({ sub: 'quick', metric: ['m1'], mode: 'log' });
    viewer.subscribe({ sub: 'slow', metric: ['m2'], mode: 'log', intervalMs: 1_000 });
    await settle();
    log.commit([1, 1, 1], [2, 1, 1]);
    log.clock.advance(1);
    log.commit([2, 2, 2]);
    log.commit([1, 2, 2]);
    happen('a');
    const last = parsePosition(pipe.positions.at(-1) ?? '');
    expect(last).toMatchObject({ offset: 1, events: 4 });
    log.clock.advance(1_000);
    expect(parsePosition(pipe.positions.at(-1) ?? '')).toMatchObject({ offset: 4, events: 4 });
  });

  test('[LIV-4] it says which changes of freshness were told, once nothing waits', async () => {
    log.commit([1, 1, 1]);
    const pipe = new FakePipe('sse');
    open(pipe).subscribe({ sub: 's' });
    await settle();
    log.age(1, 'late');
    expect(parsePosition(pipe.positions.at(-1) ?? '')?.seen).toBe('boot.1');
  });
});

describe('a connection', () => {
  test('[LIV-5] that is idle is asked and told once a heartbeat; one that is silent for two is over', () => {
    const pipe = new FakePipe();
    const viewer = open(pipe);
    const alive: boolean[] = [];
    for (let tick = 1; tick <= 40; tick++) {
      log.clock.advance(1_000);
      if (tick === 20) pipe.end.heard();
      alive.push(!viewer.beat(log.clock.now(), 1_000).lost);
    }
    expect(alive.every(each => each)).toBe(true);
    expect([pipe.pings, pipe.of('hb').length]).toEqual([2, 2]);
    for (let tick = 41; !viewer.beat(log.clock.now(), 1_000).lost; tick++) {
      log.clock.advance(1_000);
      expect(tick).toBeLessThan(60);
    }
    expect(log.clock.now() - viewer.pulse.heardAt).toBe(39_000);
  });

  test('[ACC-4] of a viewer may look and not command; every frame is answered', async () => {
    const pipe = new FakePipe();
    open(pipe);
    pipe.say([
      { t: 'cmd', id: 1, device: 'a', name: 'set' },
      { t: 'sub', id: 2, sub: 's' },
      { t: 'dance', id: 3 },
      { t: 'unsub', id: 4, sub: 's' },
      { t: 'ping', id: 5 },
    ]);
    await settle();
    const answers = pipe.frames.flatMap(frame =>
      'id' in frame ? [[frame.id, frame.t, 'code' in frame ? frame.code : '']] : [],
    );
    expect(answers.sort()).toEqual([
      [1, 'err', 'forbidden'],
      [2, 'ok', ''],
      [3, 'err', 'bad_message'],
      [4, 'ok', ''],
      [5, 'pong', ''],
    ]);
  });

  test('that floods the gateway, or says what is no JSON, is closed', () => {
    const flood = new FakePipe();
    open(flood);
    for (let n = 0; n < 101; n++) flood.say({ t: 'ping' });
    expect(flood.closedWith?.[0]).toBe(4429);
    const many = new FakePipe();
    open(many);
    for (let n = 0; n < 3; n++) many.say(Array.from({ length: 90 }, () => ({ t: 'unsub', sub: 's' })));
    expect(many.closedWith?.[0]).toBe(4429);
    const noise = new FakePipe();
    open(noise);
    noise.end.message('nonsense', false);
    expect(noise.closedWith?.[0]).toBe(4400);
  });

  test('[LIV-3] with no room gets no rows until there is some, and then what is newest', async () => {
    const pipe = new FakePipe();
    open(pipe);
    pipe.say({ t: 'sub', sub: 's' });
    await settle();
    pipe.buffered = full;
    for (let n = 1; n <= 100; n++) log.commit([1, n, n]);
    expect([pipe.of('data').length, pipe.of('slow')]).toEqual([0, [{ t: 'slow', sub: 's', offset: 1, behind: true }]]);
    pipe.buffered = 0;
    pipe.end.drained();
    expect(pipe.of('snap').at(-1)?.rows).toEqual([[1, 100, 100, 'live']]);
    expect(pipe.of('slow').at(-1)?.behind).toBe(false);
  });

  test('[LIV-3] [CMD-11] with no room is told once of each device, as it is when there is room again', () => {
    const pipe = new FakePipe();
    const other = new FakePipe();
    open(pipe);
    pipe.say({ t: 'sub', id: 1, sub: 's', device: ['a'] });
    pipe.say({ t: 'sub', id: 2, sub: 't', device: ['a'], metric: ['m1'] });
    expect(pipe.frames.map(({ t }) => t)).toEqual(['ok', 'control', 'ok', 'control']);
    pipe.buffered = full;
    new Viewer(other, { name: 'ben', role: 'viewer', scope: null, hash: 'b' }, '127.0.0.1', ports, () => {});
    for (let n = 0; n < 20; n++) {
      other.say({ t: n % 2 === 0 ? 'sub' : 'unsub', sub: 's', ...(n % 2 === 0 && { device: ['a'] }) });
      log.clock.advance(3_000);
    }
    other.say({ t: 'sub', sub: 's', device: ['a'] });
    log.clock.advance(3_000);
    expect(pipe.of('control')).toHaveLength(2);
    pipe.buffered = 0;
    pipe.end.drained();
    expect(pipe.of('control').map(({ watching }) => watching.join())).toEqual(['ann', 'ann', 'ann,ben']);
    for (const each of [pipe, other]) each.end.closed();
    log.clock.advance(2_000);
    expect(ports.watchers.of('a').watching).toEqual([]);
  });

  test('gives back what it held when it closes', async () => {
    const pipe = new FakePipe();
    open(pipe);
    pipe.say({ t: 'sub', sub: 's', device: ['a'] });
    await settle();
    expect([...log.hub.ofDevice('a')]).toHaveLength(1);
    pipe.end.closed();
    // Whoever comes back at once, as a long poll does, finds it there.
    expect([...log.hub.ofDevice('a')]).toHaveLength(1);
    log.clock.advance(2_000);
    expect([...log.hub.ofDevice('a')]).toHaveLength(0);
  });
});
