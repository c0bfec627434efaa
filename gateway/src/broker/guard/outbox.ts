// What is to be sent to one client. The broker writes packets in pieces of one and two bytes; they are gathered and
// handed to the socket once in a turn of the event loop. The broker never waits for a client: what one does not read
// stays here up to a limit, then the connection is cut ([BRK-2]).
import type { Duplex } from 'node:stream';

/** Unsent bytes of all connections together. Each may have its own share, but not all of them at once. */
export class Unsent {
  bytes = 0;
  readonly bytesMax: number;

  constructor(bytesMax: number) {
    this.bytesMax = bytesMax;
  }
}

const firstSize = 512;
/** A piece that is larger goes as it is; a smaller one is copied behind the others. */
const copyBytesMax = 4 * 1024;

export class Outbox {
  private buffer = Buffer.allocUnsafe(firstSize);
  private length = 0;
  private large: Buffer[] = [];
  private largeBytes = 0;
  private noted = 0;
  private readonly socket: Duplex;
  private readonly all: Unsent;
  private readonly onSent = () => this.note();

  constructor(socket: Duplex, all: Unsent) {
    this.socket = socket;
    this.all = all;
  }

  /** Bytes that the operating system has not taken yet. */
  bytes(): number {
    return this.length + this.largeBytes + this.socket.writableLength;
  }

  isEmpty(): boolean {
    return this.length === 0 && this.largeBytes === 0;
  }

  add(piece: Uint8Array | string): void {
    if (typeof piece === 'string') return this.addText(piece);
    const { length } = piece;
    if (length > copyBytesMax) {
      this.seal();
      this.large.push(Buffer.from(piece.buffer, piece.byteOffset, length));
      this.largeBytes += length;
      return;
    }
    this.reserve(length);
    if (length <= 4) for (let i = 0; i < length; i++) this.buffer[this.length + i] = piece[i] as number;
    else this.buffer.set(piece, this.length);
    this.length += length;
  }

  /** Hands everything to the socket. */
  flush(): void {
    if (this.large.length > 0) {
      this.seal();
      this.socket.cork();
      for (const piece of this.large) this.socket.write(piece, this.onSent);
      this.socket.uncork();
      this.large = [];
      this.largeBytes = 0;
    } else if (this.length > 0) {
      const bytes = this.buffer.subarray(0, this.length);
      this.renew();
      this.socket.write(bytes, this.onSent);
    }
    this.note();
  }

  /** Takes this connection's bytes out of the sum of all. Call when it is over. */
  release(): void {
    this.all.bytes -= this.noted;
    this.noted = 0;
  }

  private addText(text: string): void {
    const most = text.length * 3;
    if (most > copyBytesMax) return this.add(Buffer.from(text));
    this.reserve(most);
    this.length += this.buffer.write(text, this.length);
  }

  private note(): void {
    if (this.socket.destroyed) return this.release();
    const now = this.bytes();
    this.all.bytes += now - this.noted;
    this.noted = now;
  }

  private reserve(count: number): void {
    if (this.length + count <= this.buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.length + count, this.buffer.length * 2));
    this.buffer.copy(larger, 0, 0, this.length);
    this.buffer = larger;
  }

  /** Puts what was gathered in line with the pieces that go as they are. */
  private seal(): void {
    if (this.length === 0) return;
    this.large.push(this.buffer.subarray(0, this.length));
    this.largeBytes += this.length;
    this.renew();
  }

  /** The socket holds the bytes until they are sent, so the next ones need a buffer of their own. */
  private renew(): void {
    this.buffer = Buffer.allocUnsafe(firstSize);
    this.length = 0;
  }
}
