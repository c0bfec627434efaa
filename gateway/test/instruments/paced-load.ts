// Publishes at a fixed pace whatever the gateway does, and takes each PUBACK's delay from when its publish was due: a
// stall then counts for every message that fell due during it.
import type { Socket } from 'node:net';
import { openDevice } from './device-socket.ts';
import { field, packet } from './mqtt-bytes.ts';

export type PacedArgs = {
  port: number;
  credentials: [device: string, secret: string][];
  /** Messages a second, over all connections. */
  rate: number;
  seconds: number;
  warmupSeconds: number;
};
/** Delays in ms; `late` is how far behind its own schedule the generator sent. */
export type PacedResult = {
  due: number;
  acknowledged: number;
  p50: number;
  p99: number;
  max: number;
  lateP99: number;
};

const idCount = 65_536;

/** One device: its packets differ only in the two bytes of the packet id. */
class Line {
  /** When the publish of each packet id was due, performance.now(). */
  private readonly dueAt = new Float64Array(idCount);
  private readonly publish: Buffer;
  private readonly idAt: number;
  private nextId = 0;
  private rest: Buffer = Buffer.alloc(0);
  private readonly socket: Socket;
  private readonly acknowledged: (dueAt: number) => void;

  private constructor(device: string, socket: Socket, acknowledged: (dueAt: number) => void) {
    const payload = Buffer.from(JSON.stringify({ metric0: 20.25 }));
    this.publish = packet(0x32, field(`devices/${device}/telemetry`), Buffer.from([0, 0]), payload);
    this.idAt = this.publish.length - payload.length - 2;
    this.socket = socket;
    this.acknowledged = acknowledged;
    socket.on('data', chunk => this.take(chunk));
  }

  static async open(port: number, pair: [string, string], acknowledged: (dueAt: number) => void): Promise<Line> {
    return new Line(pair[0], await openDevice(port, pair), acknowledged);
  }

  send(dueAt: number): void {
    // 0 is no packet id.
    this.nextId = (this.nextId % (idCount - 1)) + 1;
    this.dueAt[this.nextId] = dueAt;
    const bytes = Buffer.from(this.publish);
    bytes.writeUInt16BE(this.nextId, this.idAt);
    this.socket.write(bytes);
  }

  close(): void {
    this.socket.destroy();
  }

  /** Nothing but PUBACKs comes, four bytes each. */
  private take(chunk: Buffer): void {
    const bytes = this.rest.length === 0 ? chunk : Buffer.concat([this.rest, chunk]);
    let at = 0;
    for (; at + 4 <= bytes.length; at += 4) this.acknowledged(this.dueAt[bytes.readUInt16BE(at + 2)] as number);
    this.rest = bytes.subarray(at);
  }
}

/** The value below which `share` (0 to 1) of the numbers lie. */
function percentile(numbers: readonly number[], share: number): number {
  const sorted = Float64Array.from(numbers).sort();
  return sorted[Math.min(Math.floor(sorted.length * share), sorted.length - 1)] ?? Number.NaN;
}

const pause = (ms: number) => new Promise(resolve => setTimeout(resolve, ms));
/** For acknowledgements that are still on their way at the end. */
const lastWaitMs = 10_000;

export async function pacedLoad({ port, credentials, rate, seconds, warmupSeconds }: PacedArgs): Promise<PacedResult> {
  const delays: number[] = [];
  const late: number[] = [];
  let countFrom = Number.POSITIVE_INFINITY;
  const acknowledged = (dueAt: number) => {
    if (dueAt >= countFrom) delays.push(performance.now() - dueAt);
  };
  const lines = await Promise.all(credentials.map(pair => Line.open(port, pair, acknowledged)));
  const begin = performance.now();
  countFrom = begin + warmupSeconds * 1_000;
  const everyMs = 1_000 / rate;
  const total = (warmupSeconds + seconds) * rate;
  let due = 0;
  for (let sent = 0; sent < total; await pause(1)) {
    const now = performance.now();
    for (; sent < total && begin + sent * everyMs <= now; sent++) {
      const dueAt = begin + sent * everyMs;
      lines[sent % lines.length]?.send(dueAt);
      if (dueAt < countFrom) continue;
      due++;
      late.push(now - dueAt);
    }
  }
  const end = performance.now();
  while (delays.length < due && performance.now() - end < lastWaitMs) await pause(10);
  for (const line of lines) line.close();
  return {
    due,
    acknowledged: delays.length,
    p50: percentile(delays, 0.5),
    p99: percentile(delays, 0.99),
    max: percentile(delays, 1),
    lateP99: percentile(late, 0.99),
  };
}
