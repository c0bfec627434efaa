// A subscriber that stops reading while much is published for it, and beside it a device that publishes at its pace to a
// subscriber of its own: how long that one has to wait at most. Free of the test runner, so that benchmarks use it too.
import type { Socket } from 'node:net';
import { openDevice } from './device-socket.ts';
import { field, packet, splitPackets } from './mqtt-bytes.ts';

type Credential = readonly [device: string, secret: string];

export type FrozenArgs = { port: number; loud: Credential; polite: Credential; seconds: number };
export type FrozenResult = {
  /** The longest that a message of the polite device was under way to its subscriber, ms; still under way counts too. */
  stallMs: number;
  /** The longest that one waited for its PUBACK. */
  pubackMs: number;
  messages: number;
  delivered: number;
  /** Bytes that were published for the frozen one and acknowledged. */
  pouredBytes: number;
  /** Whether the frozen one was cut off. */
  isCut: boolean;
};

const politeEveryMs = 20;
/** What fills the frozen one's way: messages of twenty texts, a few under way at a time. */
const window = 8;
const pouredPayload = Buffer.from(
  JSON.stringify(Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`t${i}`, 'x'.repeat(1_000)]))),
);
/** Small messages in one piece: more than a broker hands out at a time, so that all it hands out may come to wait. */
const batchMessages = 500;
const batchEveryMs = 100;
/** More than the buffers of a connection within one machine, some 10 MB, hold for it. */
const pouredBytesMin = 16e6;
/** On a busy machine that takes its time. */
const fillMsMax = 60_000;
/** How long the frozen one reads at the end. */
const thawMs = 1_000;
const pause = (ms: number) => new Promise(resolve => setTimeout(resolve, ms));
const word = (id: number) => Buffer.from([id >> 8, id & 0xff]);
const types = { publish: 3, puback: 4 };

function subscribe(socket: Socket, device: string): void {
  socket.write(packet(0x82, word(1), field(`devices/${device}/#`), Buffer.from([0])));
}

function publish(socket: Socket, device: string, id: number, payload: Buffer): void {
  socket.write(packet(0x32, field(`devices/${device}/telemetry`), word(id), payload));
}

function onPacket(socket: Socket, take: (type: number, body: Buffer) => void): void {
  let left: Buffer = Buffer.alloc(0);
  socket.on('data', chunk => {
    const { packets, rest } = splitPackets(left.length === 0 ? chunk : Buffer.concat([left, chunk]));
    left = rest;
    for (const { type, body } of packets) take(type, body);
  });
}

/**
 * Fills the frozen one's way and measures the polite one's meanwhile: for so many seconds, and until more was published
 * than the system's own buffers take, or nothing was acknowledged for so many seconds.
 */
export async function frozenSubscriber({ port, loud, polite, seconds }: FrozenArgs): Promise<FrozenResult> {
  const result: FrozenResult = { stallMs: 0, pubackMs: 0, messages: 0, delivered: 0, pouredBytes: 0, isCut: false };
  const sockets = await Promise.all([
    openDevice(port, loud, 'frozen'),
    openDevice(port, loud, 'loud'),
    openDevice(port, loud, 'small'),
    openDevice(port, polite, 'polite'),
    openDevice(port, polite, 'listener'),
  ]);
  const [frozen, pour, small, speaker, listener] = sockets as [Socket, Socket, Socket, Socket, Socket];
  frozen.removeAllListeners('error').on('error', () => {});
  subscribe(frozen, loud[0]);
  subscribe(listener, polite[0]);
  await pause(500);
  frozen.pause();

  let id = 0;
  let pouredAt = performance.now();
  const pourOne = () => {
    id = (id % 60_000) + 1;
    publish(pour, loud[0], id, pouredPayload);
  };
  onPacket(pour, type => {
    if (type !== types.puback) return;
    result.pouredBytes += pouredPayload.length;
    pouredAt = performance.now();
    pourOne();
  });
  for (let i = 0; i < window; i++) pourOne();

  let batchLeft = 0;
  const batches = setInterval(() => {
    if (batchLeft > 0) return;
    batchLeft = batchMessages;
    small.cork();
    for (let i = 1; i <= batchMessages; i++) publish(small, loud[0], i, Buffer.from('{"s":1}'));
    small.uncork();
  }, batchEveryMs);
  onPacket(small, type => {
    if (type === types.puback) batchLeft--;
  });

  const sentAt: number[] = [];
  const pubackAt = new Set<number>();
  onPacket(speaker, (type, body) => {
    const n = type === types.puback ? body.readUInt16BE(0) - 1 : -1;
    if (n < 0) return;
    pubackAt.add(n);
    result.pubackMs = Math.max(result.pubackMs, performance.now() - (sentAt[n] as number));
  });
  const deliveredAt = new Set<number>();
  onPacket(listener, (type, body) => {
    if (type !== types.publish) return;
    const { n } = JSON.parse(body.subarray(2 + body.readUInt16BE(0)).toString()) as { n: number };
    deliveredAt.add(n);
    result.stallMs = Math.max(result.stallMs, performance.now() - (sentAt[n] as number));
  });
  const begin = performance.now();
  const goesOn = () => {
    const now = performance.now();
    const isOver = result.pouredBytes >= pouredBytesMin || now - pouredAt >= seconds * 1_000;
    return now - begin < seconds * 1_000 || (!isOver && now - begin < fillMsMax);
  };
  for (let n = 0; goesOn(); n++) {
    sentAt.push(performance.now());
    publish(speaker, polite[0], n + 1, Buffer.from(`{"n":${n}}`));
    await pause(politeEveryMs);
  }
  // What has not come by now has waited for so long at least.
  for (const [n, at] of sentAt.entries()) {
    const waitedMs = performance.now() - at;
    if (!deliveredAt.has(n)) result.stallMs = Math.max(result.stallMs, waitedMs);
    if (!pubackAt.has(n)) result.pubackMs = Math.max(result.pubackMs, waitedMs);
  }
  clearInterval(batches);
  // Whoever does not read does not see that the other end is gone.
  const cut = new Promise<boolean>(resolve => frozen.once('close', () => resolve(true)));
  frozen.resume();
  result.isCut = await Promise.race([cut, pause(thawMs).then(() => false)]);
  for (const socket of sockets) socket.destroy();
  return { ...result, messages: sentAt.length, delivered: deliveredAt.size };
}
