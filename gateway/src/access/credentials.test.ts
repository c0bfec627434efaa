import { beforeEach, describe, expect, test } from 'vitest';
import { ManualClock } from '../../test/instruments/manual-clock.ts';
import {
  type CredentialRecord,
  Credentials,
  type DeviceIdentity,
  makeCredential,
  type StoredCredential,
} from './credentials.ts';
import { hashSecret } from './secrets.ts';

let clock: ManualClock;
let credentials: Credentials;
beforeEach(() => {
  clock = new ManualClock();
  credentials = new Credentials(clock);
});

/** As earlier versions stored it. */
const stored = (name: string, secret: string, devices = [name]): StoredCredential => ({
  name,
  secretHash: hashSecret(secret),
  devices,
  createdAt: 5,
});
const record = (name: string, secret: string, more: Partial<CredentialRecord> = {}): CredentialRecord => ({
  ...makeCredential('device', name, [name], 0).record,
  secretHash: hashSecret(secret),
  ...more,
});
const fieldGateway = (devices: string[], secret = 's'): CredentialRecord =>
  record('site', secret, { kind: 'field-gateway', devices });
const signIn = (name: string, secret?: string) =>
  credentials.signIn(name, secret === undefined ? undefined : Buffer.from(secret));
const identity = (name: string, secret: string): DeviceIdentity => {
  const found = signIn(name, secret);
  if ('refused' in found) throw new Error(found.refused);
  return found;
};

describe('signing in', () => {
  test('[ACC-1] lets in who has name and secret, and nobody else', () => {
    credentials.load([stored('a', 's'), stored('b', 'other')]);
    expect(identity('a', 's')).toMatchObject({ name: 'a', device: 'a' });
    expect(signIn('a', 'other')).toEqual({ refused: 'wrong-secret' });
    expect(signIn('a', '')).toEqual({ refused: 'wrong-secret' });
    expect(signIn('a')).toEqual({ refused: 'no-secret' });
    for (const name of ['', 'c', 'A', '__proto__']) expect(signIn(name, 's')).toEqual({ refused: 'unknown-name' });
  });

  test('[ACC-8] a secret has 192 random bits, and is kept as its SHA-256 alone', () => {
    const made = makeCredential('device', 'a', ['a'], 0);
    expect(Buffer.from(made.secret, 'base64url')).toHaveLength(24);
    expect(made.secret).not.toBe(makeCredential('device', 'a', ['a'], 0).secret);
    expect(JSON.stringify(made.record)).not.toContain(made.secret);
    expect(made.record.secretHash).toBe(hashSecret(made.secret));
    expect(made.record.secretHash).toMatch(/^[0-9a-f]{64}$/);
  });

  test('[ACC-8] the secret before holds until its time, and is told from one that never was', () => {
    const until = clock.now() + 1_000;
    credentials.put(record('a', 'new', { previous: { hash: hashSecret('old'), until } }));
    const [old, present] = [identity('a', 'old'), identity('a', 'new')];
    expect([old.holds(), present.holds()]).toEqual([true, true]);
    clock.advance(999);
    expect(old.holds()).toBe(true);
    clock.advance(1);
    expect([old.holds(), present.holds()]).toEqual([false, true]);
    expect(old.covers('a')).toBe(false);
    expect(signIn('a', 'old')).toEqual({ refused: 'secret-replaced' });
    expect(signIn('a', 'older')).toEqual({ refused: 'wrong-secret' });
  });

  test('[ACC-8] a disabled credential lets nobody in, by secret or by certificate', () => {
    credentials.put(record('a', 's', { enabled: false }));
    expect(signIn('a', 's')).toEqual({ refused: 'disabled' });
    expect(credentials.signInByCertificate('a')).toEqual({ refused: 'disabled' });
  });

  test('[ACC-8] a certificate signs in whom it names while that one has a credential, whatever its secret', () => {
    expect(credentials.signInByCertificate('a')).toEqual({ refused: 'unknown-name' });
    credentials.put(record('a', 's'));
    credentials.put(fieldGateway(['b']));
    const site = credentials.signInByCertificate('site') as DeviceIdentity;
    expect([site.device, site.covers('b'), site.covers('a')]).toEqual([null, true, false]);
    const found = credentials.signInByCertificate('a') as DeviceIdentity;
    expect(found).toMatchObject({ name: 'a', device: 'a' });
    credentials.put(record('a', 'new'));
    expect(found.holds()).toBe(true);
    credentials.delete('a');
    expect(found.holds()).toBe(false);
  });
});

describe('an identity', () => {
  test('[ACC-2] of one device covers that device alone, whatever it is called', () => {
    credentials.load([stored('a', 's'), stored('plant-*', 's')]);
    const covered = (name: string, ids: string[]) => ids.map(id => identity(name, 's').covers(id));
    expect(covered('a', ['a', 'ab', 'A', '', '*'])).toEqual([true, false, false, false, false]);
    expect(covered('plant-*', ['plant-*', 'plant-1', 'plant-'])).toEqual([true, false, false]);
    expect(identity('plant-*', 's').device).toBe('plant-*');
  });

  test('[ACC-2] of a field gateway covers its devices and prefixes, and is no device itself', () => {
    credentials.put(fieldGateway(['pump', 'site-*', 's*']));
    const found = identity('site', 's');
    expect(found.device).toBeNull();
    const ids = ['pump', 'site-7', 'site-', 'pump-2', 'xsite-7', 'site'];
    expect(ids.map(id => found.covers(id))).toEqual([true, true, true, false, false, false]);
  });

  test('[ACC-8] does not outlive what it signed in with: a new secret, a revoked or disabled credential', () => {
    const changes: (() => void)[] = [
      () => credentials.put(record('a', 'new')),
      () => credentials.delete('a'),
      () => credentials.put(record('a', 's', { enabled: false })),
    ];
    for (const change of changes) {
      credentials.put(record('a', 's'));
      const found = identity('a', 's');
      change();
      expect([found.holds(), found.covers('a')]).toEqual([false, false]);
    }
  });

  test('[ACC-8] from before it was disabled or deleted does not come back with it', () => {
    credentials.put(record('a', 's'));
    const found = identity('a', 's');
    credentials.put(record('a', 's', { enabled: false }));
    credentials.put(record('a', 's'));
    expect(found.holds()).toBe(false);
    const second = identity('a', 's');
    credentials.delete('a');
    credentials.put(record('a', 's'));
    expect(second.holds()).toBe(false);
  });

  test('[ACC-8] of a field gateway ends with a smaller set and goes on with a larger one', () => {
    credentials.put(fieldGateway(['a', 'b']));
    const found = identity('site', 's');
    credentials.put(fieldGateway(['a', 'b', 'c']));
    expect([found.holds(), found.covers('c')]).toEqual([true, true]);
    credentials.put(fieldGateway(['a', 'c']));
    expect([found.holds(), found.covers('a'), found.covers('b')]).toEqual([false, false, false]);
  });
});

describe('credentials', () => {
  test('of earlier versions load, as those of devices', () => {
    credentials.load([stored('a', 's')]);
    const known = credentials.get('a') as CredentialRecord;
    expect(credentials.describe(known)).toEqual({
      name: 'a',
      kind: 'device',
      devices: ['a'],
      enabled: true,
      createdAt: 5,
      rotatedAt: 5,
      previousUntil: null,
      lastUsedAt: null,
    });
  });

  test('[ACC-2] stand behind what was left to be done in their name, while they are there and enabled', () => {
    expect(credentials.identityNamed('a')).toBeNull();
    credentials.put(record('a', 's'));
    expect(credentials.identityNamed('a')?.covers('a')).toBe(true);
    credentials.put(record('a', 's', { enabled: false }));
    expect(credentials.identityNamed('a')).toBeNull();
  });

  test('tell when they were used last', () => {
    credentials.put(record('a', 's'));
    signIn('a', 'wrong');
    credentials.identityNamed('a');
    expect(credentials.get('a')?.lastUsedAt).toBeNull();
    signIn('a', 's');
    expect(credentials.get('a')?.lastUsedAt).toBe(clock.now());
  });

  test('come in pages, in order of name', () => {
    for (const name of ['b', 'd', 'a', 'c']) credentials.put(record(name, 's'));
    credentials.put(fieldGateway(['x']));
    const names = (...page: Parameters<Credentials['page']>) => credentials.page(...page).map(({ name }) => name);
    expect(names(null, 2, '', null)).toEqual(['a', 'b']);
    expect(names('b', 10, '', null)).toEqual(['c', 'd', 'site']);
    expect(names(null, 10, 'SIT', null)).toEqual(['site']);
    expect(names(null, 10, '', 'field-gateway')).toEqual(['site']);
    credentials.delete('a');
    expect(names(null, 1, '', null)).toEqual(['b']);
  });
});
