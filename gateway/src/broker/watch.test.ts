import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { filterMatches } from './permissions.ts';
import { Watch } from './watch.ts';

const watching = (...filters: string[]) => {
  const watch = new Watch();
  for (const filter of filters) watch.note(filter);
  return watch;
};

describe('whether anybody watches', () => {
  test('without subscriptions no telemetry is, and all else is passed on', () => {
    expect(watching().covers('devices/a/telemetry')).toBe(false);
    expect(watching().covers('devices/a/telemetry/t')).toBe(false);
    for (const topic of ['devices/a/status', 'devices/a/commands/1', 'plant/a', 'devices/a']) {
      expect(watching().covers(topic), topic).toBe(true);
    }
  });

  test.each(['devices/a/telemetry', 'devices/a/telemetry/+', 'devices/a/telemetry/t', 'devices/a/#', 'devices/a/+'])(
    '%s watches its device and no other',
    filter => {
      expect(watching(filter).covers('devices/a/telemetry')).toBe(true);
      expect(watching(filter).covers('devices/b/telemetry')).toBe(false);
    },
  );

  test.each(['devices/a/commands/+', 'devices/a/status'])('%s watches no telemetry', filter => {
    expect(watching(filter).covers('devices/a/telemetry')).toBe(false);
  });

  test.each(['#', 'devices/#', 'devices/+/telemetry', '+/a/telemetry'])('%s watches everything', filter => {
    expect(watching(filter).covers('devices/b/telemetry')).toBe(true);
  });

  test('nothing that a subscription matches is kept from it', () => {
    const level = fc.constantFrom('a', 'b', 'telemetry', 'telemetryx', 't', 'status');
    const rest = fc.array(level, { minLength: 1, maxLength: 3 });
    const wild = fc.array(fc.oneof(level, fc.constant('+')), { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(rest, wild, fc.boolean(), (levels, filterLevels, open) => {
        const topic = ['devices', ...levels].join('/');
        const filter = ['devices', ...filterLevels, ...(open ? ['#'] : [])].join('/');
        fc.pre(filterMatches(filter, topic));
        expect(watching(filter).covers(topic), `${filter} on ${topic}`).toBe(true);
      }),
      { numRuns: 1_000 },
    );
  });
});
