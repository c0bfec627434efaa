// ULIDs: 48 bits of time and 80 random bits, in 26 characters that sort by time (github.com/ulid/spec).
import { randomBytes } from 'node:crypto';

const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/** A new id for the given time; ids of the same millisecond do not sort among themselves. */
export function ulid(nowMs: number): string {
  let time = Math.floor(nowMs);
  let head = '';
  for (let digit = 0; digit < 10; digit++) {
    head = alphabet[time % 32] + head;
    time = Math.floor(time / 32);
  }
  let tail = '';
  for (const byte of randomBytes(16)) tail += alphabet[byte % 32];
  return head + tail;
}
