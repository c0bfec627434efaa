// The end of a chunk of bytes, kept until the line that begins in it is whole. Never longer than a line may be, plus
// the chunk that came last.

const newline = 10;

export class Tail {
  private kept = Buffer.alloc(4096);
  private length = 0;

  /** What was kept and `chunk` as one, or null where no line ends in it yet. */
  joined(chunk: Uint8Array): Buffer | null {
    if (this.length === 0) {
      const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
      if (bytes.indexOf(newline) >= 0) return bytes;
      this.keep(bytes);
      return null;
    }
    const start = this.length;
    this.keep(chunk);
    return this.kept.subarray(start, this.length).indexOf(newline) < 0 ? null : this.rest();
  }

  /** Keeps `bytes` behind what is kept already. */
  keep(bytes: Uint8Array): void {
    if (this.length + bytes.byteLength > this.kept.length) {
      const larger = Buffer.alloc(Math.max(this.kept.length * 2, this.length + bytes.byteLength));
      this.kept.copy(larger, 0, 0, this.length);
      this.kept = larger;
    }
    this.kept.set(bytes, this.length);
    this.length += bytes.byteLength;
  }

  /** Takes out all that is kept; valid until `keep` is called. */
  rest(): Buffer {
    const rest = this.kept.subarray(0, this.length);
    this.length = 0;
    return rest;
  }

  /** Bytes that are kept. */
  size(): number {
    return this.length;
  }
}
