// A device that takes commands and answers them at once, and publishes when it is told to.
import type { Socket } from 'node:net';
import { openDevice } from '../../test/instruments/device-socket.ts';
import { field, packet, splitPackets } from '../../test/instruments/mqtt-bytes.ts';

/** Id of a command, and when it came. */
export type Taken = (command: string, at: number) => void;

const types = { publish: 3, suback: 9 } as const;
const ids = 65_535;
const ok = Buffer.from('{"ok":true}');

export class TakingDevice {
  private readonly socket: Socket;
  private readonly device: string;
  private readonly taken: Taken;
  private id = 0;
  private rest: Buffer = Buffer.alloc(0);
  private subscribed: (() => void) | null = null;

  private constructor(socket: Socket, device: string, taken: Taken) {
    this.socket = socket;
    this.device = device;
    this.taken = taken;
    socket.on('data', chunk => this.take(chunk));
  }

  /** Connects and subscribes; resolves with the SUBACK. */
  static async open(
    port: number,
    credential: readonly [device: string, secret: string],
    taken: Taken,
  ): Promise<TakingDevice> {
    const [device] = credential;
    const one = new TakingDevice(await openDevice(port, credential), device, taken);
    const granted = new Promise<void>(resolve => {
      one.subscribed = resolve;
    });
    one.socket.write(packet(0x82, one.nextId(), field(`devices/${device}/commands/+`), Buffer.from([1])));
    await granted;
    return one;
  }

  /** Publishes telemetry with QoS 1. The PUBACK is not looked at. */
  publish(payload: string): void {
    this.socket.write(packet(0x32, field(`devices/${this.device}/telemetry`), this.nextId(), Buffer.from(payload)));
  }

  close(): void {
    this.socket.destroy();
  }

  private take(chunk: Buffer): void {
    const { packets, rest } = splitPackets(this.rest.length === 0 ? chunk : Buffer.concat([this.rest, chunk]));
    this.rest = rest;
    const at = performance.now();
    for (const { type, body } of packets) {
      if (type === types.suback) this.subscribed?.();
      if (type === types.publish) this.command(body, at);
    }
  }

  private command(body: Buffer, at: number): void {
    const topicEnd = 2 + body.readUInt16BE(0);
    const topic = body.toString('utf8', 2, topicEnd);
    const acknowledged = packet(0x40, body.subarray(topicEnd, topicEnd + 2));
    const answer = packet(0x32, field(`${topic}/result`), this.nextId(), ok);
    this.socket.write(Buffer.concat([acknowledged, answer]));
    this.taken(topic.slice(topic.lastIndexOf('/') + 1), at);
  }

  private nextId(): Buffer {
    // 0 is no packet id.
    this.id = (this.id % ids) + 1;
    return Buffer.from([this.id >> 8, this.id & 0xff]);
  }
}
