// Secrets of both kinds. What a machine keeps is long and random, and stored as SHA-256: a slow hash would make a
// reconnect storm of ten thousand devices take minutes. What a person remembers gets scrypt.
import { createHash, randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';

const scryptAsync = promisify(scrypt) as (
  password: string,
  salt: Buffer,
  keyBytes: number,
  options: { N: number; r: number; p: number; maxmem: number },
) => Promise<Buffer>;

/** OWASP's parameters for scrypt with 32 MB: N=2^15, r=8, p=3. */
const scryptCost = { N: 2 ** 15, r: 8, p: 3, maxmem: 64 * 1024 * 1024 };
const keyBytes = 32;

/**
 * A new secret: 192 random bits as 32 characters that need no quoting anywhere. None begins with `-`, which programs
 * take for an option and spreadsheets for a formula.
 */
export function newSecret(prefix = ''): string {
  const secret = prefix + randomBytes(24).toString('base64url');
  return secret.startsWith('-') ? newSecret(prefix) : secret;
}

/** The form in which a machine's secret is stored and looked up. */
export function hashSecret(secret: string | Uint8Array): string {
  return createHash('sha256').update(secret).digest('hex');
}

/** Compares two hashes in constant time. */
export function sameHash(a: string, b: string): boolean {
  const left = Buffer.from(a);
  const right = Buffer.from(b);
  return left.length === right.length && timingSafeEqual(left, right);
}

/** A password's stored form: `scrypt$N$r$p$salt$key`, so that the cost can grow later. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16);
  const key = await scryptAsync(password, salt, keyBytes, scryptCost);
  const { N, r, p } = scryptCost;
  return ['scrypt', N, r, p, salt.toString('base64url'), key.toString('base64url')].join('$');
}

/** True where `password` made `stored`. Takes the same time for a wrong one. */
export async function checkPassword(password: string, stored: string): Promise<boolean> {
  const [, N, r, p, salt, key] = stored.split('$');
  const cost = { N: Number(N), r: Number(r), p: Number(p), maxmem: scryptCost.maxmem };
  const expected = Buffer.from(key ?? '', 'base64url');
  const found = await scryptAsync(password, Buffer.from(salt ?? '', 'base64url'), expected.length, cost);
  return timingSafeEqual(expected, found);
}
