import { beforeEach, describe, expect, test } from 'vitest';
import { ManualClock } from '../../test/instruments/manual-clock.ts';
import { limits } from '../contract/index.ts';
import { ConnectionLogs } from './connection-log.ts';

const from = { address: '192.0.2.7', client: 'c' };
let clock: ManualClock;
let logs: ConnectionLogs;
beforeEach(() => {
  clock = new ManualClock();
  logs = new ConnectionLogs(clock);
});

describe('a connection log', () => {
  test('[ACC-8] tells what happened, the newest first', () => {
    logs.add('a', from, { kind: 'connected', protocol: 'MQTT 3.1', clean: false, keepAliveS: 30 });
    clock.advance(5);
    logs.add('a', from, { kind: 'publish-refused', reason: 'the topic of another device', topic: 'devices/b/status' });
    const at = clock.now();
    const rest = { ...from, count: 1 };
    expect(logs.of('a')).toEqual([
      {
        ...rest,
        kind: 'publish-refused',
        at,
        lastAt: at,
        protocol: null,
        clean: null,
        keepAliveS: null,
        topic: 'devices/b/status',
        reason: 'the topic of another device',
      },
      {
        ...rest,
        kind: 'connected',
        at: at - 5,
        lastAt: at - 5,
        protocol: 'MQTT 3.1',
        clean: false,
        keepAliveS: 30,
        topic: null,
        reason: null,
      },
    ]);
    expect(logs.of('b')).toEqual([]);
  });

  test('[ACC-8] counts the same again within a minute in one entry, with the first and the last time', () => {
    const began = clock.now();
    for (let i = 0; i < 100; i++) {
      logs.add('a', from, { kind: 'connected' });
      logs.add('a', from, { kind: 'disconnected', reason: 'lost' });
      clock.advance(59_000);
    }
    const last = began + 99 * 59_000;
    expect(logs.of('a')).toMatchObject([
      { count: 100, at: began, lastAt: last },
      { count: 100, at: began, lastAt: last },
    ]);
    clock.advance(2_000);
    logs.add('a', from, { kind: 'connected' });
    expect(logs.of('a')).toHaveLength(3);
  });

  test('[ACC-8] keeps the newest fifty, and no text of any length', () => {
    for (let i = 0; i < 60; i++) logs.add('a', from, { kind: 'publish-refused', topic: `${i}${'x'.repeat(500)}` });
    const entries = logs.of('a');
    expect(entries).toHaveLength(limits.connectionEntriesMax);
    expect(entries.map(({ topic }) => Number.parseInt(topic ?? '', 10)).sort((a, b) => a - b)[0]).toBe(10);
    expect(entries[0]?.topic).toHaveLength(256);
    logs.add(
      'b',
      { address: 'x'.repeat(500), client: 'y'.repeat(500) },
      { kind: 'disconnected', reason: 'z'.repeat(500) },
    );
    const [entry] = logs.of('b');
    expect([entry?.address.length, entry?.client.length, entry?.reason?.length]).toEqual([64, 128, 128]);
  });

  test('[ACC-8] cannot be flushed by strangers who fail to sign in, whatever they call themselves', () => {
    logs.add('a', from, { kind: 'connected' });
    for (let i = 0; i < 1_000; i++) {
      clock.advance(61_000);
      logs.add(
        'a',
        { address: `192.0.2.${i}`, client: `stranger ${i}` },
        { kind: 'sign-in-refused', reason: 'wrong-secret' },
      );
    }
    const kinds = logs.of('a').map(({ kind }) => kind);
    expect(kinds.filter(kind => kind === 'connected')).toHaveLength(1);
    expect(kinds.filter(kind => kind === 'sign-in-refused')).toHaveLength(15);
    const same = new ConnectionLogs(clock);
    for (let i = 0; i < 100; i++)
      same.add('a', { ...from, client: `${i}` }, { kind: 'sign-in-refused', reason: 'wrong-secret' });
    expect(same.of('a')).toMatchObject([{ count: 100, client: '99' }]);
  });

  test('[ACC-8] gives way to others where there are too many: the one that was silent for longest', () => {
    for (let i = 0; i <= limits.connectionLogsMax; i++) {
      if (i === limits.connectionLogsMax) logs.add('0', from, { kind: 'disconnected' });
      logs.add(`${i}`, from, { kind: 'connected' });
    }
    expect([logs.of('0').length, logs.of('1').length, logs.of('2').length]).toEqual([2, 0, 1]);
    const perLog = limits.connectionEntriesMax;
    const names = limits.connectionEntriesTotalMax / perLog;
    for (let i = 0; i < names; i++) {
      for (let n = 0; n < perLog; n++) logs.add(`full ${i}`, from, { kind: 'publish-refused', topic: `${n}` });
    }
    expect([logs.of(`${limits.connectionLogsMax}`).length, logs.of('full 0').length]).toEqual([0, perLog]);
    logs.add('one more', from, { kind: 'connected' });
    expect([logs.of('full 0').length, logs.of('full 1').length]).toEqual([0, perLog]);
  });
});
