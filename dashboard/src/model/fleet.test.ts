// The list of devices and its filters.
import type { Device } from '@telltale/gateway/contract';
import { describe, expect, it } from 'vitest';
import { createSockets, createTestClock } from '../../test/platform.ts';
import { createConnection } from '../connection/index.ts';
import { openFleet, tagsOf } from './fleet.ts';

const device = (id: string, ...tags: string[]) => ({ id, tags }) as Device;
const all = [device('a', 'cellar'), device('b', 'roof', 'cellar'), device('c')];
const settle = () => new Promise(resolve => setImmediate(resolve));

function open() {
  const clock = createTestClock();
  const connection = createConnection({ url: 'ws://g', WebSocket: createSockets().Socket, clock, random: () => 0.5 });
  const asked: unknown[] = [];
  const devices = async ({ tag, q }: { tag?: string | null; q?: string }) => {
    asked.push({ tag, q });
    return { items: all.filter(each => tag == null || each.tags.includes(tag)), next: null };
  };
  return { asked, fleet: openFleet({ api: { devices }, connection, clock, batcher: run => run() }) };
}

describe('the filter by tag', () => {
  it('is asked of the gateway beside what is searched for, and taken back', async () => {
    const { asked, fleet } = open();
    await settle();
    expect(fleet.devices.value.map(each => each.id)).toEqual(['a', 'b', 'c']);
    fleet.search('pump');
    fleet.filter('roof');
    await settle();
    expect(fleet.devices.value.map(each => each.id)).toEqual(['b']);
    expect(asked.at(-1)).toEqual({ tag: 'roof', q: 'pump' });
    fleet.filter(null);
    await settle();
    expect(fleet.devices.value).toHaveLength(3);
    fleet.close();
  });

  it('watches those in sight alone: the whole fleet is more than what is shown', async () => {
    const { fleet } = open();
    await settle();
    expect(fleet.watchOf('elsewhere')).not.toBeNull();
    fleet.filter('roof');
    await settle();
    expect([fleet.watchOf('b') === null, fleet.watchOf('a')]).toEqual([false, null]);
    fleet.close();
  });

  it('offers the tags in sight in order, and the chosen one however empty its list is', () => {
    expect(tagsOf(all, null)).toEqual(['cellar', 'roof']);
    expect(tagsOf([], 'gone')).toEqual(['gone']);
  });
});
