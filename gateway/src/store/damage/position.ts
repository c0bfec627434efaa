// Keys as numbers in the same order, so that whoever cannot read on may jump ahead by a distance: an integer is itself,
// a text its first bytes, and of several columns the first weighs most.
import type { KeyPart } from './shape.ts';

/** A key's values, column by column. Text is its bytes, so that every place between two texts can be named. */
export type Key = (bigint | Buffer)[];

/** Texts are told apart by so many bytes: more than a time-sorted id has. */
const textBytes = 32;
const bitsOf = { integer: 64n, text: BigInt(textBytes * 8) };
const integerOffset = 1n << 63n;

/** The position of the largest key. */
export const lastPosition = (parts: KeyPart[]): bigint =>
  (1n << parts.reduce((sum, part) => sum + bitsOf[part.kind], 0n)) - 1n;

/** Where to begin when not even the first row can be read. None of our tables has negative keys. */
export const firstPosition = (parts: KeyPart[]): bigint =>
  positionOf(
    parts,
    parts.map(part => (part.kind === 'integer' ? -1n : Buffer.alloc(0))),
  );

/** Whether the key has a position of its own; of a longer text only the beginning counts. */
export const isExact = (key: Key): boolean =>
  key.every(value => typeof value === 'bigint' || value.length <= textBytes);

/** A key's position. The next position is always behind the key. */
export function positionOf(parts: KeyPart[], key: Key): bigint {
  let position = 0n;
  let cut = false;
  parts.forEach((part, i) => {
    const bits = bitsOf[part.kind];
    const value = key[i] as bigint | Buffer;
    position <<= bits;
    // Behind a text that was cut short, the rest counts as the largest there is, so as not to fall back behind the key.
    if (cut) position |= (1n << bits) - 1n;
    else if (typeof value === 'bigint') position |= value + integerOffset;
    else {
      const head = Buffer.alloc(textBytes);
      value.copy(head);
      position |= BigInt(`0x${head.toString('hex')}`);
      cut = value.length > textBytes;
    }
  });
  return position;
}

/** The key at a position. */
export function keyAt(parts: KeyPart[], position: bigint): Key {
  const key: Key = [];
  let rest = position;
  for (const { kind } of [...parts].reverse()) {
    const value = rest & ((1n << bitsOf[kind]) - 1n);
    rest >>= bitsOf[kind];
    key.unshift(kind === 'integer' ? value - integerOffset : textAt(value));
  }
  return key;
}

function textAt(value: bigint): Buffer {
  const bytes = Buffer.from(value.toString(16).padStart(textBytes * 2, '0'), 'hex');
  let length = textBytes;
  while (length > 0 && bytes[length - 1] === 0) length--;
  return bytes.subarray(0, length);
}
