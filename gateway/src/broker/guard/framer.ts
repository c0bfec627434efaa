// Cuts a stream of bytes into runs of whole, sound MQTT packets. A run is a piece of the chunk that came wherever that
// is possible, so that nothing is copied and nothing is made for each packet.
// Invariant: what leaves is sound by every rule; whatever the bytes are, nothing is thrown.
// Full: of a packet that is not whole at most its announced size is held, and that is limited.
import { limits } from '../../contract/index.ts';
import { type Breach, breaches } from './breach.ts';
import { connectBreach } from './connect-rules.ts';
import { bodyBreach, firstByteBreach, packetTypes } from './packet-rules.ts';

/** What one run may weigh: it is worked off in one turn of the event loop, and others wait meanwhile. */
const weightPerRunMax = 512;
const bytesPerRunMax = 64 * 1024;
/** A first byte and up to four bytes of length (MQTT 3.1.1, 2.2.3). */
const headerBytesMax = 5;
const nothing = Buffer.alloc(0);

export class Framer {
  /** Why the stream is not gone on with; what came before was sound and is given out first. */
  breach: Breach | null = null;
  /** What the run that was given out last weighs: a packet is one, and so is each filter of it, or thereabouts. */
  weight = 0;
  /** True once CONNECT was given out. */
  connected = false;
  private chunk: Buffer = nothing;
  private at = 0;
  /** A packet that is not whole yet, at the beginning of a buffer that grows with it. */
  private partial: Buffer = nothing;
  private filled = 0;
  private over = false;
  /** Set by `readHeader`: where the body begins and the packet ends. */
  private body = 0;
  private end = 0;
  private readonly packetBytesMax: number;

  constructor(packetBytesMax: number) {
    this.packetBytesMax = packetBytesMax;
  }

  /** Takes the next bytes. Best called where all before were looked at, see `isIdle`. */
  feed(chunk: Buffer): void {
    this.chunk = this.isIdle() ? chunk : Buffer.concat([this.chunk.subarray(this.at), chunk]);
    this.at = 0;
  }

  /** True where nothing is left to look at. */
  isIdle(): boolean {
    return this.at >= this.chunk.length;
  }

  /** The next run of whole packets, or null where it takes more bytes, or where `breach` says why there are no more. */
  next(): Buffer | null {
    this.weight = 0;
    // After DISCONNECT nothing is processed (MQTT 3.1.1, 3.14.4).
    if (this.over || this.breach !== null) return this.drop();
    const run = this.filled > 0 ? this.completePartial() : this.wholePackets();
    if (run !== null) return run;
    return this.breach === null ? null : this.drop();
  }

  private drop(): null {
    this.chunk = this.partial = nothing;
    this.at = this.filled = 0;
    return null;
  }

  private wholePackets(): Buffer | null {
    const { chunk, at } = this;
    let end = at;
    while (end < chunk.length && this.weight < weightPerRunMax && end - at < bytesPerRunMax && !this.over) {
      if (!this.readHeader(chunk, end, chunk.length) || this.end > chunk.length || !this.isSound(chunk, end)) break;
      this.weight += weightOf(chunk[end] as number, this.end - end);
      end = this.end;
      // CONNECT goes alone: what comes behind it waits until it was answered.
      if (chunk[at] === 0x10) break;
    }
    this.at = end;
    if (end > at) return at === 0 && end === chunk.length ? chunk : chunk.subarray(at, end);
    if (this.breach === null) this.holdRest();
    return null;
  }

  /** Reads the header of the packet at `at`; false where it is not whole, or where it is a breach. */
  private readHeader(bytes: Buffer, at: number, stop: number): boolean {
    const first = bytes[at] as number;
    this.breach = this.orderBreach(first);
    if (this.breach !== null) return false;
    let length = 0;
    for (let i = 1; i < headerBytesMax; i++) {
      if (at + i >= stop) return false;
      const byte = bytes[at + i] as number;
      length |= (byte & 0x7f) << (7 * (i - 1));
      if (byte >= 0x80) continue;
      this.body = at + i + 1;
      this.end = this.body + length;
      if (this.end - at > this.bytesMax()) {
        this.breach = this.connected ? breaches.tooLarge : breaches.connectTooLarge;
      }
      return this.breach === null;
    }
    this.breach = breaches.length;
    return false;
  }

  /** CONNECT comes first, and once (MQTT 3.1.1, 3.1). */
  private orderBreach(first: number): Breach | null {
    const isConnect = first >> 4 === packetTypes.connect;
    if (!this.connected && !isConnect) return breaches.notConnect;
    if (this.connected && isConnect) return breaches.secondConnect;
    return firstByteBreach(first);
  }

  private bytesMax(): number {
    return this.connected ? this.packetBytesMax : limits.mqttConnectBytesMax;
  }

  private isSound(bytes: Buffer, at: number): boolean {
    const first = bytes[at] as number;
    if (first === 0x10) {
      this.breach = connectBreach(bytes, this.body, this.end);
      this.connected = this.breach === null;
    } else {
      this.breach = bodyBreach(bytes, first, this.body, this.end);
      this.over = first === 0xe0;
    }
    return this.breach === null;
  }

  /** Keeps what is left of the chunk, which is less than a packet; a copy, so that no large chunk is held for it. */
  private holdRest(): void {
    const rest = this.chunk.length - this.at;
    if (rest > 0) this.hold(rest);
    this.chunk = nothing;
    this.at = 0;
  }

  private hold(count: number): void {
    const size = this.filled + count;
    if (size > this.partial.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(size, Math.min(this.partial.length * 2, this.bytesMax()), 64));
      this.partial.copy(larger, 0, 0, this.filled);
      this.partial = larger;
    }
    this.chunk.copy(this.partial, this.filled, this.at, this.at + count);
    this.filled = size;
    this.at += count;
  }

  /** Goes on with the packet that is not whole; gives it out alone once it is. */
  private completePartial(): Buffer | null {
    while (!this.readHeader(this.partial, 0, this.filled)) {
      if (this.breach !== null || this.isIdle()) return null;
      this.hold(1);
    }
    const missing = Math.min(this.end - this.filled, this.chunk.length - this.at);
    if (missing > 0) this.hold(missing);
    if (this.filled < this.end || !this.isSound(this.partial, 0)) return null;
    const whole = this.partial.subarray(0, this.end);
    this.partial = nothing;
    this.filled = 0;
    this.weight = weightOf(whole[0] as number, whole.length);
    return whole;
  }
}

/** Bytes of a filter, to tell how many there are in a packet. */
const filterBytes = 16;

function weightOf(first: number, bytes: number): number {
  return first === 0x82 || first === 0xa2 ? Math.ceil(bytes / filterBytes) : 1;
}
