import { beforeEach, describe, expect, test } from 'vitest';
import { ManualClock } from '../../test/instruments/manual-clock.ts';
import { Refusal } from '../contract/index.ts';
import { silentLogger } from '../lib/logger.ts';
import type { CredentialRecord, DeviceIdentity } from './credentials.ts';
import { DeviceAccess, type DeviceAccessChange } from './device-access.ts';
import type { EnrolmentKeyRecord } from './enrolment.ts';

let clock: ManualClock;
let devices: Set<string>;
/** What is on disk. */
let rows: Map<string, CredentialRecord>;
let keys: Map<string, EnrolmentKeyRecord>;
let commits: string[];
let changed: string[];
let refused: unknown[];
let access: DeviceAccess;
/** What every commit waits for; replaced by tests that hold one back or let it fail. */
let disk: () => Promise<void>;

beforeEach(() => {
  clock = new ManualClock();
  [devices, rows, keys, commits, changed, refused] = [new Set(), new Map(), new Map(), [], [], []];
  disk = async () => {};
  access = open();
});

function open(): DeviceAccess {
  const opened = new DeviceAccess({
    clock,
    log: silentLogger,
    saveCredentials: async change => {
      // As the store does: what is written is what it was when it was asked for, in that order.
      const text = JSON.stringify(change);
      await disk();
      commits.push(text);
      const { put = [], putKeys = [], remove = [], removeKeys = [] } = JSON.parse(text) as DeviceAccessChange;
      for (const record of put) rows.set(record.name, record);
      for (const name of remove) rows.delete(name);
      for (const key of putKeys) keys.set(key.hash, key);
      for (const { hash } of removeKeys) keys.delete(hash);
    },
    deviceExists: id => devices.has(id),
    ensureDevice: async (id, name) => {
      devices.add(id);
      return name;
    },
    enrolmentRefused: each => void refused.push(each),
    credentialChanged: name => void changed.push(name),
  });
  opened.load([...rows.values()], [...keys.values()]);
  opened.open();
  return opened;
}

const refusal = (code: string) => expect.objectContaining({ code });
const enters = (name: string, secret: string) => !('refused' in access.signIn(name, Buffer.from(secret)));
const identity = (name: string, secret: string) => access.signIn(name, Buffer.from(secret)) as DeviceIdentity;
async function issue(device: string): Promise<string> {
  devices.add(device);
  return (await access.issueAll([device])).get(device) as string;
}

describe('a secret', () => {
  test('[ACC-8] is on disk as a hash before it holds, and whoever is connected is looked at after it', async () => {
    const secret = await issue('a');
    expect(commits.join()).not.toContain(secret);
    expect(rows.get('a')).toMatchObject({ kind: 'device', devices: ['a'] });
    expect(enters('a', secret)).toBe(true);
    expect(changed).toEqual(['a']);
  });

  test('[ACC-8] that could not be written does not hold, and the one before does', async () => {
    const old = await issue('a');
    disk = async () => {
      throw new Refusal('store_full');
    };
    await expect(access.rotate('a', 0)).rejects.toEqual(refusal('store_full'));
    expect(enters('a', old)).toBe(true);
    await expect(access.revoke('a')).rejects.toEqual(refusal('store_full'));
    expect(enters('a', old)).toBe(true);
  });

  test('[ACC-8] without an overlap ends at once', async () => {
    const old = await issue('a');
    const was = identity('a', old);
    const { secret, previousUntil } = await access.rotate('a', 0);
    expect(previousUntil).toBeNull();
    expect([was.holds(), enters('a', old), enters('a', secret)]).toEqual([false, false, true]);
  });

  test('[ACC-8] with an overlap holds beside the new one, over a restart too, and then its connections are told', async () => {
    const old = await issue('a');
    const { secret, previousUntil } = await access.rotate('a', 60_000);
    expect(previousUntil).toBe(clock.now() + 60_000);
    expect([enters('a', old), enters('a', secret)]).toEqual([true, true]);
    access.close();
    access = open();
    expect(access.get('a').previousUntil).toBe(previousUntil);
    changed = [];
    clock.advance(59_999);
    expect([enters('a', old), changed.length]).toEqual([true, 0]);
    clock.advance(1_001);
    expect([enters('a', old), enters('a', secret)]).toEqual([false, true]);
    expect(changed).toEqual(['a']);
    expect(access.get('a').previousUntil).toBeNull();
    clock.advance(60_000);
    expect(changed).toEqual(['a']);
  });

  test('[ACC-8] there are never more than two', async () => {
    const first = await issue('a');
    const { secret: second } = await access.rotate('a', 60_000);
    const { secret: third } = await access.rotate('a', 60_000);
    expect([first, second, third].map(secret => enters('a', secret))).toEqual([false, true, true]);
  });

  test('[ACC-8] before the present one can be ended before its time', async () => {
    const old = await issue('a');
    const { secret } = await access.rotate('a', 60_000);
    await access.endPrevious('a');
    expect([enters('a', old), enters('a', secret)]).toEqual([false, true]);
    await access.endPrevious('a');
    expect(enters('a', secret)).toBe(true);
  });

  test('[ACC-8] two new ones that are asked for at once both count, one after the other', async () => {
    await issue('a');
    const [one, other] = await Promise.all([access.rotate('a', 60_000), access.rotate('a', 60_000)]);
    expect([enters('a', one.secret), enters('a', other.secret)]).toEqual([true, true]);
  });
});

describe('a credential', () => {
  test('[ACC-8] that is revoked lets nobody in, and its connections are told', async () => {
    const secret = await issue('a');
    const was = identity('a', secret);
    changed = [];
    await access.revoke('a');
    expect([was.holds(), enters('a', secret), rows.size, changed]).toEqual([false, false, 0, ['a']]);
    await expect(access.revoke('a')).rejects.toEqual(refusal('not_found'));
    expect(() => access.get('a')).toThrow(Refusal);
  });

  test('[ACC-8] can be disabled and enabled, and keeps its secret', async () => {
    const secret = await issue('a');
    await access.change('a', { enabled: false });
    expect(enters('a', secret)).toBe(false);
    await access.change('a', { enabled: true });
    expect(enters('a', secret)).toBe(true);
  });

  test('[ACC-8] of a device stays disabled with a new secret', async () => {
    await issue('a');
    await access.change('a', { enabled: false });
    const { secret } = await access.rotateDevice('a', 0);
    expect(enters('a', secret)).toBe(false);
  });

  test('[ACC-8] of a device that was made by speaking is made with its first secret', async () => {
    const { secret, previousUntil } = await access.rotateDevice('a', 60_000);
    expect([enters('a', secret), previousUntil]).toEqual([true, null]);
  });

  test('[ACC-8] its last use is written once an hour, and not over a change that is under way', async () => {
    const secret = await issue('a');
    clock.advance(60_000);
    expect(commits).toHaveLength(1);
    enters('a', secret);
    const usedAt = clock.now();
    clock.advance(60_000);
    await Promise.resolve();
    expect(rows.get('a')?.lastUsedAt).toBe(usedAt);
    for (let i = 0; i < 30; i++) {
      enters('a', secret);
      clock.advance(60_000);
    }
    expect(commits).toHaveLength(2);

    let release = () => {};
    disk = () => new Promise(resolve => (release = resolve));
    clock.advance(29 * 60_000);
    enters('a', secret);
    const revoking = access.revoke('a');
    await Promise.resolve();
    clock.advance(120_000);
    release();
    await revoking;
    expect([...rows.keys()]).toEqual([]);
  });
});

describe('a field gateway', () => {
  test('[ACC-8] speaks for the devices of its set as that is now', async () => {
    const { secret, ...made } = await access.create({ name: 'site', devices: ['a', 'b-*', 'a'] });
    expect(made).toMatchObject({ name: 'site', kind: 'field-gateway', devices: ['a', 'b-*'] });
    const was = identity('site', secret);
    await access.change('site', { devices: ['a', 'b-*', 'c'] });
    expect([was.holds(), was.covers('c')]).toEqual([true, true]);
    changed = [];
    await access.change('site', { devices: ['c'] });
    expect([was.holds(), was.covers('c'), changed]).toEqual([false, false, ['site']]);
    expect(['a', 'b-1', 'c'].map(id => identity('site', secret).covers(id))).toEqual([false, false, true]);
  });

  test('[ACC-8] and a device cannot have the same name, whichever comes first', async () => {
    await issue('a');
    await expect(access.create({ name: 'a', devices: ['x'] })).rejects.toEqual(refusal('conflict'));
    devices.add('spoke');
    await expect(access.create({ name: 'spoke', devices: ['x'] })).rejects.toEqual(refusal('conflict'));
    const making = access.create({ name: 'site', devices: ['x'] });
    expect(access.isFieldGateway('site')).toBe(true);
    await expect(access.create({ name: 'site', devices: ['x'] })).rejects.toEqual(refusal('conflict'));
    await making;
    expect([access.isFieldGateway('site'), access.isFieldGateway('a')]).toEqual([true, false]);
    await expect(access.rotateDevice('site', 0)).rejects.toEqual(refusal('conflict'));
    await expect(access.create({ name: 'b', devices: ['b'] })).rejects.toEqual(refusal('unprocessable'));
    await expect(access.change('a', { devices: ['b'] })).rejects.toEqual(refusal('unprocessable'));
  });

  test('[ACC-8] is not revoked by the deletion of a device', async () => {
    const { secret } = await access.create({ name: 'site', devices: ['x'] });
    await access.revokeDevice('site');
    expect(enters('site', secret)).toBe(true);
  });
});

describe('an enrolment key', () => {
  const soon = () => clock.now() + 60_000;
  const request = (more = {}) => ({ name: 'batch', devices: ['pump-*'], usesMax: 1, expiresAt: soon(), ...more });
  const enrol = (key: string, device: string) => access.enrolment.enrol({ key, device }, '::1');

  test('[ACC-9] is told once and kept as a hash; what it brings signs in as the device', async () => {
    const { key, ...made } = await access.enrolment.create(request(), 'ada');
    expect(made).toMatchObject({ uses: 0, usesMax: 1, again: false, by: 'ada' });
    const enrolled = await enrol(key, 'pump-1');
    expect(enrolled).toMatchObject({ id: 'pump-1', name: 'pump-1' });
    expect(identity('pump-1', enrolled.secret).device).toBe('pump-1');
    expect(commits.join()).not.toContain(key);
    expect(commits.join()).not.toContain(enrolled.secret);
    expect(access.enrolment.page(null, 10)).toMatchObject([{ uses: 1, lastUsedAt: clock.now() }]);
    expect(JSON.stringify(access.enrolment.page(null, 10))).not.toContain('hash');
  });

  test('[ACC-9] the use and the credential are one commit, and nothing holds that was not written', async () => {
    const { key } = await access.enrolment.create(request(), 'ada');
    disk = async () => {
      throw new Refusal('store_full');
    };
    await expect(enrol(key, 'pump-1')).rejects.toEqual(refusal('store_full'));
    expect(access.enrolment.page(null, 1)[0]?.uses).toBe(0);
    disk = async () => {};
    await enrol(key, 'pump-1');
    const last = JSON.parse(commits.at(-1) ?? '') as DeviceAccessChange;
    expect([last.put?.[0]?.name, last.putKeys?.[0]?.uses]).toEqual(['pump-1', 1]);
  });

  test('[ACC-9] is not used more often than it may be, also by two at once', async () => {
    const { key } = await access.enrolment.create(request({ usesMax: 2 }), 'ada');
    const outcomes = await Promise.allSettled(['pump-1', 'pump-2', 'pump-3'].map(device => enrol(key, device)));
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected']);
    expect([...rows.keys()]).toEqual(['pump-1', 'pump-2']);
    access = open();
    await expect(enrol(key, 'pump-4')).rejects.toEqual(refusal('forbidden'));
  });

  test('[ACC-9] gives one device one credential, also to two that come at once', async () => {
    const { key } = await access.enrolment.create(request({ usesMax: 2 }), 'ada');
    const outcomes = await Promise.allSettled(['pump-1', 'pump-1'].map(device => enrol(key, device)));
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
    expect(access.enrolment.page(null, 1)[0]?.uses).toBe(1);
  });

  test('[ACC-9] does not come before a credential that an administrator is making', async () => {
    const { key } = await access.enrolment.create(request({ again: true }), 'ada');
    const issuing = issue('pump-1');
    await expect(enrol(key, 'pump-1')).rejects.toEqual(refusal('conflict'));
    expect(enters('pump-1', await issuing)).toBe(true);
  });

  test('[ACC-9] is refused for another device, when it expired, when it was revoked, and when it never was', async () => {
    const { key } = await access.enrolment.create(request(), 'ada');
    for (const device of ['tank-1', 'pump', 'Pump-1'])
      await expect(enrol(key, device)).rejects.toEqual(refusal('forbidden'));
    await expect(enrol('te_guess', 'pump-1')).rejects.toEqual(refusal('forbidden'));
    clock.advance(60_000);
    await expect(enrol(key, 'pump-1')).rejects.toEqual(refusal('forbidden'));

    const { id, key: second } = await access.enrolment.create(request(), 'ada');
    await access.enrolment.revoke(id);
    await expect(enrol(second, 'pump-1')).rejects.toEqual(refusal('forbidden'));
    await expect(access.enrolment.revoke(id)).rejects.toEqual(refusal('not_found'));
    expect(rows.size).toBe(0);
    await expect(access.enrolment.create(request({ expiresAt: clock.now() }), 'ada')).rejects.toEqual(
      refusal('bad_request'),
    );
  });

  test('[ACC-9] that is revoked while a device enrols stays revoked', async () => {
    const { id, key } = await access.enrolment.create(request(), 'ada');
    const enrolling = enrol(key, 'pump-1');
    const revoking = access.enrolment.revoke(id);
    await Promise.allSettled([enrolling, revoking]);
    expect(keys.size).toBe(0);
  });

  test('[ACC-9] does not replace a credential unless it says so, and never one that is disabled', async () => {
    const old = await issue('pump-1');
    const { key } = await access.enrolment.create(request({ usesMax: 9 }), 'ada');
    await expect(enrol(key, 'pump-1')).rejects.toEqual(refusal('conflict'));
    const { key: again } = await access.enrolment.create(request({ usesMax: 9, again: true }), 'ada');
    const { secret } = await enrol(again, 'pump-1');
    expect([enters('pump-1', old), enters('pump-1', secret)]).toEqual([false, true]);
    await access.change('pump-1', { enabled: false });
    await expect(enrol(again, 'pump-1')).rejects.toEqual(refusal('forbidden'));
    await access.create({ name: 'pump-site', devices: ['x'] });
    await expect(enrol(again, 'pump-site')).rejects.toEqual(refusal('conflict'));
  });

  test('[ACC-9] failures are limited for an address, successes are not', async () => {
    const { key } = await access.enrolment.create(request({ usesMax: 100 }), 'ada');
    for (let i = 0; i < 70; i++) await enrol(key, `pump-${i}`);
    for (let i = 0; i < 60; i++) await expect(enrol('te_guess', 'pump-1')).rejects.toEqual(refusal('forbidden'));
    await expect(enrol(key, 'pump-x')).rejects.toEqual(refusal('too_many'));
    await access.enrolment.enrol({ key, device: 'pump-x' }, '192.0.2.2');
    expect(access.counters).toMatchObject({ enrolments: 71, enrolmentsRefused: 61 });
  });
});
