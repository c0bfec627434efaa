// One-time passwords by time (RFC 6238) as authenticator apps make them: SHA-1, 30 seconds, six digits.
import { createHmac, randomBytes } from 'node:crypto';
import type { Millis } from '../contract/index.ts';
import { sameHash } from './secrets.ts';

const stepMs = 30_000;
/** RFC 6238, 5.2: one step either way for clocks that differ. */
const stepsAround = 1;
/** RFC 4226, 4: 160 bits, the length of the hash. */
const secretBytes = 20;
const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** A new secret in base32 (RFC 4648), 32 characters. */
export function newTotpSecret(): string {
  return toBase32(randomBytes(secretBytes));
}

/** What a QR code for an authenticator app holds (the Key Uri Format). */
export function totpUri(secret: string, user: string): string {
  return `otpauth://totp/Telltale:${encodeURIComponent(user)}?secret=${secret}&issuer=Telltale&algorithm=SHA1&digits=6&period=30`;
}

/** The one-time password of a step. `secret` is base32. */
export function totpAt(secret: string, step: number): string {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(step));
  const mac = createHmac('sha1', fromBase32(secret)).update(counter).digest();
  // RFC 4226, 5.3: the last four bits say where the number lies.
  const at = (mac[mac.length - 1] as number) & 15;
  return String((mac.readUInt32BE(at) & 0x7fffffff) % 1_000_000).padStart(6, '0');
}

export const stepOf = (now: Millis): number => Math.floor(now / stepMs);

/**
 * The step that `code` is the one-time password of, around now and later than `after`; null where there is none. Each
 * works once where the step that was found is the next `after` (RFC 6238, 5.2).
 */
export function matchTotp(secret: string, code: string, now: Millis, after: number): number | null {
  const digits = code.replaceAll(' ', '');
  let found: number | null = null;
  for (let step = stepOf(now) - stepsAround; step <= stepOf(now) + stepsAround; step++) {
    // All are looked at, so that the time tells nothing.
    if (step >= 0 && sameHash(totpAt(secret, step), digits) && step > after) found = step;
  }
  return found;
}

function toBase32(bytes: Uint8Array): string {
  let text = '';
  let bits = 0;
  let held = 0;
  for (const byte of bytes) {
    held = (held << 8) | byte;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += alphabet[(held >> bits) & 31];
    }
    held &= (1 << bits) - 1;
  }
  return text;
}

function fromBase32(text: string): Buffer {
  const bytes: number[] = [];
  let bits = 0;
  let held = 0;
  for (const letter of text) {
    held = (held << 5) | alphabet.indexOf(letter);
    bits += 5;
    if (bits < 8) continue;
    bits -= 8;
    bytes.push((held >> bits) & 255);
    held &= (1 << bits) - 1;
  }
  return Buffer.from(bytes);
}
