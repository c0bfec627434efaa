import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { limits } from '../contract/index.ts';
import {
  commandsDeviceOf,
  desiredDeviceOf,
  filterMatches,
  type Identity,
  mayReceive,
  publishBreach,
  subscribeBreach,
} from './permissions.ts';

const closed = { holds: () => true, open: false, denied: [] };
const device: Identity = { name: 'a', device: 'a', covers: id => id === 'a', ...closed };
const field: Identity = { name: 'site', device: null, covers: id => id.startsWith('site-'), ...closed };
const anybody: Identity = { name: '', device: null, covers: () => true, ...closed, open: true };
const denied: Identity = { ...anybody, denied: ['secret/+', 'plant/private/#'] };
const maySubscribe = (identity: Identity, filter: string) => subscribeBreach(identity, filter) === null;

describe('publishing', () => {
  test.each([
    'devices/a/telemetry',
    'devices/a/telemetry/t',
    'devices/a/status',
    'devices/a/attributes',
    'devices/a/commands/1/result',
    'devices/a/anything/else',
  ])('[ACC-2] a device may publish on %s, which is its own', topic => {
    expect(publishBreach(device, topic)).toBeNull();
  });

  test.each([
    'devices/b/telemetry',
    'devices/ab/telemetry',
    'devices/A/telemetry',
    'devices/a',
    'devices//telemetry',
    'plant/a',
    'a',
    '$SYS/a',
    '$share/g/devices/a/telemetry',
    'devices/a/commands/1',
  ])('[ACC-2] a device may not publish on %s', topic => {
    expect(publishBreach(device, topic)).toMatch(/\w/);
  });

  test('[ACC-2] a field gateway may publish for the devices of its prefix, commands again excepted', () => {
    expect(publishBreach(field, 'devices/site-7/telemetry')).toBeNull();
    expect(publishBreach(field, 'devices/other/telemetry')).not.toBeNull();
    expect(publishBreach(field, 'devices/site-7/commands/1')).not.toBeNull();
  });

  test('in the open profile anybody may publish anywhere but on the broker’s own topics', () => {
    expect(publishBreach(anybody, 'plant/a')).toBeNull();
    for (const topic of ['$SYS/a', 'devices/a/commands/1']) expect(publishBreach(anybody, topic)).not.toBeNull();
  });

  test('in the open profile nobody may publish where a denied filter matches', () => {
    for (const topic of ['secret/a', 'plant/private', 'plant/private/a/b']) {
      expect(publishBreach(denied, topic), topic).toMatch(/deniedFilters/);
    }
    for (const topic of ['secret', 'secret/a/b', 'plant/public'])
      expect(publishBreach(denied, topic), topic).toBeNull();
  });
});

describe('subscribing', () => {
  test.each(['devices/a/commands/+', 'devices/a/#', 'devices/a/telemetry', 'devices/a/+/x'])(
    '[ACC-2] a device may subscribe to %s, which is its own',
    filter => {
      expect(maySubscribe(device, filter)).toBe(true);
    },
  );

  test.each([
    '#',
    '+',
    '+/a/telemetry',
    'devices/#',
    'devices/+/telemetry',
    'devices/b/#',
    'devices/a',
    '$SYS/#',
    '$share/g/devices/a/#',
    '$share/g/#',
    `devices/a${'/x'.repeat(limits.topicLevelsMax)}`,
  ])('[ACC-2] a device may not subscribe to %s', filter => {
    expect(maySubscribe(device, filter)).toBe(false);
  });

  test('[ACC-2] what a device may subscribe to brings it nothing of another device', () => {
    const level = fc.constantFrom('devices', 'a', 'b', '+', '#', 'telemetry', '', '$SYS', '$share');
    const topics = ['devices/b/telemetry', 'devices/b/telemetry/t', 'devices/b/commands/1', '$SYS/x', 'devices/b'];
    fc.assert(
      fc.property(fc.array(level, { minLength: 1, maxLength: 5 }), levels => {
        const filter = levels.join('/');
        if (!maySubscribe(device, filter)) return;
        for (const topic of topics) expect(filterMatches(filter, topic), filter).toBe(false);
      }),
      { numRuns: 2_000 },
    );
  });

  test('[ACC-2] in the open profile anybody may subscribe, shared subscriptions excepted', () => {
    expect(maySubscribe(anybody, '#')).toBe(true);
    expect(maySubscribe(anybody, '$share/g/#')).toBe(false);
  });

  test.each(['secret/+', 'secret/a', 'plant/private/#', 'plant/private/+/b', 'plant/private'])(
    'in the open profile a filter that brings denied topics alone is refused: %s',
    filter => {
      expect(maySubscribe(denied, filter)).toBe(false);
    },
  );

  test.each(['#', 'secret/#', '+/a', 'plant/+', 'plant/#'])(
    'in the open profile a filter that brings others too is granted, and of the denied ones brings none: %s',
    filter => {
      expect(maySubscribe(denied, filter)).toBe(true);
      expect(mayReceive(denied, 'plant/a')).toBe(true);
      for (const topic of ['secret/a', 'plant/private', 'plant/private/x'])
        expect(mayReceive(denied, topic)).toBe(false);
    },
  );
});

describe('receiving', () => {
  test('[ACC-2] is judged at each delivery, by what the credential covers then', () => {
    const covered = new Set(['a', 'b']);
    const shrinking: Identity = { ...field, covers: id => covered.has(id) };
    expect(mayReceive(shrinking, 'devices/b/telemetry')).toBe(true);
    covered.delete('b');
    expect(mayReceive(shrinking, 'devices/b/telemetry')).toBe(false);
    expect(mayReceive(shrinking, 'devices/a/telemetry')).toBe(true);
    expect(mayReceive(shrinking, 'elsewhere')).toBe(false);
  });
});

describe('filters', () => {
  test.each([
    ['a/b', 'a/b', true],
    ['a/b', 'a/c', false],
    ['a/+', 'a/b', true],
    ['a/+', 'a', false],
    ['a/+', 'a/b/c', false],
    ['a/+', 'a/', true],
    ['a/#', 'a', true],
    ['a/#', 'a/b/c', true],
    ['#', 'a/b', true],
    ['+/b', 'a/b', true],
    ['a', 'a/b', false],
  ])('%s on %s: %s', (filter, topic, fits) => {
    expect(filterMatches(filter, topic)).toBe(fits);
  });

  test('[ACC-2] a filter matches level by level, whatever the levels are', () => {
    const level = fc.constantFrom('', 'a', 'ab', 'b', '$s', 'é😀');
    const topic = fc.array(level, { minLength: 1, maxLength: 4 });
    const filter = fc
      .tuple(fc.array(fc.oneof(level, fc.constant('+')), { maxLength: 4 }), fc.boolean())
      .map(([levels, isOpen]) => (isOpen || levels.length === 0 ? [...levels, '#'] : levels));
    const fits = (wanted: string[], levels: string[]): boolean => {
      const [first, ...rest] = wanted;
      if (first === '#') return true;
      if (first === undefined || levels.length === 0) return first === undefined && levels.length === 0;
      return (first === '+' || first === levels[0]) && fits(rest, levels.slice(1));
    };
    fc.assert(
      fc.property(filter, topic, (wanted, levels) => {
        expect(filterMatches(wanted.join('/'), levels.join('/'))).toBe(fits(wanted, levels));
      }),
      { numRuns: 2_000 },
    );
  });

  test.each([
    ['devices/a/commands/+', 'a'],
    ['devices/a/#', 'a'],
    ['devices/a/+/+', 'a'],
    ['devices/a/commands/#', 'a'],
    ['devices/a/commands/1', null],
    ['devices/a/commands/+/result', null],
    ['devices/a/telemetry', null],
    ['devices/+/commands/+', null],
    ['#', null],
  ])('%s makes its connection the receiver of the commands of %s', (filter, id) => {
    expect(commandsDeviceOf(filter)).toBe(id);
  });

  test.each([
    ['devices/a/desired', 'a'],
    ['devices/a/+', 'a'],
    ['devices/a/#', 'a'],
    ['devices/a/commands/+', null],
    ['devices/a/desired/+', null],
    ['devices/+/desired', null],
    ['#', null],
  ])('%s makes its connection the receiver of what is desired of %s', (filter, id) => {
    expect(desiredDeviceOf(filter)).toBe(id);
  });
});
