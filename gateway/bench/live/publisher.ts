// Publishes at a fixed pace whatever the gateway does. Each value is the moment at which its message was due, so that
// whoever receives it knows how long it took, and a stall counts for every message that fell due during it.

import { openDevice } from '../../test/instruments/device-socket.ts';
import { field, packet } from '../../test/instruments/mqtt-bytes.ts';

const idCount = 65_536;
const pause = (ms: number) => new Promise(resolve => setTimeout(resolve, ms));

export type PublisherArgs = {
  port: number;
  credentials: readonly [device: string, secret: string][];
  /** Messages a second, over all topics. */
  rate: number;
  seconds: number;
  /** Metrics that take turns on each device; each message has one. */
  metrics?: readonly string[];
};

/** Connects all devices; `run` publishes and resolves with the number of messages and how late they went out (ms, p99). */
export async function openPublisher({ port, credentials, rate, seconds, metrics = ['v'] }: PublisherArgs) {
  const sockets = await Promise.all(credentials.map(pair => openDevice(port, pair)));
  // PUBACKs are not looked at: what counts here is what arrives at the viewers.
  for (const socket of sockets) socket.resume();
  const topics = metrics.flatMap(metric =>
    credentials.map(([device], i) => ({ topic: field(`devices/${device}/telemetry/${metric}`), socket: sockets[i] })),
  );
  let id = 0;
  return {
    async run(): Promise<{ messages: number; lateP99: number }> {
      const begin = performance.now();
      const total = rate * seconds;
      const late: number[] = [];
      for (let sent = 0; sent < total; await pause(1)) {
        const now = performance.now();
        for (; sent < total && begin + (sent * 1_000) / rate <= now; sent++) {
          const dueAt = begin + (sent * 1_000) / rate;
          const { topic, socket } = topics[sent % topics.length] as (typeof topics)[number];
          // 0 is no packet id.
          id = (id % (idCount - 1)) + 1;
          const payload = Buffer.from(dueAt.toFixed(3));
          socket?.write(packet(0x32, topic, Buffer.from([id >> 8, id & 0xff]), payload));
          late.push(now - dueAt);
        }
      }
      late.sort((a, b) => a - b);
      return { messages: total, lateP99: late[Math.floor(late.length * 0.99)] ?? 0 };
    },
    close() {
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** How long each row of a `data` frame took, in ms, for values made by a publisher of this process. */
export function delaysOf(payload: Buffer, now: number): number[] {
  const { rows } = JSON.parse(payload.toString()) as { rows: [number, number, number][] };
  return rows.map(([, , dueAt]) => now - dueAt);
}
