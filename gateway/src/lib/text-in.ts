// Text out of bytes that came from outside.
import { isUtf8 } from 'node:buffer';

/** The text of a part of `bytes`, or null where that is not UTF-8. */
export function textIn(bytes: Buffer, start: number, end: number): string | null {
  for (let i = start; i < end; i++) {
    if ((bytes[i] as number) < 0x80) continue;
    return isUtf8(bytes.subarray(start, end)) ? bytes.toString('utf8', start, end) : null;
  }
  return bytes.toString('latin1', start, end);
}
