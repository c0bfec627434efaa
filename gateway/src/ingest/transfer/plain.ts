// Numbers and times as plain text in bytes, read without making a string of them: this runs for every line.
import type { Millis, Value } from '../../contract/index.ts';
import { textIn } from '../../lib/text-in.ts';
import { parseTime } from '../timestamp.ts';
import { excerpt, excerptOf, type Wrong } from './lines.ts';

const zero = 48;
const nine = 57;
const plus = 43;
const minus = 45;
const point = 46;
const comma = 44;
/** Up to so many digits a mantissa is an exact double, and one division rounds it correctly. */
const exactDigits = 15;
const powers = Array.from({ length: exactDigits + 1 }, (_, i) => 10 ** i);

const isDigit = (byte: number | undefined) => byte !== undefined && byte >= zero && byte <= nine;

/** Skips digits; returns where they end. */
function digitsEnd(bytes: Buffer, start: number, end: number): number {
  let at = start;
  while (at < end && isDigit(bytes[at])) at++;
  return at;
}

/** The number that `bytes` spell from `start` to `end`; NaN where they spell none. Infinity where it is too large. */
export function numberIn(bytes: Buffer, start: number, end: number): number {
  const first = bytes[start];
  let at = first === minus || first === plus ? start + 1 : start;
  const wholeStart = at;
  let mantissa = 0;
  for (; at < end; at++) {
    const digit = (bytes[at] as number) - zero;
    if (digit < 0 || digit > 9) break;
    mantissa = mantissa * 10 + digit;
  }
  let digits = at - wholeStart;
  let fraction = 0;
  if (at < end && bytes[at] === point) {
    const fractionStart = ++at;
    for (; at < end; at++) {
      const digit = (bytes[at] as number) - zero;
      if (digit < 0 || digit > 9) break;
      mantissa = mantissa * 10 + digit;
    }
    fraction = at - fractionStart;
    digits += fraction;
  }
  if (digits === 0) return Number.NaN;
  if (at === end && digits <= exactDigits) {
    const size = mantissa / (powers[fraction] as number);
    return first === minus ? -size : size;
  }
  if (at < end && !isExponent(bytes, at, end)) return Number.NaN;
  return Number(bytes.toString('latin1', start, end));
}

function isExponent(bytes: Buffer, start: number, end: number): boolean {
  if (bytes[start] !== 0x65 && bytes[start] !== 0x45) return false;
  const sign = bytes[start + 1];
  const from = sign === minus || sign === plus ? start + 2 : start + 1;
  return from < end && digitsEnd(bytes, from, end) === end;
}

const notFinite = /^[+-]?(nan|inf(inity)?)$/i;

/** True for `21,5`: almost surely a number, but taken for text it would be kept without anybody being told. */
function isDecimalComma(bytes: Buffer, start: number, end: number): boolean {
  const from = bytes[start] === minus || bytes[start] === plus ? start + 1 : start;
  const middle = digitsEnd(bytes, from, end);
  return middle > from && bytes[middle] === comma && middle + 1 < end && digitsEnd(bytes, middle + 1, end) === end;
}

const space = 32;

/** The first byte from `start` on that is no space. */
function spacesEnd(bytes: Buffer, start: number, end: number): number {
  let at = start;
  while (at < end && bytes[at] === space) at++;
  return at;
}

/** Behind the last byte before `end` that is no space. */
function spacesStart(bytes: Buffer, start: number, end: number): number {
  let at = end;
  while (at > start && bytes[at - 1] === space) at--;
  return at;
}

/**
 * A value that stands without quotes: a number, `true`, `false`, or else text. Spaces around a number or a boolean
 * mean nothing; those around a text are its own.
 */
export function plainValueIn(bytes: Buffer, start: number, end: number): Value | Wrong {
  const from = spacesEnd(bytes, start, end);
  const to = spacesStart(bytes, from, end);
  const number = numberIn(bytes, from, to);
  if (Number.isFinite(number)) return number;
  const text = textIn(bytes, from, to);
  if (text === null) return { expected: 'UTF-8', got: excerptOf(bytes.subarray(from, to)) };
  if (text === 'true') return true;
  if (text === 'false') return false;
  if (text === '') return { expected: 'a value ("" is the empty text)', got: 'nothing' };
  if (!Number.isNaN(number) || notFinite.test(text)) {
    return { expected: 'a finite number (or quotes around a text)', got: excerpt(text) };
  }
  if (isDecimalComma(bytes, from, to)) {
    return { expected: 'a number with a point (or quotes around a text)', got: excerpt(text) };
  }
  return to - from === end - start ? text : bytes.toString('utf8', start, end);
}

const two = (bytes: Buffer, at: number) => ((bytes[at] as number) - zero) * 10 + ((bytes[at + 1] as number) - zero);

const dayMs = 86_400_000;

/** Times of a file, most of which lie in the same day as the one before. */
export class TimeReader {
  private readonly day = Buffer.alloc(10);
  private dayStart = Number.NaN;

  /** Seconds, milliseconds or ISO 8601 as Unix milliseconds; null for anything else. */
  read(bytes: Buffer, fieldStart: number, fieldEnd: number): Millis | null {
    const start = spacesEnd(bytes, fieldStart, fieldEnd);
    const end = spacesStart(bytes, start, fieldEnd);
    const number = numberIn(bytes, start, end);
    if (!Number.isNaN(number)) return Number.isFinite(number) ? parseTime(number) : null;
    const length = end - start;
    // `2025-11-22T14:13:20Z`, with or without three digits of milliseconds; all other forms take the longer way.
    if ((length === 24 || length === 20) && bytes[start + 10] === 0x54 && bytes[end - 1] === 0x5a) {
      const ms = this.readUsual(bytes, start, length);
      if (ms !== null) return ms;
    }
    return length > 40 ? null : parseTime(bytes.toString('latin1', start, end));
  }

  private readUsual(bytes: Buffer, start: number, length: number): Millis | null {
    for (let i = 11; i < length - 1; i++) {
      const expected = i === 13 || i === 16 ? 58 : i === 19 ? point : 0;
      if (expected === 0 ? !isDigit(bytes[start + i]) : bytes[start + i] !== expected) return null;
    }
    const hours = two(bytes, start + 11);
    const minutes = two(bytes, start + 14);
    const seconds = two(bytes, start + 17);
    if (hours > 23 || minutes > 59 || seconds > 59 || !this.findDay(bytes, start)) return null;
    const ms = length === 24 ? ((bytes[start + 20] as number) - zero) * 100 + two(bytes, start + 21) : 0;
    return this.dayStart + ((hours * 60 + minutes) * 60 + seconds) * 1000 + ms;
  }

  private findDay(bytes: Buffer, start: number): boolean {
    for (let i = 9; i >= 0; i--) {
      if (bytes[start + i] === this.day[i]) continue;
      const ms = parseTime(bytes.toString('latin1', start, start + 10));
      if (ms === null || ms % dayMs !== 0) return false;
      this.dayStart = ms;
      bytes.copy(this.day, 0, start, start + 10);
      return true;
    }
    return true;
  }
}
