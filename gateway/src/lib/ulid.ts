// ULIDs: 48 bits of time and 80 random bits, in 26 characters that sort by time (github.com/ulid/spec).
import { randomBytes } from 'node:crypto';

const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/** A new id for the given time; ids of the same millisecond do not sort among themselves. */
export function ulid(nowMs: number): string {
  let tail = '';
  for (const byte of randomBytes(16)) tail += alphabet[byte % 32];
  return ulidsFrom(nowMs) + tail;
}

/** What sorts before every id of the given time and after every earlier one. */
export function ulidsFrom(ms: number): string {
  let time = Math.floor(ms);
  let head = '';
  for (let digit = 0; digit < 10; digit++) {
    head = alphabet[time % 32] + head;
    time = Math.floor(time / 32);
  }
  return head;
}

/** Ids in the order in which they are made, also within a millisecond and after the clock was set back. */
export class GrowingUlids {
  private last = '';

  /** Every id from now on sorts after this one. */
  startAfter(id: string): void {
    if (id > this.last) this.last = id;
  }

  next(nowMs: number): string {
    const fresh = ulid(nowMs);
    this.last = fresh > this.last ? fresh : following(this.last);
    return this.last;
  }
}

/** The next id in their order, as the specification has it for ids of one millisecond. */
function following(id: string): string {
  const kept = id.replace(/Z+$/, '');
  const digit = alphabet.indexOf(kept.at(-1) ?? '');
  return (kept.slice(0, -1) + alphabet[digit + 1]).padEnd(id.length, '0');
}
