import { beforeEach, describe, expect, test } from 'vitest';
import { ManualClock } from '../../test/instruments/manual-clock.ts';
import type { Role } from '../contract/index.ts';
import { Access, codeMs, parseRole, sessionMs } from './access.ts';
import { makeSecret } from './grants.ts';
import type { AccessPorts, SecretRecord, UserRecord } from './records.ts';

let clock: ManualClock;
let secrets: Map<string, SecretRecord>;
let users: Map<string, UserRecord>;
let saved: string[];
let revoked: string[];
let access: Access;

beforeEach(() => {
  clock = new ManualClock();
  [secrets, users, saved, revoked] = [new Map(), new Map(), [], []];
  const ports: AccessPorts = {
    clock,
    findSecret: async hash => secrets.get(hash) ?? null,
    listSecrets: async (kind, name) =>
      [...secrets.values()].filter(record => record.kind === kind && record.name === (name ?? record.name)),
    save: async change => {
      saved.push(JSON.stringify(change));
      for (const user of change.users ?? []) users.set(user.name, user);
      for (const record of change.secrets ?? []) secrets.set(record.hash, record);
      for (const name of change.removeUsers ?? []) users.delete(name);
      for (const hash of change.remove ?? []) secrets.delete(hash);
    },
    revoked: hash => void revoked.push(hash),
  };
  access = new Access(ports);
});

/** As an earlier version wrote it. */
const person = (name: string, role: Role) => ({ name, role, password: 'scrypt$2$1$1$$', createdAt: 0 });
const at = (address: string) => ({ address, agent: null });

/** A code as the command-line tool writes it beside the gateway. */
function newCode(user = 'ada'): string {
  const { secret, record } = makeSecret('code', user, 'viewer', clock.now() + codeMs);
  secrets.set(record.hash, record);
  return secret;
}
const refusal = (code: string) => expect.objectContaining({ code });

describe('the one-time code', () => {
  beforeEach(() => access.load([person('ada', 'operator')]));

  test('[ACC-1] signs in its user, with that one’s role', async () => {
    const { secret, session } = await access.signIn({ code: newCode() }, at('::1'));
    expect(session).toEqual({
      user: 'ada',
      role: 'operator',
      scope: null,
      kind: 'session',
      expiresAt: clock.now() + sessionMs,
    });
    expect(await access.principalOf(secret)).toMatchObject({ name: 'ada', role: 'operator', kind: 'session' });
  });

  test('[ACC-1] works once', async () => {
    const code = newCode();
    await access.signIn({ code }, at('::1'));
    await expect(access.signIn({ code }, at('::1'))).rejects.toEqual(refusal('code_spent'));
  });

  test('[ACC-1] works once, also where two come at the same moment', async () => {
    const code = newCode();
    const outcomes = await Promise.allSettled([access.signIn({ code }, at('::1')), access.signIn({ code }, at('::2'))]);
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  });

  test('[ACC-1] dies after ten minutes', async () => {
    expect(codeMs).toBe(600_000);
    const [inTime, tooLate] = [newCode(), newCode()];
    clock.advance(599_999);
    await access.signIn({ code: inTime }, at('::1'));
    clock.advance(1);
    await expect(access.signIn({ code: tooLate }, at('::1'))).rejects.toEqual(refusal('code_spent'));
  });

  test('[ACC-1] is nothing that can be asked with, and a session is no code', async () => {
    const code = newCode();
    expect(await access.principalOf(code)).toBeNull();
    const { secret } = await access.signIn({ code }, at('::1'));
    await expect(access.signIn({ code: secret }, at('::1'))).rejects.toEqual(refusal('code_spent'));
  });

  test('of somebody who is not there lets nobody in', async () => {
    await expect(access.signIn({ code: newCode('nobody') }, at('::1'))).rejects.toEqual(refusal('code_spent'));
  });
});

describe('signing in', () => {
  test('[ACC-4] is limited to ten attempts a minute for an address, before anything is looked up', async () => {
    access.load([person('ada', 'viewer')]);
    for (let i = 0; i < 10; i++) {
      await expect(access.signIn({ code: `guess ${i}` }, at('::1'))).rejects.toEqual(refusal('code_spent'));
    }
    await expect(access.signIn({ code: newCode() }, at('::1'))).rejects.toEqual(refusal('too_many'));
    await expect(access.signIn({ code: newCode() }, at('192.0.2.2'))).resolves.toMatchObject({
      session: { user: 'ada' },
    });
  });

  test('[ACC-4] is limited to ten attempts a minute for a name, from wherever they come', async () => {
    for (let i = 0; i < 10; i++) {
      const attempt = access.signIn({ name: 'ada', password: 'guess' }, at(`192.0.2.${i}`));
      await expect(attempt).rejects.toEqual(refusal('sign_in_failed'));
    }
    await expect(access.signIn({ name: 'ada', password: 'x' }, at('192.0.2.99'))).rejects.toEqual(refusal('too_many'));
    await expect(access.signIn({ name: 'eve', password: 'x' }, at('192.0.2.99'))).rejects.toEqual(
      refusal('sign_in_failed'),
    );
  });

  test('by password tells a wrong name and a wrong password in the same words', async () => {
    const password = (await access.people.firstAdministrator(null)) as string;
    await expect(access.signIn({ name: 'admin', password: `${password}x` }, at('::1'))).rejects.toEqual(
      refusal('sign_in_failed'),
    );
    await expect(access.signIn({ name: 'nobody', password }, at('::1'))).rejects.toEqual(refusal('sign_in_failed'));
    const { session } = await access.signIn({ name: 'admin', password }, at('::1'));
    expect(session).toMatchObject({ user: 'admin', role: 'administrator' });
  });
});

describe('the first administrator', () => {
  test('[ACC-1] gets a password that was made up, told once, and kept as a hash', async () => {
    const password = (await access.people.firstAdministrator(null)) as string;
    expect(password).toHaveLength(32);
    expect(saved.join()).not.toContain(password);
    expect(await access.people.firstAdministrator(null)).toBeNull();
  });

  test('[ACC-1] made up twice differs', async () => {
    const first = await access.people.firstAdministrator(null);
    expect(await new Access({ ...portsOf(), clock }).people.firstAdministrator(null)).not.toBe(first);
  });

  test('takes a given password, in place of the one before', async () => {
    expect(await access.people.firstAdministrator('a long password')).toBeNull();
    const before = users.get('admin')?.password;
    await access.people.firstAdministrator('a long password');
    expect(users.get('admin')?.password).toBe(before);
    await access.people.firstAdministrator('another password');
    expect(users.get('admin')?.password).not.toBe(before);
  });
});

/** Ports of a second gateway that keeps nothing. */
function portsOf(): Omit<AccessPorts, 'clock'> {
  return {
    findSecret: async () => null,
    listSecrets: async () => [],
    save: async () => {},
    revoked: () => {},
  };
}

describe('sessions and tokens', () => {
  beforeEach(() => access.load([person('ada', 'viewer')]));
  const signIn = async () => (await access.signIn({ code: newCode() }, at('::1'))).secret;

  test('are stored as hashes', async () => {
    const secret = await signIn();
    expect(saved.join()).not.toContain(secret);
  });

  test('[ACC-3] end with sign-out, and it is told at once', async () => {
    const secret = await signIn();
    const principal = await access.principalOf(secret);
    if (principal === null) throw new Error('not signed in');
    await access.signOut(principal);
    expect(revoked).toEqual([principal.hash]);
    expect(await access.principalOf(secret)).toBeNull();
    expect(await access.stillHolds({ hash: principal.hash, role: 'viewer', scope: null })).toBe(false);
  });

  test('[ACC-3] end with their time, also while they are remembered', async () => {
    const { secret, record } = makeSecret('token', 'export', 'viewer', clock.now() + 5_000);
    secrets.set(record.hash, record);
    expect(await access.principalOf(secret)).toMatchObject({ name: 'export', kind: 'token' });
    clock.advance(5_000);
    expect(await access.principalOf(secret)).toBeNull();
    expect(await access.stillHolds({ hash: record.hash, role: 'viewer', scope: null })).toBe(false);
  });

  test('[ACC-3] that were revoked beside the gateway are found out within ten seconds', async () => {
    const { secret, record } = makeSecret('token', 'export', 'viewer', null);
    secrets.set(record.hash, record);
    await access.principalOf(secret);
    secrets.delete(record.hash);
    clock.advance(10_000);
    expect(await access.stillHolds({ hash: record.hash, role: 'viewer', scope: null })).toBe(false);
    expect(revoked).toEqual([record.hash]);
  });

  test('[ACC-3] do not hold with another role than they had', async () => {
    const { record } = makeSecret('token', 'export', 'viewer', null);
    secrets.set(record.hash, record);
    expect(await access.stillHolds({ hash: record.hash, role: 'viewer', scope: null })).toBe(true);
    expect(await access.stillHolds({ hash: record.hash, role: 'operator', scope: null })).toBe(false);
  });

  test('a token that is made after it was asked for is known at once', async () => {
    const { secret, record } = makeSecret('token', 'export', 'viewer', null);
    expect(await access.principalOf(secret)).toBeNull();
    secrets.set(record.hash, record);
    expect(await access.principalOf(secret)).toMatchObject({ name: 'export' });
  });
});

test('people say admin for administrator', () => {
  expect(['admin', 'administrator', 'viewer', 'operator', 'root', ''].map(parseRole)).toEqual([
    'administrator',
    'administrator',
    'viewer',
    'operator',
    null,
    null,
  ]);
});

test('[ACC-4] [ACC-5] attempts from many IPv6 addresses of one site are one address’s', async () => {
  const attempt = (i: number) => access.signIn({ code: 'wrong' }, at(`2001:db8:1:2::${i}`));
  for (let i = 0; i < 10; i++) await expect(attempt(i)).rejects.toEqual(refusal('code_spent'));
  await expect(attempt(10)).rejects.toEqual(refusal('too_many'));
  await expect(access.signIn({ code: 'wrong' }, at('2001:db8:1:3::1'))).rejects.toEqual(refusal('code_spent'));
});
