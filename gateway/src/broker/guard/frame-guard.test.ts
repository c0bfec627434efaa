import { once } from 'node:events';
import { type Duplex, duplexPair } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { ManualClock } from '../../../test/instruments/manual-clock.ts';
import { limits } from '../../contract/index.ts';
import { TokenBucket } from '../../lib/token-bucket.ts';
import { Backlog } from './backlog.ts';
import { FrameGuard, type GuardConfig } from './frame-guard.ts';
import { Unsent } from './outbox.ts';
import { connectOf, packet, publishOf } from './packets.fixture.ts';

const config: GuardConfig = { connectTimeoutMs: 5_000, packetBytesMax: 64 * 1024, keepAliveSecondsMax: 100 };
const publish = publishOf('a/b');

/** Turns of the event loop, so that what was written has arrived. */
async function settle(): Promise<void> {
  for (let i = 0; i < 10; i++) await new Promise(resolve => setImmediate(resolve));
}

/** A guard with a device on one side, and on the other a broker that takes what it gets at once. */
function guarded(options: { config?: Partial<GuardConfig>; backlog?: Backlog; unsent?: Unsent } = {}) {
  const clock = new ManualClock();
  const [stream, device] = duplexPair();
  const endings: string[] = [];
  const taken: Buffer[] = [];
  let throttled = 0;
  const guard = new FrameGuard(
    stream as Duplex,
    '10.0.0.1',
    { ...config, ...options.config },
    {
      clock,
      backlog: options.backlog ?? new Backlog(),
      unsent: options.unsent ?? new Unsent(1e9),
      connecting() {
        guard.on('readable', () => {
          for (let run = guard.read(); run !== null; run = guard.read()) taken.push(run as Buffer);
        });
        guard.on('error', () => {});
      },
      ending: ({ code }) => endings.push(code),
      failed(error) {
        throw error;
      },
      throttled: () => throttled++,
    },
  );
  const rates = (perSecond: number) => {
    const rate = () => new TokenBucket({ perSecond, burst: perSecond }, clock.now());
    return { messages: rate(), bytes: new TokenBucket({ perSecond: 1e9, burst: 1e9 }, clock.now()) };
  };
  const received: Buffer[] = [];
  device.on('error', () => {});
  return {
    clock,
    guard,
    device,
    endings,
    throttled: () => throttled,
    signIn: (perSecond = 1e6) => guard.signedIn(rates(perSecond)),
    read: () => device.on('data', chunk => received.push(chunk)),
    received: () => Buffer.concat(received),
    /** Bytes that the broker was given after CONNECT. */
    taken: () => Buffer.concat(taken).subarray(connectOf({}).length),
    takenAll: () => Buffer.concat(taken),
  };
}

async function connected(keepAliveS = 60, perSecond?: number, options?: Parameters<typeof guarded>[0]) {
  const both = guarded(options);
  both.device.write(connectOf({ keepAliveS }));
  await settle();
  both.signIn(perSecond);
  return both;
}

describe('a client that connects', () => {
  test('[BRK-4] and sends no CONNECT is closed after the timeout; one that sent it is not', async () => {
    const silent = guarded();
    silent.device.write(connectOf({}).subarray(0, 5));
    await settle();
    silent.clock.advance(4_999);
    expect(silent.endings).toEqual([]);
    silent.clock.advance(1);
    expect(silent.endings).toEqual(['mqtt_connect_timeout']);
    expect(silent.guard.destroyed).toBe(true);
    const good = await connected();
    good.clock.advance(60_000);
    expect(good.endings).toEqual([]);
  });

  test.each([
    ['another version', connectOf({ level: 5 }), 'mqtt_version', Buffer.from([0x20, 2, 0, 1])],
    ['no client id', connectOf({ flags: 0, fields: [''] }), 'mqtt_client_id', Buffer.from([0x20, 2, 0, 2])],
    ['no MQTT', Buffer.from('GET / HTTP/1.1\r\n'), 'mqtt_order', Buffer.alloc(0)],
  ])('[BRK-1] with %s is told why where the standard has a code, and closed', async (_, bytes, code, answer) => {
    const { device, endings, read, received, takenAll } = guarded();
    read();
    device.write(bytes);
    await once(device, 'end');
    expect(endings).toEqual([code]);
    expect(received().equals(answer)).toBe(true);
    expect(takenAll()).toHaveLength(0);
  });

  test('[BRK-1] and announces more than a CONNECT may have is closed by the announcement', async () => {
    const { device, guard, endings } = guarded();
    device.write(Buffer.from([0x10, 0x80, 0x80, 0x80, 0x08]));
    await settle();
    expect(endings).toEqual(['mqtt_too_large']);
    expect(guard.destroyed).toBe(true);
  });

  test('what comes behind CONNECT waits until it was answered', async () => {
    const { device, signIn, taken } = guarded();
    device.write(Buffer.concat([connectOf({}), publish, publish]));
    await settle();
    expect(taken()).toHaveLength(0);
    signIn();
    await settle();
    expect(taken()).toHaveLength(2 * publish.length);
  });

  test('and says goodbye at once has its messages delivered first', async () => {
    const { device, signIn, taken, guard } = guarded();
    const ended = once(guard, 'end');
    device.end(Buffer.concat([connectOf({}), publish, packet(0xe0)]));
    await settle();
    signIn();
    await ended;
    expect(taken().equals(Buffer.concat([publish, packet(0xe0)]))).toBe(true);
  });
});

describe('a breach', () => {
  test('[BRK-1] ends the connection after what came before it, and the broker sees nothing of it', async () => {
    const { device, endings, guard, taken } = await connected();
    device.write(Buffer.concat([publish, packet(0xf0), publish]));
    await settle();
    expect(taken().equals(publish)).toBe(true);
    expect(endings).toEqual(['mqtt_malformed']);
    expect(guard.destroyed).toBe(true);
  });

  test('is noted once, and nothing after it is', async () => {
    const { device, endings, guard } = await connected();
    device.write(packet(0xf0));
    device.write(packet(0xf0));
    await settle();
    device.write(packet(0xf0));
    guard.destroy();
    await settle();
    expect(endings).toHaveLength(1);
  });
});

describe('keep-alive', () => {
  test.each([
    ['what the client asked for', 60, 60],
    ['the limit, where it asked for more', 60_000, 100],
    ['the limit, where it asked for none', 0, 100],
  ])('[BRK-3] is %s: a client that is silent for one and a half times as long is closed', async (_, asked, seconds) => {
    const { clock, endings, takenAll } = await connected(asked);
    clock.advance(seconds * 1_500 - 1);
    expect(endings).toEqual([]);
    clock.advance(seconds * 1_500 * 0.25 + 1);
    expect(endings).toEqual(['mqtt_keep_alive']);
    // The broker is told of none, so that it does not measure what is not its own.
    expect(takenAll().readUInt16BE(10)).toBe(0);
  });

  test('a client that sends anything is not silent', async () => {
    const { clock, device, endings } = await connected(10);
    for (let i = 0; i < 10; i++) {
      clock.advance(10_000);
      device.write(packet(0xc0));
      await settle();
    }
    expect(endings).toEqual([]);
  });

  test('a clock that is set makes nobody silent', async () => {
    const { clock, endings } = await connected(10);
    clock.set(clock.now() + 3_600_000);
    clock.advance(1);
    expect(endings).toEqual([]);
  });

  test('[BRK-3] does not run out while the gateway is the one that does not read', async () => {
    const backlog = new Backlog({ messages: 1, bytes: 1_000 });
    const { clock, device, endings, taken } = await connected(10, undefined, { backlog });
    backlog.add(1);
    device.write(Buffer.concat([publish, publish]));
    await settle();
    clock.advance(3_600_000);
    expect(endings).toEqual([]);
    expect(taken()).toHaveLength(0);
    backlog.remove(1);
    await settle();
    expect(taken()).toHaveLength(2 * publish.length);
    clock.advance(20_000);
    expect(endings).toEqual(['mqtt_keep_alive']);
  });
});

describe('what is taken in', () => {
  test('[BRK-3] goes on at the rate that is allowed, and nothing of it is dropped', async () => {
    const { clock, device, taken, throttled } = await connected(60, 100);
    for (let i = 0; i < 4; i++) {
      device.write(Buffer.concat(Array.from({ length: 100 }, () => publish)));
      await settle();
    }
    expect(taken()).toHaveLength(200 * publish.length);
    expect(throttled()).toBe(1);
    clock.advance(999);
    await settle();
    expect(taken()).toHaveLength(200 * publish.length);
    clock.advance(1);
    await settle();
    expect(taken()).toHaveLength(300 * publish.length);
    clock.advance(1_000);
    await settle();
    expect(taken()).toHaveLength(400 * publish.length);
  });

  test('[ING-5] waits while too much of its own connection waits for a commit', async () => {
    const { device, guard, taken } = await connected();
    for (let i = 0; i < 2_000; i++) guard.backlog.add(1);
    device.write(publish);
    await settle();
    expect(taken()).toHaveLength(0);
    for (let i = 0; i < 1_001; i++) guard.backlog.remove(1);
    await settle();
    expect(taken()).toHaveLength(publish.length);
  });

  test('[BRK-3] comes in pieces, however much a client sends at once', async () => {
    const { device, guard } = await connected();
    const runs: number[] = [];
    guard.removeAllListeners('readable');
    guard.on('readable', () => {
      const run = guard.read() as Buffer | null;
      if (run !== null) runs.push(run.length / publish.length);
    });
    const many = Buffer.concat(Array.from({ length: 1_200 }, () => publish));
    device.write(many);
    await settle();
    expect(Math.max(...runs)).toBeLessThanOrEqual(512);
    expect(runs.reduce((sum, count) => sum + count)).toBe(1_200);
    // A broker that is busy finds one piece when it comes back, not all that came meanwhile.
    guard.removeAllListeners('readable');
    guard.on('readable', () => {});
    device.write(many);
    await settle();
    expect(guard.readableLength / publish.length).toBe(512);
  });
});

describe('what is sent', () => {
  test('leaves in order, in whatever pieces the broker writes it', async () => {
    const { guard, read, received } = await connected();
    read();
    const pieces = ['topic', Buffer.from([1]), Buffer.alloc(10_000, 7), Buffer.from([2, 3]), 'é', Buffer.alloc(600, 8)];
    for (const piece of pieces) expect(guard.write(piece)).toBe(true);
    await settle();
    guard.write('later');
    await settle();
    expect(received().equals(Buffer.concat([...pieces, 'later'].map(piece => Buffer.from(piece as string))))).toBe(
      true,
    );
  });

  test('[BRK-2] to a client that does not read is taken without a wait up to a limit, then the connection is cut', async () => {
    const unsent = new Unsent(1e9);
    const { guard, endings } = await connected(60, undefined, { unsent });
    const piece = Buffer.alloc(16 * 1024);
    for (let sent = 0; sent < limits.mqttUnsentBytesMax; sent += piece.length) {
      expect(guard.write(piece)).toBe(true);
      await settle();
    }
    expect(endings).toEqual([]);
    expect(unsent.bytes).toBeGreaterThan(limits.mqttUnsentBytesMax / 2);
    for (let more = 0; more < 8; more++) guard.write(piece);
    await settle();
    expect(endings).toEqual(['mqtt_unread']);
    expect(guard.destroyed).toBe(true);
    expect(unsent.bytes).toBe(0);
  });

  test('[BRK-2] what a kept session had for it may leave at the client’s own pace, and new messages beside it', async () => {
    const { guard, device, endings, signIn, read, received } = guarded();
    device.write(connectOf({}));
    await settle();
    const kept = Buffer.alloc(4 * limits.mqttUnsentBytesMax, 1);
    guard.write(kept);
    await settle();
    signIn();
    guard.write(Buffer.alloc(limits.mqttUnsentBytesMax / 2, 2));
    await settle();
    expect(endings).toEqual([]);
    read();
    while (received().length < kept.length + limits.mqttUnsentBytesMax / 2) await settle();
    expect(endings).toEqual([]);
    device.pause();
    device.removeAllListeners('data');
    for (let sent = 0; sent < 2 * limits.mqttUnsentBytesMax; sent += 256 * 1024) {
      guard.write(Buffer.alloc(256 * 1024));
      await settle();
    }
    expect(endings).toEqual(['mqtt_unread']);
  });

  test('[BRK-2] where all together hold too much, each may hold less', async () => {
    const unsent = new Unsent(100_000);
    const { guard, endings } = await connected(60, undefined, { unsent });
    unsent.bytes += 100_001;
    guard.write(Buffer.alloc(128 * 1024));
    await settle();
    expect(endings).toEqual(['mqtt_unread']);
    expect(unsent.bytes).toBe(100_001);
  });

  test('what was said last leaves before the connection closes', async () => {
    const { guard, device, read, received } = await connected();
    read();
    guard.write('goodbye');
    guard.destroy();
    await once(device, 'end');
    expect(received().toString()).toBe('goodbye');
  });
});

test('[BRK-1] a guard throws nothing at a client that breaks off at any time', async () => {
  const { guard, device, endings } = await connected();
  device.write(publish.subarray(0, 3));
  await settle();
  const closed = once(guard, 'close');
  device.destroy(new Error('gone'));
  await settle();
  if (!guard.destroyed) guard.destroy();
  await closed;
  guard.write('too late');
  guard.end();
  expect(endings).toEqual([]);
});
