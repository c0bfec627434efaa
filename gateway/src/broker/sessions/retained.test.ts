import { expect, test } from 'vitest';
import { limits } from '../../contract/index.ts';
import { TestSessions } from './sessions.fixture.ts';

const written = (sessions: TestSessions) => sessions.changes().filter(({ kind }) => kind === 'retained').length;

test('[BRK-6] a message that is retained already is not written again', async () => {
  const sessions = new TestSessions();
  for (let i = 0; i < 5; i++)
    expect(await sessions.publish('devices/d1/status', 'online', { retain: true })).toBeNull();
  expect(written(sessions)).toBe(1);
  await sessions.publish('devices/d1/status', 'offline', { retain: true });
  await sessions.publish('devices/d1/status', '', { retain: true });
  await sessions.publish('devices/d1/status', '', { retain: true });
  expect(written(sessions)).toBe(3);
  expect(sessions.retained('#')).toEqual([]);
});

test('while an older one is on its way to the disk, the same as before is written: the last is what stays', async () => {
  const sessions = new TestSessions();
  const publish = (payload: string) => sessions.publish('devices/d1/status', payload, { retain: true });
  await publish('online');
  await Promise.all([publish('offline'), publish('online')]);
  const payloads = sessions
    .changes()
    .map(change => (change.kind === 'retained' ? Buffer.from(change.message?.payload ?? []).toString() : ''));
  expect(payloads).toEqual(['online', 'offline', 'online']);
  expect(sessions.retained('#')).toEqual(['online']);
});

test('[BRK-6] a device has its share of retained messages, by count and bytes, and another device is none the worse', async () => {
  const sessions = new TestSessions();
  const { counters } = sessions.state;
  const publish = (topic: string, payload: string) => sessions.publish(topic, payload, { retain: true });
  for (let i = 0; i <= limits.retainedPerDeviceMax; i++) expect(await publish(`devices/d1/${i}`, 'x')).toBeNull();
  expect(sessions.state.gauges().retainedMessages).toBe(limits.retainedPerDeviceMax);
  expect(counters.retainedRefused).toBe(1);
  // One of those that are there may change; one that has become too large goes, for it would be out of date.
  await publish('devices/d1/7', 'y');
  expect(sessions.retained('devices/d1/7')).toEqual(['y']);
  await publish('devices/d1/7', 'y'.repeat(limits.retainedBytesPerDeviceMax));
  expect(sessions.retained('devices/d1/7')).toEqual([]);
  expect(counters.retainedRefused).toBe(2);
  await publish('devices/d2/status', 'online');
  expect(sessions.retained('devices/d2/#')).toEqual(['online']);
});

test('a subscriber does not see what is not committed', async () => {
  const sessions = new TestSessions();
  await sessions.publish('devices/d1/status', 'online', { retain: true });
  const done = sessions.publish('devices/d1/status', 'offline', { retain: true });
  expect(sessions.retained('#')).toEqual(['online']);
  await done;
  expect(sessions.retained('#')).toEqual(['offline']);
});
