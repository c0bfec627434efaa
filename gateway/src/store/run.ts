// A run: the readings of one log entry, packed as they lie in the file. FORMAT.md describes the bytes.
import { decodeRunBody, isRunBody } from './codec/run-body.ts';

/** Bytes of a row, and of the header slot before the first. Rows stay aligned to their doubles. */
export const rowBytes = 24;
const wordsPerRow = rowBytes / 4;
const doublesPerRow = rowBytes / 8;
const formatVersion = 1;

export type RunValue = number | boolean | string;

export const numberType = 0;
export const booleanType = 1;
export const textType = 2;

/** The time is the gateway's own: the device sent none. */
export const timeAssigned = 1;
/** The device sent an impossible time; the reading is filed under receive time ([ING-3]). */
export const clockImpossible = 2;

/** Receive times are kept as a distance from the run's first; a run never waits this long for its commit. */
const receivedSpanMsMax = 0xffff;

/** Readings of one entry in rows of `rowBytes`, whatever the version of the body. `i` runs from 0 to `count - 1`, in order of arrival. */
export class Run {
  /** Position in the log; 0 until it is committed. */
  offset = 0;
  readonly count: number;
  private readonly doubles: Float64Array;
  private readonly words: Uint32Array;
  private readonly slot: number;
  private readonly texts: readonly string[];

  constructor(doubles: Float64Array, words: Uint32Array, slot: number, count: number, texts: readonly string[]) {
    this.doubles = doubles;
    this.words = words;
    this.slot = slot;
    this.count = count;
    this.texts = texts;
  }

  /** Index of the series. */
  series(i: number): number {
    return this.words[(this.slot + 1 + i) * wordsPerRow + 4] as number;
  }

  /** Source time, Unix milliseconds. */
  ts(i: number): number {
    return this.doubles[(this.slot + 1 + i) * doublesPerRow] as number;
  }

  /** The double of the row: the number itself, 0 or 1, or the place of the text. */
  double(i: number): number {
    return this.doubles[(this.slot + 1 + i) * doublesPerRow + 1] as number;
  }

  type(i: number): number {
    return ((this.words[(this.slot + 1 + i) * wordsPerRow + 5] as number) >>> 16) & 0xff;
  }

  /** Bits of `timeAssigned` and `clockImpossible`. */
  flags(i: number): number {
    return (this.words[(this.slot + 1 + i) * wordsPerRow + 5] as number) >>> 24;
  }

  /** Receive time, Unix milliseconds. */
  receivedAt(i: number): number {
    const span = (this.words[(this.slot + 1 + i) * wordsPerRow + 5] as number) & receivedSpanMsMax;
    return (this.doubles[this.slot * doublesPerRow] as number) + span;
  }

  value(i: number): RunValue {
    const double = this.double(i);
    switch (this.type(i)) {
      case booleanType:
        return double !== 0;
      case textType:
        return this.texts[double] ?? '';
      default:
        return double;
    }
  }

  /** The bytes of this run as an entry's body. Shares the memory where there is no text. */
  body(): Uint8Array {
    const bytes = new Uint8Array(this.doubles.buffer, this.slot * rowBytes, (this.count + 1) * rowBytes);
    if (this.texts.length === 0) return bytes;
    const tail = Buffer.from(JSON.stringify(this.texts));
    return Buffer.concat([bytes, tail]);
  }

  /** Earliest and latest source time. */
  span(): { first: number; last: number } {
    let first = Number.POSITIVE_INFINITY;
    let last = Number.NEGATIVE_INFINITY;
    for (let i = 0; i < this.count; i++) {
      const ts = this.ts(i);
      if (ts < first) first = ts;
      if (ts > last) last = ts;
    }
    return { first, last };
  }
}

/** Writes the header slot of a run. */
function writeHeader(doubles: Float64Array, words: Uint32Array, slot: number, receivedAt: number): void {
  doubles[slot * doublesPerRow] = receivedAt;
  words[slot * wordsPerRow + 2] = 0;
  words[slot * wordsPerRow + 3] = formatVersion;
  words[slot * wordsPerRow + 4] = 0;
  words[slot * wordsPerRow + 5] = 0;
}

/** Where one run lies in a packer's memory. */
export type RunPlace = { slot: number; count: number; texts: string[] };

/** Packs readings of one coming commit into memory that can be handed to the writer thread and back. */
export class Packer {
  private doubles: Float64Array;
  private words: Uint32Array;
  private place: RunPlace | null = null;
  /** Slots in use: rows, and a header for each run. */
  slots = 0;
  /** Characters of text that wait. */
  textLength = 0;

  constructor(memory: ArrayBuffer) {
    this.doubles = new Float64Array(memory);
    this.words = new Uint32Array(memory);
  }

  /** Adds a reading; returns the place of the run that it began, or null where it joined the one before. */
  push(series: number, ts: number, receivedAt: number, value: RunValue, flags: number): RunPlace | null {
    if (this.slots + 2 > this.doubles.length / doublesPerRow) this.grow();
    let begun: RunPlace | null = null;
    let place = this.place;
    if (place === null) {
      begun = place = this.place = { slot: this.slots++, count: 0, texts: [] };
      writeHeader(this.doubles, this.words, place.slot, receivedAt);
    }
    const slot = this.slots++;
    let double: number;
    let type = numberType;
    if (typeof value === 'number') double = value;
    else if (typeof value === 'boolean') {
      double = value ? 1 : 0;
      type = booleanType;
    } else {
      double = place.texts.push(value) - 1;
      type = textType;
      this.textLength += value.length;
    }
    const base = this.doubles[place.slot * doublesPerRow] as number;
    const span = Math.min(Math.max(receivedAt - base, 0), receivedSpanMsMax);
    this.doubles[slot * doublesPerRow] = ts;
    this.doubles[slot * doublesPerRow + 1] = double;
    this.words[slot * wordsPerRow + 4] = series;
    this.words[slot * wordsPerRow + 5] = span | (type << 16) | (flags << 24);
    this.words[place.slot * wordsPerRow + 2] = ++place.count;
    return begun;
  }

  /** Ends the run, so that what comes next lies behind it in the log. */
  endRun(): void {
    this.place = null;
  }

  /** The memory, to be transferred. The packer must not be used after it. */
  release(): ArrayBuffer {
    return this.doubles.buffer as ArrayBuffer;
  }

  private grow(): void {
    const larger = new Float64Array(this.doubles.length * 2);
    larger.set(this.doubles);
    this.doubles = larger;
    this.words = new Uint32Array(larger.buffer);
  }
}

/** The runs of a packer's memory, once it is back. */
export function runAt(memory: ArrayBuffer, place: RunPlace): Run {
  return new Run(new Float64Array(memory), new Uint32Array(memory), place.slot, place.count, place.texts);
}

/**
 * Reads an entry's body out of the file, of version 1 or 2. Throws where the bytes are not a run of a known version,
 * and DamagedError where they were one of version 2.
 */
export function decodeRun(offset: number, body: Uint8Array): Run {
  if (isRunBody(body)) {
    const run = decodeRunBody(body);
    run.offset = offset;
    return run;
  }
  // SQLite hands out bytes at any address; doubles need one that eight divides.
  const bytes = body.byteOffset % 8 === 0 ? body : new Uint8Array(body);
  const slots = Math.floor(bytes.byteLength / rowBytes);
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset, Math.floor(bytes.byteLength / 4));
  const count = words[2] as number;
  if (words[3] !== formatVersion) throw new Error(`log entry ${offset} has format ${words[3]}, not ${formatVersion}`);
  if (count + 1 > slots) throw new Error(`log entry ${offset} says ${count} readings and has room for ${slots - 1}`);
  const doubles = new Float64Array(bytes.buffer, bytes.byteOffset, slots * doublesPerRow);
  const tail = bytes.subarray((count + 1) * rowBytes);
  const texts = tail.byteLength === 0 ? [] : (JSON.parse(Buffer.from(tail).toString()) as string[]);
  const run = new Run(doubles, words, 0, count, texts);
  run.offset = offset;
  return run;
}

/** The same, or null where the entry is damaged: what reads the log goes on behind it, and a check tells of it. */
export function soundRun(offset: number, body: Uint8Array): Run | null {
  try {
    return decodeRun(offset, body);
  } catch {
    return null;
  }
}
