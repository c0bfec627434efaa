import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, test, vi } from 'vitest';
import { TestSessions } from './sessions.fixture.ts';

const abstract = fileURLToPath(new URL('abstract.fixture.ts', import.meta.url));

test('[BRK-5] [BRK-7] the persistence on the gateway’s store passes the tests that the broker library has for one', async () => {
  const report = await new Promise<string>(resolve =>
    execFile(process.execPath, ['--test', '--test-reporter=tap', abstract], (_error, out, err) => resolve(out + err)),
  );
  const count = (what: string) => Number(new RegExp(`^# ${what} (\\d+)$`, 'm').exec(report)?.[1] ?? Number.NaN);
  expect(report.match(/^\s*not ok .*$/gm)).toBeNull();
  expect(count('tests')).toBeGreaterThanOrEqual(50);
  expect([count('pass'), count('fail')]).toEqual([count('tests'), 0]);
}, 120_000);

test('[BRK-7] a SUBSCRIBE of many filters is taken up once, though the library hands all of them over for each', async () => {
  const { state, persistence } = new TestSessions();
  const judged = vi.spyOn(state.ports, 'maySubscribe');
  const client = { id: 'd1/x', clean: false };
  const filters = Array.from({ length: 1_000 }, (_, i) => ({ topic: `devices/d1/${i}`, qos: 1 }));
  await Promise.all(filters.map(() => persistence.addSubscriptions(client, filters)));
  expect(judged).toHaveBeenCalledTimes(1_000);
  expect(await persistence.subscriptionsByClient(client)).toHaveLength(1_000);
});

describe('wills', () => {
  const will = (payload: string) => ({ topic: 'devices/d1/status', payload, qos: 1, retain: true });

  test('[BRK-5] are written soon after the connects, all together, and one that came and went is not written', async () => {
    const sessions = new TestSessions();
    const { persistence, clock } = sessions;
    for (let i = 0; i < 2_000; i++) await persistence.putWill({ id: `d${i}/x` }, will('offline'));
    for (let i = 0; i < 1_000; i++) await persistence.delWill({ id: `d${i}/x`, brokerId: 'here' });
    expect(sessions.commits).toHaveLength(0);
    clock.advance(1_000);
    expect(sessions.commits).toHaveLength(1);
    expect(sessions.changes().filter(change => change.kind === 'will' && change.will !== null)).toHaveLength(1_000);
  });

  test('the will of a client that took over a name is not deleted with that of the one before', async () => {
    const { state, persistence } = new TestSessions();
    const [first, second] = [will('first'), will('second')];
    await persistence.putWill({ id: 'd1/x' }, first);
    await persistence.delWill({ id: 'd1/x' });
    await persistence.putWill({ id: 'd1/x' }, second);
    // Now the first connection is closed: its will is published, and the library deletes what it takes for it.
    state.wills.fire('d1/x', first);
    await persistence.delWill({ id: 'd1/x', brokerId: 'here' });
    expect(await persistence.getWill({ id: 'd1/x' })).toBe(second);
    state.wills.fire('d1/x', second);
    expect(await persistence.getWill({ id: 'd1/x' })).toBeUndefined();
  });

  test('[RUN-3] of clients that are connected are not for others to publish, whatever the library takes the time to be', async () => {
    const { persistence } = new TestSessions();
    await persistence.putWill({ id: 'd1/x' }, will('offline'));
    // A wall clock that was set ahead makes the library take all brokers for silent, this one too.
    expect(await persistence.streamWill({}).toArray()).toEqual([]);
  });
});

describe('the journal', () => {
  test('[BRK-6] writes a session once for many SUBSCRIBEs that came together, and each waits for that', async () => {
    const { commits, persistence } = new TestSessions();
    const client = { id: 'd1/x', clean: false };
    await persistence.addSubscriptions(client, [{ topic: 'devices/d1/notes', qos: 0 }]);
    commits.length = 0;
    const changes = Array.from({ length: 200 }, (_, i) => [{ topic: 'devices/d1/notes', qos: i % 2 }]);
    const done = Promise.all(changes.map(subscriptions => persistence.addSubscriptions(client, subscriptions)));
    expect(commits).toHaveLength(0);
    await done;
    expect(commits).toHaveLength(1);
  });

  test('[BRK-5] writes what was put off again after the disk was full, and in its order', async () => {
    const sessions = new TestSessions();
    const { state, clock } = sessions;
    sessions.isFull = true;
    await sessions.away('d1/x', 'devices/d1/#');
    expect(state.counters.writesRefused).toBeGreaterThan(0);
    state.forget('d1');
    state.connected({ id: 'd1/x', clean: false });
    sessions.isFull = false;
    clock.advance(10_000);
    await Promise.resolve();
    const kinds = sessions.changes().map(change => (change.kind === 'session' ? change.record : change.kind));
    expect(kinds.indexOf(null)).toBeLessThan(kinds.findLastIndex(kind => kind !== null));
    expect(kinds.at(-1)).toMatchObject({ owner: 'd1', subscriptions: [] });
  });
});
