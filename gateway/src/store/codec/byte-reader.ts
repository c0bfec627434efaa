// A place in stored bytes that moves on; it never leaves them.
import { DamagedError } from './damaged.ts';

/** Reads what ByteWriter wrote. Every method throws DamagedError where the bytes end too early. */
export class ByteReader {
  at: number;
  readonly end: number;
  private readonly bytes: Uint8Array;
  private readonly view: DataView;

  constructor(bytes: Uint8Array, at = 0, end = bytes.length) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.at = at;
    this.end = end;
  }

  byte(): number {
    this.need(1);
    return this.bytes[this.at++] as number;
  }

  varint(): number {
    let value = 0;
    let scale = 1;
    for (let i = 0; i < 8; i++) {
      const byte = this.byte();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        if (value > 2 ** 53) break;
        return value;
      }
      scale *= 128;
    }
    throw new DamagedError(`no integer ends at byte ${this.at}`);
  }

  signed(): number {
    const value = this.varint();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  uint32(): number {
    this.need(4);
    this.at += 4;
    return this.view.getUint32(this.at - 4, true);
  }

  double(): number {
    this.need(8);
    this.at += 8;
    return this.view.getFloat64(this.at - 8, true);
  }

  /** The next bytes. Shares the memory. */
  take(length: number): Uint8Array {
    this.need(length);
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }

  /** Bytes that are still to come. */
  left(): number {
    return this.end - this.at;
  }

  private need(length: number): void {
    if (length > this.end - this.at) throw new DamagedError(`${length} bytes are wanted at ${this.at} of ${this.end}`);
  }
}
