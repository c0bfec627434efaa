import { beforeEach, describe, expect, test } from 'vitest';
import { limits, type Role, type Scope } from '../contract/index.ts';
import { MemoryAccess, password } from './memory.fixture.ts';
import { stepOf, totpAt } from './totp.ts';

let memory: MemoryAccess;
beforeEach(() => {
  memory = new MemoryAccess({ root: 'administrator', ada: 'operator' });
});

const refusal = (code: string) => expect.objectContaining({ code });
const people = () => memory.access.people;
const grants = () => memory.access.grants;
const from = (address: string) => ({ address, agent: null });
const cold: Scope = { devices: ['cold-*'], tags: [] };

describe('users', () => {
  test('[ACC-7] the last administrator can be neither demoted nor deleted, also where two try at once', async () => {
    await expect(people().change('root', { role: 'viewer' })).rejects.toEqual(refusal('unprocessable'));
    await expect(people().remove('root')).rejects.toEqual(refusal('unprocessable'));
    await people().change('ada', { role: 'administrator' });
    const both = await Promise.allSettled([people().remove('root'), people().change('ada', { role: 'operator' })]);
    expect(both.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
  });

  test('[ACC-6] an administrator is never limited', async () => {
    await people().change('ada', { scope: cold });
    expect(people().describe('ada').scope).toEqual(cold);
    await expect(people().change('ada', { role: 'administrator', scope: cold })).rejects.toEqual(
      refusal('bad_request'),
    );
    expect((await people().change('ada', { role: 'administrator' })).scope).toBeNull();
  });

  test('are made with a password that is told once and kept as scrypt', async () => {
    const made = await people().create({ name: 'bob', role: 'viewer', scope: cold });
    expect(made).toMatchObject({ name: 'bob', role: 'viewer', scope: cold, totp: false, lastSignInAt: null });
    expect(made.password).toHaveLength(32);
    expect(memory.saved.join()).not.toContain(made.password);
    expect(memory.users.get('bob')?.password).toMatch(/^scrypt\$/);
    await expect(people().create({ name: 'bob', role: 'viewer' })).rejects.toEqual(refusal('conflict'));
    expect(
      people()
        .page(null, 2)
        .map(({ name }) => name),
    ).toEqual(['ada', 'bob']);
    expect(
      people()
        .page('bob', 2)
        .map(({ name }) => name),
    ).toEqual(['root']);
  });

  test('are limited in number', async () => {
    for (let i = 0; i < limits.usersMax - 3; i++) people().put({ ...people().need('ada'), name: `u${i}` });
    const made = { role: 'viewer', password: 'long enough' } as const;
    await people().create({ name: 'last', ...made });
    await expect(people().create({ name: 'beyond', ...made })).rejects.toEqual(refusal('too_many'));
  });
});

describe('[ACC-7] sessions', () => {
  test.each([
    ['a change of role', () => people().change('ada', { role: 'viewer' })],
    ['a change of scope', () => people().change('ada', { scope: cold })],
    ['a new password', () => people().resetPassword('ada')],
    ['deletion', () => people().remove('ada')],
    ['being ended', () => grants().endSessions('ada', null)],
  ])('[ACC-7] end at once with %s, and what they opened is closed; those of others stay', async (_, happens) => {
    const [one, two, other] = [await memory.signIn('ada'), await memory.signIn('ada'), await memory.signIn('root')];
    await happens();
    expect(memory.revoked.toSorted()).toEqual([one, two].map(({ principal }) => principal.hash).toSorted());
    expect(await memory.access.principalOf(one.secret)).toBeNull();
    expect(memory.secrets.has(one.principal.hash)).toBe(false);
    expect(await memory.access.principalOf(other.secret)).toMatchObject({ name: 'root' });
  });

  test('[ACC-7] stay where nothing changed', async () => {
    const { secret } = await memory.signIn('ada');
    await people().change('ada', { role: 'operator', scope: null });
    expect(await memory.access.principalOf(secret)).not.toBeNull();
  });

  test('[ACC-7] that end while they are looked up do not hold', async () => {
    const { secret, principal } = await memory.signIn('ada');
    memory.clock.advance(20_000);
    memory.duringFind = async () => {
      memory.duringFind = async () => {};
      await grants().endSessions('ada', null);
    };
    expect(await memory.access.principalOf(secret)).toBeNull();
    expect(memory.access.isOver(principal.hash)).toBe(true);
  });

  test('[ACC-7] are listed with where they came from, by an id that is not the secret, and ended one by one', async () => {
    const mine = await memory.signIn('ada');
    memory.clock.advance(1_000);
    const newer = await memory.signIn('ada');
    const list = await grants().sessionsOf('ada', mine.principal.hash);
    expect(list.map(({ current, address, agent }) => [current, address, agent])).toEqual([
      [false, '::1', 'test'],
      [true, '::1', 'test'],
    ]);
    const [id = ''] = list.map(session => session.id);
    expect(await memory.access.principalOf(id)).toBeNull();
    await expect(grants().endSession('root', id)).rejects.toEqual(refusal('not_found'));
    await grants().endSession('ada', id);
    expect(memory.revoked).toEqual([newer.principal.hash]);
  });

  test('beyond the limit end the one that was used longest ago', async () => {
    const first = await memory.signIn('ada');
    const second = await memory.signIn('ada');
    for (let i = 2; i < limits.sessionsPerUserMax; i++) {
      memory.clock.advance(1);
      await memory.signIn('ada', `192.0.2.${i}`);
    }
    await memory.access.principalOf(first.secret);
    expect(memory.revoked).toEqual([]);
    await memory.signIn('ada');
    expect(memory.revoked).toEqual([second.principal.hash]);
    expect(await grants().sessionsOf('ada', '')).toHaveLength(limits.sessionsPerUserMax);
  });

  test('are written as used once a minute, however often they are', async () => {
    const { secret, principal } = await memory.signIn('ada');
    const before = memory.saved.length;
    for (let i = 0; i < 100; i++) await memory.access.principalOf(secret);
    memory.clock.advance(59_999);
    expect(memory.saved.length).toBe(before);
    await memory.access.principalOf(secret);
    const at = memory.clock.now();
    memory.clock.advance(1);
    expect(memory.saved.length).toBe(before + 1);
    expect(memory.secrets.get(principal.hash)?.lastUsedAt).toBe(at);
  });
});

describe('API tokens', () => {
  const make = async (user: string, role: Role, scope?: Scope | null, expiresAt?: number) => {
    const { principal } = await memory.signIn(user);
    return grants().createToken(principal, { name: 'export', role, scope, expiresAt });
  };

  test('[ACC-6] go no further than whoever makes them', async () => {
    await expect(make('ada', 'administrator')).rejects.toEqual(refusal('forbidden'));
    await people().change('ada', { scope: cold });
    await expect(make('ada', 'viewer', null)).rejects.toEqual(refusal('forbidden'));
    await expect(make('ada', 'viewer', { devices: ['c*'], tags: [] })).rejects.toEqual(refusal('forbidden'));
    await expect(make('ada', 'viewer', { devices: [], tags: ['x'] })).rejects.toEqual(refusal('forbidden'));
    expect((await make('ada', 'viewer', { devices: ['cold-1'], tags: [] })).scope).toEqual({
      devices: ['cold-1'],
      tags: [],
    });
    expect((await make('ada', 'operator')).scope).toEqual(cold);
    await expect(make('root', 'administrator', cold)).rejects.toEqual(refusal('bad_request'));
    await expect(make('ada', 'viewer', cold, memory.clock.now())).rejects.toEqual(refusal('bad_request'));
  });

  test('are told once, kept as a hash, and known as their maker’s', async () => {
    const { secret, principal } = await memory.token('ada', 'viewer');
    expect(secret).toMatch(/^tt_/);
    expect(memory.saved.join()).not.toContain(secret);
    expect(principal).toMatchObject({ name: 'ada/export', user: 'ada', role: 'viewer', kind: 'token' });
    expect(await grants().tokens('ada')).toMatchObject([{ name: 'export', owner: 'ada', role: 'viewer' }]);
    expect(await grants().tokens('root')).toEqual([]);
    expect(await grants().tokens(null)).toHaveLength(1);
  });

  test('[ACC-7] end with their maker, and where they would go beyond the maker’s new rights', async () => {
    const [viewer, operator] = [await memory.token('ada', 'viewer'), await memory.token('ada', 'operator')];
    await people().change('ada', { role: 'viewer' });
    expect(memory.revoked).toContain(operator.principal.hash);
    expect(memory.revoked).not.toContain(viewer.principal.hash);
    await people().remove('ada');
    expect(memory.revoked).toContain(viewer.principal.hash);
    expect(await memory.access.principalOf(viewer.secret)).toBeNull();
  });

  test('[ACC-7] are revoked by their maker and by an administrator, and by nobody else', async () => {
    const { id, principal } = await memory.token('root', 'viewer');
    await expect(grants().endToken('ada', id)).rejects.toEqual(refusal('not_found'));
    await grants().endToken(null, id);
    expect(memory.revoked).toEqual([principal.hash]);
  });
});

describe('a password change', () => {
  test('[ACC-7] needs the old one, and ends the other sessions', async () => {
    const [mine, other] = [await memory.signIn('ada'), await memory.signIn('ada')];
    const change = (old: string) =>
      memory.access.proofs.changePassword(mine.principal, { old, new: 'a new one for ada' }, '::1');
    await expect(change('guess')).rejects.toEqual(refusal('sign_in_failed'));
    await change(password);
    expect(memory.revoked).toEqual([other.principal.hash]);
    expect(await memory.access.principalOf(mine.secret)).not.toBeNull();
    await expect(memory.access.signIn({ name: 'ada', password }, from('::2'))).rejects.toEqual(
      refusal('sign_in_failed'),
    );
    await memory.access.signIn({ name: 'ada', password: 'a new one for ada' }, from('::2'));
  });
});

describe('one-time passwords', () => {
  const now = () => stepOf(memory.clock.now());
  const nextStep = () => memory.clock.advance(30_000);

  async function enrol(user = 'ada') {
    const { principal } = await memory.signIn(user);
    const { secret } = await memory.access.proofs.beginTotp(principal, password, '::1');
    const { recoveryCodes } = await memory.access.proofs.confirmTotp(principal, totpAt(secret, now()));
    return { principal, secret, recoveryCodes };
  }
  const signIn = (totp?: string, address = '::9') =>
    memory.access.signIn({ name: 'ada', password, totp }, from(address));

  test('are asked for after the first was right, and not before', async () => {
    const { principal } = await memory.signIn('ada');
    const { proofs } = memory.access;
    await expect(proofs.beginTotp(principal, 'guess', '::1')).rejects.toEqual(refusal('sign_in_failed'));
    const { secret } = await proofs.beginTotp(principal, password, '::1');
    await signIn();
    await expect(proofs.confirmTotp(principal, '000000x')).rejects.toEqual(refusal('totp_wrong'));
    await proofs.confirmTotp(principal, totpAt(secret, now()));
    await expect(signIn()).rejects.toEqual(refusal('totp_needed'));
    expect(proofs.totpOf(principal)).toEqual({ active: true, recoveryCodesLeft: 10 });
    await expect(proofs.beginTotp(principal, password, '::1')).rejects.toEqual(refusal('conflict'));
  });

  test('[ACC-7] work once each, also where two come at the same moment', async () => {
    const { secret } = await enrol();
    await expect(signIn(totpAt(secret, now()))).rejects.toEqual(refusal('totp_wrong'));
    nextStep();
    const code = totpAt(secret, now());
    const both = await Promise.allSettled([signIn(code), signIn(code)]);
    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  });

  test('[ACC-7] can be replaced by a recovery code, once each', async () => {
    const { principal, recoveryCodes } = await enrol();
    const [first = '', second = ''] = recoveryCodes;
    expect(new Set(recoveryCodes).size).toBe(10);
    expect(JSON.stringify([...memory.users.values()])).not.toContain(first.replaceAll('-', ''));
    await signIn(first);
    await expect(signIn(first)).rejects.toEqual(refusal('totp_wrong'));
    await signIn(second.toUpperCase().replaceAll('-', ' '));
    expect(memory.access.proofs.totpOf(principal).recoveryCodesLeft).toBe(8);
  });

  test('[ACC-4] are guessed ten times an hour and no more', async () => {
    const { secret } = await enrol();
    for (let i = 0; i < 10; i++) {
      // Slowly, so that attempts on the name are not what is too many.
      nextStep();
      await expect(signIn('nonsense', `192.0.2.${i}`)).rejects.toEqual(refusal('totp_wrong'));
    }
    nextStep();
    await expect(signIn(totpAt(secret, now()), '192.0.2.99')).rejects.toEqual(refusal('too_many'));
  });

  test('go with password and code, or by an administrator', async () => {
    const { principal, secret, recoveryCodes } = await enrol();
    const leave = (totp: string) => memory.access.proofs.leaveTotp(principal, { password, totp }, '::1');
    await expect(leave(totpAt(secret, now()))).rejects.toEqual(refusal('totp_wrong'));
    await leave(recoveryCodes[0] ?? '');
    await signIn();
    await enrol();
    await people().removeTotp('ada');
    await signIn();
  });

  test('are not told before the password was right', async () => {
    await enrol();
    const wrong = memory.access.signIn({ name: 'ada', password: 'guess' }, from('::1'));
    await expect(wrong).rejects.toEqual(refusal('sign_in_failed'));
  });
});

test('[ACC-4] a name that strangers try all day lets its owner in where the owner was before', async () => {
  const signIn = (given: string, address: string) =>
    memory.access.signIn({ name: 'ada', password: given }, from(address));
  await signIn(password, '::1');
  for (let i = 0; i < 12; i++) await signIn('guess', `192.0.2.${i}`).catch(() => {});
  await expect(signIn(password, '198.51.100.2')).rejects.toEqual(refusal('too_many'));
  await signIn(password, '::1');
});

test('[ACC-7] a sign-in that began before the password changed does not end with a session', async () => {
  const signIn = memory.access.signIn({ name: 'ada', password }, from('::1'));
  const user = people().need('ada');
  people().put({ ...user, password: 'scrypt$2$1$1$c2FsdA$AAAA' });
  await expect(signIn).rejects.toEqual(refusal('sign_in_failed'));
});
