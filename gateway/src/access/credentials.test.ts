import { describe, expect, test } from 'vitest';
import { Credentials, identityOf } from './credentials.ts';
import { hashSecret } from './secrets.ts';

const credential = (name: string, secret: string, devices = [name]) => ({
  name,
  secretHash: hashSecret(secret),
  devices,
  createdAt: 0,
});
const bytes = (text: string) => Buffer.from(text);

describe('credentials of devices', () => {
  test('[ACC-1] let in who has name and secret, and nobody else', () => {
    const credentials = new Credentials();
    expect(credentials.check('a', bytes('s'))).toBeNull();
    credentials.load([credential('a', 's'), credential('b', 'other')]);
    expect(credentials.check('a', bytes('s'))).toMatchObject({ name: 'a', device: 'a' });
    for (const [name, secret] of [
      ['a', 'other'],
      ['a', ''],
      ['', 's'],
      ['c', 's'],
      ['A', 's'],
    ] as const) {
      expect(credentials.check(name, bytes(secret)), `${name} ${secret}`).toBeNull();
    }
  });

  test('[ACC-1] a new secret is told once, kept as a hash, and holds only once it is put', () => {
    const credentials = new Credentials();
    const made = credentials.make('a', 5);
    expect(JSON.stringify(made.credential)).not.toContain(made.secret);
    expect(credentials.check('a', bytes(made.secret))).toBeNull();
    credentials.put(made.credential);
    expect(credentials.check('a', bytes(made.secret))?.device).toBe('a');
  });

  test('[ACC-1] a new secret ends the one before, and a deleted credential every one', () => {
    const credentials = new Credentials();
    credentials.put(credential('a', 'old'));
    credentials.put(credential('a', 'new'));
    expect([credentials.check('a', bytes('old')), credentials.check('a', bytes('new'))?.name]).toEqual([null, 'a']);
    credentials.delete('a');
    expect(credentials.check('a', bytes('new'))).toBeNull();
  });
});

describe('an identity', () => {
  test('[ACC-2] of one device covers that device alone', () => {
    const identity = identityOf(credential('a', 's'));
    expect(identity.device).toBe('a');
    expect(['a', 'ab', 'A', '', '*'].map(id => identity.covers(id))).toEqual([true, false, false, false, false]);
  });

  test('[ACC-2] of a field gateway covers its devices and prefixes, and is no device itself', () => {
    const identity = identityOf(credential('site', 's', ['pump', 'site-*']));
    expect(identity.device).toBeNull();
    expect(['pump', 'site-7', 'site-', 'pump-2', 'xsite-7'].map(id => identity.covers(id))).toEqual([
      true,
      true,
      true,
      false,
      false,
    ]);
    expect(identityOf(credential('all', 's', ['plant-*'])).device).toBeNull();
  });
});
