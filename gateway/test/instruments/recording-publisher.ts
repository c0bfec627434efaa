// A device that keeps what is not acknowledged and sends it again after the next connect, as the standard asks of it
// (MQTT 3.1.1, 4.4), and writes down what was acknowledged. Free of the test runner, so that benchmarks use it too.
import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { field, packet } from './mqtt-bytes.ts';

const word = (number: number) => Buffer.from([number >> 8, number & 0xff]);
const types = { connack: 2, puback: 4, pubrec: 5, pubcomp: 7 };
const idsMax = 65_535;

export type PublisherOptions = {
  device: string;
  secret: string;
  qos: 1 | 2;
  /** Messages under way at a time. */
  window?: number;
  readingsPerMessage?: number;
  /** Characters of text beside each number that nothing can pack more tightly. */
  paddingLength?: number;
  /** Time of reading 0; each further one is a millisecond later. */
  startTs?: number;
};

/** A message that is not through: waiting for PUBACK or PUBREC (`publish`), or for PUBCOMP (`release`). */
type Pending = { id: number; number: number; phase: 'publish' | 'release' };

export class RecordingPublisher {
  readonly device: string;
  readonly startTs: number;
  readonly readingsPerMessage: number;
  /** Numbers of the messages that the gateway has said are on disk. */
  readonly acknowledged = new Set<number>();
  /** Messages that were ever sent. */
  sent = 0;
  /** Acknowledgements that had no message, which a broker must not send. */
  strayAcknowledgements = 0;
  private readonly secret: string;
  private readonly qos: 1 | 2;
  private readonly window: number;
  private readonly paddingLength: number;
  private readonly pending = new Map<number, Pending>();
  private lastId = 0;
  private stopped = false;
  private socket: Socket | null = null;
  private watchers: { count: number; resolve: () => void }[] = [];

  constructor({
    device,
    secret,
    qos,
    window = 200,
    readingsPerMessage = 1,
    paddingLength = 0,
    startTs = 1_763_820_000_000,
  }: PublisherOptions) {
    this.device = device;
    this.secret = secret;
    this.qos = qos;
    this.window = window;
    this.readingsPerMessage = readingsPerMessage;
    this.paddingLength = paddingLength;
    this.startTs = startTs;
  }

  /** Readings that were acknowledged. */
  readings(): number {
    return this.acknowledged.size * this.readingsPerMessage;
  }

  /** It was stopped, and all that it sent is acknowledged. */
  isDone(): boolean {
    return this.stopped && this.pending.size === 0;
  }

  /** Connects, resumes the session, and publishes until the connection ends or, after `stop`, all is acknowledged. */
  async run(port: number): Promise<void> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    this.socket = socket;
    socket.on('error', () => {});
    const ended = new Promise<void>(resolve => socket.once('close', () => resolve()));
    let bytes: Buffer = Buffer.alloc(0);
    socket.on('data', chunk => {
      bytes = bytes.length === 0 ? chunk : Buffer.concat([bytes, chunk as Buffer]);
      bytes = this.takeAll(bytes);
    });
    socket.once('connect', () => {
      // Clean session off: what is under way belongs to the session, and is gone on with.
      const head = Buffer.concat([field('MQTT'), Buffer.from([4, 0xc0, 0, 0])]);
      socket.write(packet(0x10, head, field(this.device), field(this.device), field(this.secret)));
    });
    await ended;
    this.socket = null;
  }

  /** Sends nothing new, and takes its leave once everything is acknowledged. */
  stop(): void {
    this.stopped = true;
    this.leaveIfDone();
  }

  /** Resolves once so many messages were acknowledged in all. */
  whenAcknowledged(count: number): Promise<void> {
    if (this.acknowledged.size >= count) return Promise.resolve();
    return new Promise(resolve => this.watchers.push({ count, resolve }));
  }

  /** No longer reads what comes, as a device that hangs; the connection stays. */
  freeze(): void {
    this.socket?.pause();
  }

  private takeAll(bytes: Buffer): Buffer {
    let at = 0;
    // All that is awaited here has a length of two bytes.
    while (bytes.length - at >= 4) {
      this.take((bytes[at] as number) >> 4, bytes.subarray(at + 2, at + 4));
      at += 4;
    }
    return bytes.subarray(at);
  }

  private take(type: number, body: Buffer): void {
    if (type === types.connack) {
      if (body[1] !== 0) throw new Error(`CONNACK ${body[1]}`);
      for (const message of this.pending.values()) this.sendAgain(message);
    } else {
      const id = body.readUInt16BE(0);
      const message = this.pending.get(id);
      if (message === undefined) this.strayAcknowledgements++;
      else if (type === types.puback) this.settle(message, true);
      else if (type === types.pubrec) {
        message.phase = 'release';
        this.note(message.number);
        this.socket?.write(packet(0x62, word(id)));
      } else if (type === types.pubcomp) this.settle(message, false);
    }
    this.fill();
    this.leaveIfDone();
  }

  private settle({ id, number }: Pending, note: boolean): void {
    this.pending.delete(id);
    if (note) this.note(number);
  }

  private note(number: number): void {
    this.acknowledged.add(number);
    if (this.watchers.length === 0) return;
    this.watchers = this.watchers.filter(({ count, resolve }) => {
      if (this.acknowledged.size < count) return true;
      resolve();
      return false;
    });
  }

  private fill(): void {
    const { socket } = this;
    if (socket === null || this.stopped || this.pending.size >= this.window) return;
    const packets: Buffer[] = [];
    while (this.pending.size < this.window) {
      const message: Pending = { id: this.freeId(), number: this.sent++, phase: 'publish' };
      this.pending.set(message.id, message);
      packets.push(this.publishPacket(message, false));
    }
    socket.write(Buffer.concat(packets));
  }

  private freeId(): number {
    do this.lastId = (this.lastId % idsMax) + 1;
    while (this.pending.has(this.lastId));
    return this.lastId;
  }

  private sendAgain(message: Pending): void {
    const again = message.phase === 'publish' ? this.publishPacket(message, true) : packet(0x62, word(message.id));
    this.socket?.write(again);
  }

  private publishPacket({ id, number }: Pending, dup: boolean): Buffer {
    const first = number * this.readingsPerMessage;
    const padding = () => randomBytes(this.paddingLength).toString('base64').slice(0, this.paddingLength);
    const more = () => (this.paddingLength === 0 ? '' : `,"padding":"${padding()}"`);
    const reading = (n: number) => `{"ts":${this.startTs + n},"values":{"n":${n}${more()}}}`;
    const payload =
      this.readingsPerMessage === 1
        ? reading(first)
        : `[${Array.from({ length: this.readingsPerMessage }, (_, i) => reading(first + i)).join(',')}]`;
    const topic = field(`devices/${this.device}/telemetry`);
    return packet(0x30 | (dup ? 8 : 0) | (this.qos << 1), topic, word(id), Buffer.from(payload));
  }

  private leaveIfDone(): void {
    if (this.isDone()) this.socket?.end(packet(0xe0));
  }
}
