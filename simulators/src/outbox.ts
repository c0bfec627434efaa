// What a device has measured and not yet sent: a bounded list of readings, as real loggers have it. When it is full
// the oldest goes, counted. Readings are kept as the JSON they will be sent as, which is also the smallest form.

/** Readings in one message after a time away: some tens of kilobytes, far below the gateway's largest packet. */
const batchReadingsMax = 100;

/** The unsent readings of one device, oldest first. */
export class Outbox {
  readonly #readingsMax: number;
  #readings: string[] = [];
  /** Those before this index are sent; the list is trimmed when they are many, so that taking stays cheap. */
  #first = 0;

  constructor(readingsMax: number) {
    this.#readingsMax = readingsMax;
  }

  /** Readings that wait. */
  get size(): number {
    return this.#readings.length - this.#first;
  }

  /** Adds a reading. Gives how many old ones had to go for it: 0 or 1. */
  add(reading: string): number {
    const full = this.size >= this.#readingsMax;
    if (full) this.#skip(1);
    this.#readings.push(reading);
    return full ? 1 : 0;
  }

  /** Takes the next message: one reading as it is, several as an array. Null when nothing waits. */
  take(): string | null {
    const count = Math.min(this.size, batchReadingsMax);
    if (count === 0) return null;
    const batch = this.#readings.slice(this.#first, this.#first + count);
    this.#skip(count);
    return count === 1 ? batch[0]! : `[${batch.join(',')}]`;
  }

  #skip(count: number): void {
    this.#first += count;
    if (this.#first === this.#readings.length) {
      this.#readings = [];
      this.#first = 0;
    } else if (this.#first >= batchReadingsMax) {
      this.#readings = this.#readings.slice(this.#first);
      this.#first = 0;
    }
  }
}
