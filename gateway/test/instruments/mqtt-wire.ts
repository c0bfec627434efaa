// An MQTT 3.1.1 client made of bytes, so that the broker is not tested with its own relatives. It knows just the
// packets that the tests need, and says exactly when each acknowledgement came.
import { connect, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectSecure } from 'node:tls';
import { field, packet } from './mqtt-bytes.ts';
import { withTestEnd } from './side-by-side.ts';

export type Packet = { type: number; flags: number; body: Buffer };

export const types = {
  connack: 2,
  publish: 3,
  puback: 4,
  pubrec: 5,
  pubcomp: 7,
  suback: 9,
  unsuback: 11,
  pingresp: 13,
} as const;

const word = (number: number) => Buffer.from([number >> 8, number & 0xff]);

export function publishPacket(
  topic: string,
  payload: string | Buffer,
  qos: number,
  id: number,
  retain = false,
): Buffer {
  const head = qos === 0 ? field(topic) : Buffer.concat([field(topic), word(id)]);
  return packet(0x30 | (qos << 1) | (retain ? 1 : 0), head, Buffer.from(payload));
}

export type SignIn = {
  id?: string;
  user?: string;
  secret?: string;
  clean?: boolean;
  keepAliveS?: number;
  will?: { topic: string; payload: string };
};

export function connectPacket({ id = 'wire', user, secret, clean = true, keepAliveS = 60, will }: SignIn): Buffer {
  const flags =
    (clean ? 0x02 : 0) | (user === undefined ? 0 : 0x80) | (secret === undefined ? 0 : 0x40) | (will ? 0x0c : 0);
  return packet(
    0x10,
    field('MQTT'),
    Buffer.from([4, flags, 0, keepAliveS]),
    field(id),
    ...(will ? [field(will.topic), field(will.payload)] : []),
    ...(user === undefined ? [] : [field(user)]),
    ...(secret === undefined ? [] : [field(secret)]),
  );
}

export class Wire {
  readonly socket: Socket;
  /** Packets that came and were not waited for yet. */
  readonly received: Packet[] = [];
  readonly closed: Promise<void>;
  /** What CONNACK said of a kept session. */
  sessionPresent = false;
  private isClosed = false;
  private bytes = Buffer.alloc(0);
  private waiting: { type: number; resolve: (packet: Packet) => void; reject: (error: Error) => void }[] = [];

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', chunk => this.take(chunk));
    socket.on('error', () => {});
    this.closed = new Promise(resolve => socket.once('close', () => resolve()));
    void this.closed.then(() => {
      this.isClosed = true;
      for (const { reject } of this.waiting) reject(new Error('the connection was closed'));
    });
  }

  /** Opens a connection, over TLS where it is told how, without signing in. */
  static async open(port: number, tls?: ConnectionOptions): Promise<Wire> {
    const place = { port, host: '127.0.0.1' };
    const socket = tls === undefined ? connect({ ...place, noDelay: true }) : connectSecure({ ...place, ...tls });
    withTestEnd(() => void socket.destroy());
    const opened = tls === undefined ? 'connect' : 'secureConnect';
    await new Promise((resolve, reject) => socket.once(opened, resolve).once('error', reject));
    return new Wire(socket);
  }

  /** Opens a connection and signs in; rejects where CONNACK is not 0. */
  static async connect(port: number, signIn: SignIn, tls?: ConnectionOptions): Promise<Wire> {
    const wire = await Wire.open(port, tls);
    wire.socket.write(connectPacket(signIn));
    const { body } = await wire.next(types.connack);
    if (body[1] !== 0) throw new Error(`CONNACK ${body[1]}`);
    wire.sessionPresent = body[0] === 1;
    return wire;
  }

  /** The next packet of the type; rejects where the connection ends before. */
  next(type: number): Promise<Packet> {
    const index = this.received.findIndex(candidate => candidate.type === type);
    const [found] = index < 0 ? [] : this.received.splice(index, 1);
    if (found !== undefined) return Promise.resolve(found);
    if (this.isClosed) return Promise.reject(new Error('the connection was closed'));
    return new Promise((resolve, reject) => this.waiting.push({ type, resolve, reject }));
  }

  send(bytes: Buffer): void {
    this.socket.write(bytes);
  }

  /** Publishes with QoS 1; resolves with the PUBACK's message id. */
  async publish(topic: string, payload: string | Buffer, id = 1, retain = false): Promise<number> {
    this.send(publishPacket(topic, payload, 1, id, retain));
    return (await this.next(types.puback)).body.readUInt16BE(0);
  }

  /** Resolves with the granted QoS of each filter; 128 is a refusal. */
  async subscribe(...filters: string[]): Promise<number[]> {
    return this.subscribeWith(1, ...filters);
  }

  /** The same with a QoS to ask for. */
  async subscribeWith(qos: number, ...filters: string[]): Promise<number[]> {
    this.send(packet(0x82, word(77), ...filters.flatMap(filter => [field(filter), Buffer.from([qos])])));
    return [...(await this.next(types.suback)).body.subarray(2)];
  }

  /** The next message that the broker hands over, acknowledged where it asks for that. */
  async message(): Promise<{ topic: string; payload: string; retain: boolean }> {
    const { flags, body } = await this.next(types.publish);
    const topicEnd = 2 + body.readUInt16BE(0);
    const withId = (flags & 0x06) !== 0;
    if (withId) this.send(packet(0x40, body.subarray(topicEnd, topicEnd + 2)));
    return {
      topic: body.toString('utf8', 2, topicEnd),
      payload: body.toString('utf8', topicEnd + (withId ? 2 : 0)),
      retain: (flags & 1) === 1,
    };
  }

  /** Takes its leave as the standard has it, without setting off the will. */
  disconnect(): Promise<void> {
    this.socket.end(packet(0xe0));
    return this.closed;
  }

  /** Breaks off, as a device does that loses power. */
  breakOff(): Promise<void> {
    this.socket.destroy();
    return this.closed;
  }

  private take(chunk: Buffer): void {
    this.bytes = Buffer.concat([this.bytes, chunk]);
    for (;;) {
      let length = 0;
      let at = 1;
      for (let shift = 0; ; shift += 7, at++) {
        const byte = this.bytes[at];
        if (byte === undefined) return;
        length |= (byte & 0x7f) << shift;
        if ((byte & 0x80) === 0) break;
      }
      const end = at + 1 + length;
      if (this.bytes.length < end) return;
      const first = this.bytes[0] as number;
      this.give({ type: first >> 4, flags: first & 0x0f, body: this.bytes.subarray(at + 1, end) });
      this.bytes = this.bytes.subarray(end);
    }
  }

  private give(got: Packet): void {
    const index = this.waiting.findIndex(({ type }) => type === got.type);
    const [waiter] = index < 0 ? [] : this.waiting.splice(index, 1);
    if (waiter === undefined) this.received.push(got);
    else waiter.resolve(got);
  }
}
