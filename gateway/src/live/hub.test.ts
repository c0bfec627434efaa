import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { matchesAny } from '../lib/pattern.ts';
import type { Member } from './channel.ts';
import { MemoryLog } from './log.fixture.ts';

const member = (heard: number[]): Member => ({
  owner: { takeEvent() {} },
  take: round => void heard.push(...round.seriesAfter(-1)),
  freshen: changes => void heard.push(...changes.map(({ series }) => -series)),
  renew: series => void heard.push(...series),
});

describe('the hub', () => {
  test('brings each reading to exactly those whose patterns cover it, whenever series and channels came to be', () => {
    const name = fc.constantFrom('a', 'b', 'plant-1', 'plant-2');
    const patterns = fc.option(fc.array(fc.oneof(name, fc.constantFrom('*', 'plant-*', 'x*')), { maxLength: 3 }));
    const step = fc.oneof(
      fc.record({ do: fc.constant('series' as const), device: name, metric: name }),
      fc.record({ do: fc.constant('hold' as const), device: patterns, metric: patterns }),
      fc.record({ do: fc.constant('release' as const), which: fc.nat(10) }),
      fc.record({ do: fc.constant('commit' as const), which: fc.nat(10) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), steps => {
        const log = new MemoryLog([undefined]);
        let held: { device?: string[]; metric?: string[]; heard: number[]; release(): void }[] = [];
        let ts = 0;
        for (const each of steps) {
          if (each.do === 'series') {
            const known = log.names.some(other => other?.device === each.device && other.metric === each.metric);
            if (!known) log.names.push({ device: each.device, metric: each.metric });
          } else if (each.do === 'hold') {
            const device = each.device ?? undefined;
            const metric = each.metric ?? undefined;
            const channel = log.hub.hold({ device, metric, mode: 'latest', intervalMs: 0 });
            const heard: number[] = [];
            const its = member(heard);
            channel.members.add(its);
            const release = () => {
              channel.members.delete(its);
              log.hub.release(channel);
            };
            held.push({ device, metric, heard, release });
          } else if (each.do === 'release') {
            held[each.which]?.release();
            held = held.filter((_, i) => i !== each.which);
          } else if (each.which > 0 && each.which < log.names.length) {
            const { device, metric } = log.names[each.which] ?? { device: '', metric: '' };
            for (const { heard } of held) heard.splice(0);
            log.commit([each.which, ++ts, ts]);
            log.age(each.which, 'late');
            for (const one of held) {
              const covers = matchesAny(one.device, device) && matchesAny(one.metric, metric);
              expect(one.heard).toEqual(covers ? [each.which, -each.which] : []);
            }
          }
        }
      }),
    );
  });

  test('finds the channels of a device for its events, by name and by pattern', () => {
    const log = new MemoryLog();
    const { hub } = log;
    const hold = (device?: string[]) => hub.hold({ device, mode: 'latest', intervalMs: 0 });
    const [named, pattern, all, other] = [hold(['a', 'b']), hold(['a*']), hold(), hold(['c'])];
    expect(new Set(hub.ofDevice('a'))).toEqual(new Set([named, pattern, all]));
    expect(new Set(hub.ofDevice('c'))).toEqual(new Set([all, other]));
    hub.release(pattern);
    hub.release(other);
    log.clock.advance(2_000);
    expect(new Set(hub.ofDevice('a'))).toEqual(new Set([named, all]));
    expect(new Set(hub.ofDevice('c'))).toEqual(new Set([all]));
  });
});
