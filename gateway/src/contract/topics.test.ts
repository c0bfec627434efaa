import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { deviceOfFilter, parseTopic, topics } from './topics.ts';
import { isDeviceId, isMetricName } from './words.ts';

const deviceId = fc.string({ minLength: 1, maxLength: 20, unit: 'binary' }).filter(isDeviceId);
const metricName = fc.string({ minLength: 1, maxLength: 20, unit: 'binary' }).filter(isMetricName);

describe('topics', () => {
  test('are read as they are made, for every id', () => {
    fc.assert(
      fc.property(deviceId, metricName, (device, name) => {
        expect(parseTopic(topics.telemetry(device))).toEqual({ kind: 'telemetry', device });
        expect(parseTopic(topics.metric(device, name))).toEqual({ kind: 'metric', device, metric: name });
        expect(parseTopic(topics.status(device))).toEqual({ kind: 'status', device });
        expect(parseTopic(topics.attributes(device))).toEqual({ kind: 'attributes', device });
        expect(parseTopic(topics.command(device, name))).toEqual({ kind: 'command', device, command: name });
        expect(parseTopic(topics.commandResult(device, name))).toEqual({ kind: 'result', device, command: name });
      }),
    );
  });

  test.each([
    'devices/a/telemetry/x/y',
    'devices/a/telemetry/',
    'devices/a/telemetries',
    'devices/a/commands',
    'devices/a/commands/',
    'devices/a/commands//result',
    'devices/a/commands/1/results',
    'devices/a/commands/1/result/more',
    'devices/a/',
    'devices/a/Status',
  ])('%s belongs to a device and is nothing that is known', topic => {
    expect(parseTopic(topic)).toEqual({ kind: 'other', device: 'a' });
  });

  test.each([
    '',
    'devices',
    'devices/',
    'devices/a',
    'devices//telemetry',
    'devices/+/telemetry',
    'devices/#',
    'devices/$a/telemetry',
    '/devices/a/telemetry',
    'Devices/a/telemetry',
    'plant/a/telemetry',
    '$SYS/broker/uptime',
  ])('%j belongs to no device', topic => {
    expect(parseTopic(topic)).toBeNull();
  });

  test('any text is read without an error, and what is read stays below its device', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'devices/+#$telmry') }), text => {
        const topic = `devices/${text}`;
        const parsed = parseTopic(topic);
        if (parsed !== null) expect(topic.startsWith(`devices/${parsed.device}/`)).toBe(true);
      }),
    );
  });
});

describe('filters', () => {
  test.each([
    ['devices/a/#', 'a'],
    ['devices/a/+/x', 'a'],
    ['devices/a/commands/+', 'a'],
  ])('%s stays below a device', (filter, device) => {
    expect(deviceOfFilter(filter)).toBe(device);
  });

  test.each([
    '#',
    '+/a/telemetry',
    'devices/+/telemetry',
    'devices/#',
    'devices/a',
    'devices/a#/x',
    '$SYS/#',
    '$share/group/devices/a/#',
  ])('[ACC-2] %s could reach further than one device', filter => {
    expect(deviceOfFilter(filter)).toBeNull();
  });
});
