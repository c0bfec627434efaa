import { describe, expect, test } from 'vitest';
import { checkPassword, hashPassword, hashSecret, newSecret, sameHash } from './secrets.ts';

describe('a machine’s secret', () => {
  test('[ACC-1] is made of 192 random bits and needs no quoting anywhere', () => {
    const secrets = Array.from({ length: 1_000 }, () => newSecret());
    expect(new Set(secrets).size).toBe(1_000);
    for (const secret of secrets) expect(secret).toMatch(/^[\w-]{32}$/);
    expect(newSecret('tt_')).toMatch(/^tt_[\w-]{32}$/);
  });

  test('is known by its SHA-256, given as text or as bytes', () => {
    expect(hashSecret('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
    expect(hashSecret(Buffer.from('abc'))).toBe(hashSecret('abc'));
  });

  test('is compared whole', () => {
    const hash = hashSecret('abc');
    expect(sameHash(hash, hashSecret('abc'))).toBe(true);
    expect(sameHash(hash, hashSecret('abd'))).toBe(false);
    expect(sameHash(hash, hash.slice(1))).toBe(false);
    expect(sameHash(hash, '')).toBe(false);
  });
});

describe('a person’s password', () => {
  test('is stored with salt and cost, and is neither in it nor equal to another of the same password', async () => {
    const [one, two] = await Promise.all([hashPassword('correct horse'), hashPassword('correct horse')]);
    expect(one).toMatch(/^scrypt\$32768\$8\$3\$[\w-]{22}\$[\w-]{43}$/);
    expect(one).not.toBe(two);
    expect(one).not.toContain('correct');
    expect(await checkPassword('correct horse', one)).toBe(true);
    expect(await checkPassword('correct horse ', one)).toBe(false);
    expect(await checkPassword('', one)).toBe(false);
  });

  test('that was stored at another cost is still known', async () => {
    // scrypt of RFC 7914's second example, with its first 32 bytes.
    const salt = Buffer.from('NaCl').toString('base64url');
    const key = Buffer.from('fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162', 'hex');
    expect(await checkPassword('password', `scrypt$1024$8$16$${salt}$${key.toString('base64url')}`)).toBe(true);
  });
});

test('no secret looks like an option of a command, or a formula', () => {
  for (let i = 0; i < 2_000; i++) expect(newSecret()).toMatch(/^[a-zA-Z0-9_][\w-]{31}$/);
});
