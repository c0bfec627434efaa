import { beforeEach, describe, expect, test } from 'vitest';
import { ManualClock } from '../../test/instruments/manual-clock.ts';
import { SignIns } from './sign-ins.ts';

const secret = Buffer.from('s');
const here = { address: '::1', client: 'c' };
const connection = (id = 'c') => ({ id, clean: true, version: 4, conn: { keepAliveS: 60 } });

let clock: ManualClock;
let holding: boolean;
let lines: Record<string, unknown>[];
beforeEach(() => {
  clock = new ManualClock();
  holding = true;
  lines = [];
});

function signIns(open = false) {
  const say = () => {};
  const log = { debug: say, info: say, warn: (fields: Record<string, unknown>) => void lines.push(fields), error: say };
  return new SignIns<ReturnType<typeof connection>>(
    { open, deniedFilters: ['secret'] },
    {
      clock,
      log,
      signIn: (name, given) => {
        if (name !== 'a') return { refused: 'unknown-name' };
        if (given === undefined) return { refused: 'no-secret' };
        return { name, device: name, holds: () => holding, covers: () => holding };
      },
      identityNamed: () => null,
      signInByCertificate: name =>
        name === 'b' ? { name, device: name, holds: () => true, covers: () => true } : { refused: 'unknown-name' },
    },
  );
}

describe('signing in', () => {
  test('[ACC-8] is noted where somebody has the name, and counted where nobody has', () => {
    const all = signIns();
    expect(all.admit(connection(), here, { name: 'a', secret: undefined })).toBeNull();
    expect(all.admit(connection(), here, { name: 'nobody', secret })).toBeNull();
    expect(all.admit(connection(), here, { name: undefined, secret })).toBeNull();
    expect(all.log('a')).toMatchObject({ connected: 0, entries: [{ kind: 'sign-in-refused', reason: 'no-secret' }] });
    expect(all.log('nobody').entries).toEqual([]);
    expect(all.unknownNames).toBe(1);
  });

  test('[ACC-8] by a certificate needs no secret, and no other name beside it', () => {
    const all = signIns();
    const byB = { certified: 'b', secret: undefined };
    expect(all.admit(connection(), here, { ...byB, name: undefined })).toMatchObject({ name: 'b', device: 'b' });
    expect(all.admit(connection(), here, { ...byB, name: 'b', secret })).toMatchObject({ name: 'b' });
    expect(all.admit(connection(), here, { ...byB, name: 'a', secret })).toBeNull();
    expect(all.log('b').entries).toMatchObject([{ kind: 'sign-in-refused', reason: 'another-name' }]);
    expect(all.admit(connection(), here, { certified: 'a', name: 'a', secret })).toBeNull();
  });

  test('[ACC-8] a flood of refusals is ten lines a second, and the next line tells of the others', () => {
    const all = signIns();
    for (let i = 0; i < 1_000; i++) all.admit(connection(), here, { name: 'mistaken', secret });
    expect(lines).toHaveLength(10);
    clock.advance(1_000);
    all.admit(connection(), here, { name: 'nobody', secret });
    expect(lines.at(-1)).toMatchObject({ linesLeftOut: 990, reason: 'unknown-name' });
    expect(JSON.stringify(lines)).not.toContain('mistaken');
  });

  test('in the open profile is nothing that can fail', () => {
    const anybody = signIns(true).admit(connection(), here, { name: undefined, secret: undefined });
    expect(anybody).toMatchObject({ name: 'c', device: null, open: true, denied: ['secret'] });
  });
});

describe('a connection', () => {
  test('[ACC-8] that does not hold any more is found under its name, also before it is through', () => {
    const all = signIns();
    const [one, other] = [connection('one'), connection('other')];
    for (const each of [one, other]) all.admit(each, here, { name: 'a', secret });
    expect([...all.lapsed('a')]).toEqual([]);
    holding = false;
    expect([...all.lapsed('a')]).toEqual([one, other]);
    all.forget(one);
    expect([...all.lapsed('a')]).toEqual([other]);
    expect(all.log('a').connected).toBe(1);
  });

  test('[ACC-8] tells how it came and why it went; the first reason counts', () => {
    const all = signIns();
    const client = connection();
    all.admit(client, here, { name: 'a', secret });
    all.connected(client);
    expect(all.log('a').entries).toMatchObject([{ kind: 'connected', protocol: 'MQTT 3.1.1', keepAliveS: 60 }]);
    clock.advance(1);
    expect([all.ends(client, 'keep-alive'), all.ends(client, 'refused')]).toEqual([true, false]);
    all.disconnected(client, 'lost');
    expect(all.log('a').entries[0]).toMatchObject({ kind: 'disconnected', reason: 'keep-alive' });
  });
});
