// One record of CSV: where its fields lie. Knows quotes and line ends (RFC 4180), and nothing of what the fields mean.
import { textIn } from './text-in.ts';

/** Fields of a record whose places are kept. Further ones are passed over. */
export const fieldsMax = 256;

/** Where the fields of one record lie, without their quotes; used again for the next record. */
export type Fields = {
  count: number;
  starts: Int32Array;
  ends: Int32Array;
  /** 0: no quotes. 1: in quotes. 2: in quotes, with doubled quotes inside. */
  quoted: Uint8Array;
  /** Line ends inside the record, in quotes. */
  newlines: number;
  /** The quoted field that was looked at last has doubled quotes inside. */
  isDoubled: boolean;
};

export const newFields = (): Fields => ({
  count: 0,
  starts: new Int32Array(fieldsMax),
  ends: new Int32Array(fieldsMax),
  quoted: new Uint8Array(fieldsMax),
  newlines: 0,
  isDoubled: false,
});

/** The record does not end in these bytes. */
export const unfinished = -1;
/** A quoted field is followed by something else than a delimiter or a line end, or never ends. */
export const malformed = -2;

const quote = 34;
const newline = 10;
const carriageReturn = 13;

/**
 * Finds the fields of the record that begins at `start`, and returns where the next begins. `isLast`: no bytes follow,
 * so that the record may end without a line end.
 */
export function findRecord(bytes: Buffer, start: number, isLast: boolean, delimiter: number, into: Fields): number {
  const { length } = bytes;
  into.count = into.newlines = 0;
  for (let at = start; ; at++) {
    let fieldStart = at;
    let fieldEnd: number;
    let quoted = 0;
    if (at < length && bytes[at] === quote) {
      const closing = closingQuote(bytes, at + 1, into);
      if (closing < 0) return isLast ? malformed : unfinished;
      quoted = into.isDoubled ? 2 : 1;
      fieldStart = at + 1;
      fieldEnd = closing;
      at = closing + 1;
      if (at === length && !isLast) return unfinished;
      if (bytes[at] === carriageReturn) {
        if (at + 1 === length && !isLast) return unfinished;
        if (at + 1 === length || bytes[at + 1] === newline) at++;
      }
      if (at < length && bytes[at] !== delimiter && bytes[at] !== newline) return malformed;
    } else {
      while (at < length && bytes[at] !== delimiter && bytes[at] !== newline) at++;
      if (at === length && !isLast) return unfinished;
      fieldEnd = at;
      const endsLine = at === length || bytes[at] === newline;
      if (endsLine && fieldEnd > fieldStart && bytes[fieldEnd - 1] === carriageReturn) fieldEnd--;
    }
    if (into.count < fieldsMax) {
      into.starts[into.count] = fieldStart;
      into.ends[into.count] = fieldEnd;
      into.quoted[into.count++] = quoted;
    }
    if (at >= length) return length;
    if (bytes[at] === newline) return at + 1;
  }
}

/** Where the quote is that ends a field, or `unfinished`. */
function closingQuote(bytes: Buffer, start: number, into: Fields): number {
  into.isDoubled = false;
  for (let at = start; at < bytes.length; at++) {
    const byte = bytes[at];
    if (byte === newline) into.newlines++;
    if (byte !== quote) continue;
    if (bytes[at + 1] !== quote) return at;
    into.isDoubled = true;
    at++;
  }
  return unfinished;
}

/** The text of a field with its doubled quotes made single, or null where it is not UTF-8. */
export function fieldText(bytes: Buffer, fields: Fields, field: number): string | null {
  const text = textIn(bytes, fields.starts[field] as number, fields.ends[field] as number);
  return text !== null && fields.quoted[field] === 2 ? text.replaceAll('""', '"') : text;
}
