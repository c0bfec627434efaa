import { beforeEach, describe, expect, test } from 'vitest';
import { ManualClock } from '../../test/instruments/manual-clock.ts';
import { limits, Refusal, type Value } from '../contract/index.ts';
import { SeriesDictionary } from '../store/series.ts';
import type { NewStateChange } from './desired.ts';
import { type DeviceConfig, Devices } from './device.ts';
import type { FreshnessChange } from './latest.ts';

const minute = 60_000;
const hour = 60 * minute;

let clock: ManualClock;
let series: SeriesDictionary;
/** What was told of freshness, each time. */
let told: FreshnessChange[][];
let offset: number;
/** What becomes of a change that is to be recorded. */
let saving: () => Promise<void>;
/** What went into the history of reported state. */
let reported: NewStateChange[];
/** Changes of tags that were told: device, before, after. */
let retagged: unknown[][];
beforeEach(() => {
  clock = new ManualClock();
  series = new SeriesDictionary();
  told = [];
  offset = 0;
  retagged = [];
  reported = [];
  saving = async () => {};
});

async function openDevices(config: DeviceConfig = { freshness: [] }): Promise<Devices> {
  const devices = new Devices(config, {
    clock,
    seriesName: id => series.nameOf(id),
    makeSeries: (device, metric) => series.idOf(device, metric),
    metricsOf: device => series.metricsOf(device),
    isTaken: name => name === 'field-gateway',
    saveDevice(_id, _record, _event, change) {
      if (change !== undefined) reported.push(change);
      return saving();
    },
    savePresence: async () => {},
    saveView: async () => {},
    lastOffset: () => offset,
    tagsChanged: (...change) => void retagged.push(change),
    freshnessChanged: changes => void told.push(changes),
    saveDesired: async () => {},
    sendDesired: () => false,
  });
  await devices.open();
  return devices;
}

/** Brings one reading of each series, all of now. */
function bring(devices: Devices, ...ids: number[]): void {
  const now = clock.now();
  devices.apply({
    offset: ++offset,
    count: ids.length,
    series: i => ids[i] as number,
    ts: () => now,
    receivedAt: () => now,
    value: () => 1,
  });
}
const announce = (devices: Devices, attributes: Record<string, Value>) =>
  devices.setAttributes('d', new Map(Object.entries(attributes)));
const latestOf = (devices: Devices) => devices.latestOf('d').values;

describe('freshness of many series', () => {
  test('[LIV-4] is looked at once a second, a part of the series at a time', async () => {
    const devices = await openDevices();
    const ids = Array.from({ length: 200 }, (_, i) => series.idOf('d', `m${i}`));
    bring(devices, ...ids);
    clock.advance(150_001);
    expect(told).toEqual([]);
    clock.advance(50);
    expect(told.length).toBe(1);
    expect(told[0]?.length).toBeGreaterThan(0);
    expect(told[0]?.length).toBeLessThanOrEqual(ids.length / 10);
    clock.advance(1_000);
    expect(
      told
        .flat()
        .map(({ series: id }) => id)
        .sort((a, b) => a - b),
    ).toEqual(ids);
    expect(new Set(told.flat().map(({ freshness }) => freshness))).toEqual(new Set(['late']));
  });

  test('[LIV-4] is numbered with each change, so that one can tell what changed after another', async () => {
    const devices = await openDevices();
    const [a, b] = [series.idOf('d', 'a'), series.idOf('d', 'b')];
    const numbers = () => [a, b].map(id => devices.latestReading(id)?.freshSeq);
    bring(devices, a, b);
    expect([devices.freshSeq(), ...numbers()]).toEqual([0, 0, 0]);
    clock.advance(100_000);
    bring(devices, b);
    clock.advance(60_000);
    expect([devices.freshSeq(), ...numbers()]).toEqual([1, 1, 0]);
    clock.advance(600_000);
    // Late and stale of the one, late and stale of the other.
    expect(devices.freshSeq()).toBe(4);
    expect(devices.latestReading(b)?.freshSeq).toBe(4);
    bring(devices, b);
    expect(devices.latestReading(b)).toMatchObject({ freshness: 'live', freshSeq: 4 });
  });
});

describe('a configured cadence', () => {
  const rules = [
    { device: 'd', metric: 'door.front', every: 2 * hour },
    { device: '*', metric: 'door.*', every: hour },
  ];
  const bringOften = (devices: Devices, id: number) => {
    for (let i = 0; i < 10; i++) {
      bring(devices, id);
      clock.advance(1_000);
    }
  };

  test('[LIV-4] holds whatever was learned; the first rule that fits counts', async () => {
    const devices = await openDevices({ freshness: rules });
    await devices.create('d', 'd');
    for (const metric of ['door.front', 'door.back', 'temperature']) bringOften(devices, series.idOf('d', metric));
    clock.advance(2.4 * hour);
    expect(latestOf(devices)).toMatchObject([
      { metric: 'door.back', cadenceMs: hour, freshness: 'live' },
      { metric: 'door.front', cadenceMs: 2 * hour, freshness: 'live' },
      { metric: 'temperature', cadenceMs: 1_000, freshness: 'stale' },
    ]);
    clock.advance(hour);
    expect(latestOf(devices).map(({ freshness }) => freshness)).toEqual(['late', 'live', 'stale']);
  });

  test('[LIV-4] holds for what was saved before it was configured, too', async () => {
    const devices = await openDevices({ freshness: rules });
    await devices.create('d', 'd');
    const id = series.idOf('d', 'door.back');
    const body = JSON.stringify([[id, clock.now() - hour, clock.now() - hour, 'shut', 1_000, 20]]);
    devices.load([], [{ name: 'latest/0', offset: 5, body }]);
    expect(latestOf(devices)).toMatchObject([{ cadenceMs: hour, freshness: 'live' }]);
  });
});

describe('a metric that was announced', () => {
  test('[LIV-4] is never seen until its first reading comes', async () => {
    const devices = await openDevices();
    await devices.create('d', 'd');
    await announce(devices, { 'units.temperature': '°C', firmware: '7' });
    const nothing = { ts: null, value: null, receivedAt: null, cadenceMs: null, type: null };
    expect(latestOf(devices)).toEqual([{ metric: 'temperature', unit: '°C', freshness: 'never', ...nothing }]);
    clock.advance(hour);
    expect([latestOf(devices)[0]?.freshness, told]).toEqual(['never', []]);
    bring(devices, series.find('d', 'temperature') as number);
    expect(latestOf(devices)).toMatchObject([{ metric: 'temperature', value: 1, freshness: 'live' }]);
  });

  test('is told from one that was not, by the number of its series', async () => {
    const devices = await openDevices();
    await devices.create('d', 'd');
    await announce(devices, { 'units.announced': 'V' });
    const sent = series.idOf('d', 'sent');
    const announced = series.find('d', 'announced') as number;
    expect([announced, sent, 999].map(id => devices.isAnnounced(id))).toEqual([true, false, false]);
    await devices.remove('d');
    expect(devices.isAnnounced(announced)).toBe(false);
  });

  test('has to have a name that a metric may have, and a place among the metrics of its device', async () => {
    const devices = await openDevices();
    await devices.create('d', 'd');
    for (let i = 0; i < limits.metricsPerDeviceMax - 1; i++) series.idOf('d', `m${i}`);
    await announce(devices, { 'units.': 'V', 'units.a/b': 'V', units: 'V' });
    expect(latestOf(devices)).toEqual([]);
    await announce(devices, { 'units.last': 'V', 'units.one more': 'V' });
    expect(latestOf(devices).map(({ metric }) => metric)).toEqual(['last']);
  });
});

describe('tags', () => {
  test('are kept in order, each once, and their change is told with what was before', async () => {
    const devices = await openDevices();
    await devices.create('a', 'a');
    expect(await devices.change('a', { tags: ['roof', 'cold', 'roof'] })).toMatchObject({ tags: ['cold', 'roof'] });
    await devices.change('a', { name: 'pump' });
    await devices.change('a', { tags: ['cold', 'roof'] });
    expect(devices.describe('a')).toMatchObject({ name: 'pump', tags: ['cold', 'roof'] });
    expect(retagged).toEqual([['a', [], ['cold', 'roof']]]);
    expect([devices.tagsOf('a'), devices.tagsOf('b')]).toEqual([['cold', 'roof'], []]);
    expect([devices.withTags(['roof', 'x']), devices.withTags(['x'])]).toEqual([['a'], []]);
  });

  test('go with the device, so that one of the same id that comes later has none', async () => {
    const devices = await openDevices();
    await devices.create('a', 'a');
    await devices.change('a', { tags: ['cold'] });
    await devices.remove('a');
    expect(retagged.at(-1)).toEqual(['a', ['cold'], []]);
    devices.ensure('a');
    expect(devices.tagsOf('a')).toEqual([]);
  });

  test('that cannot be recorded are what they were, and that is told, too', async () => {
    const devices = await openDevices();
    await devices.create('a', 'a');
    saving = async () => {
      throw new Error('full');
    };
    await expect(devices.change('a', { name: 'b', tags: ['cold'] })).rejects.toThrow('full');
    expect(devices.describe('a')).toMatchObject({ name: 'a', tags: [] });
    expect(retagged).toEqual([
      ['a', [], ['cold']],
      ['a', ['cold'], []],
    ]);
  });

  test('of a device from before there were any are none', async () => {
    const devices = await openDevices();
    const presence = { state: 'unknown', since: null, cause: null } as const;
    devices.load([{ id: 'old', name: 'old', createdAt: 0, presence, attributes: {} }], []);
    expect(devices.describe('old').tags).toEqual([]);
  });
});

describe('what a device reports of itself', () => {
  test('[CMD-9] is in the history where it is otherwise than before, units aside, with the time since when it is so', async () => {
    const devices = await openDevices();
    await devices.create('d', 'd');
    await announce(devices, { target: 19, firmware: '1', 'units.t': '°C' });
    clock.advance(1_000);
    await announce(devices, { target: 20, firmware: '1' });
    await announce(devices, { target: 20 });
    await announce(devices, { 'units.t': 'K' });
    expect(reported.map(({ at, side, fields }) => [at, side, fields])).toEqual([
      [clock.now() - 1_000, 'reported', { target: 19, firmware: '1' }],
      [clock.now(), 'reported', { target: 20 }],
    ]);
    expect(devices.desired.describe('d').reported).toEqual({
      target: { value: 20, at: clock.now() },
      firmware: { value: '1', at: clock.now() - 1_000 },
    });
  });

  test('[CMD-9] is recorded when it comes again where the disk had no room for it', async () => {
    const devices = await openDevices();
    await devices.create('d', 'd');
    saving = () => Promise.reject(new Refusal('store_full'));
    await expect(announce(devices, { target: 19 })).rejects.toThrow();
    saving = async () => {};
    reported = [];
    await announce(devices, { target: 19 });
    expect(reported.map(({ fields }) => fields)).toEqual([{ target: 19 }]);
    await announce(devices, { target: 19 });
    expect(reported.length).toBe(1);
  });

  test('of an earlier version, without times, is as old as the device until it is told again', async () => {
    const devices = await openDevices();
    const presence = { state: 'unknown', since: null, cause: null } as const;
    devices.load([{ id: 'd', name: 'd', createdAt: 5, presence, attributes: { target: 19 } }], []);
    expect(devices.desired.describe('d').reported).toEqual({ target: { value: 19, at: 5 } });
    await announce(devices, { target: 19 });
    expect(devices.desired.describe('d').reported).toEqual({ target: { value: 19, at: clock.now() } });
  });

  test('[CMD-9] of a device that changes them faster than they can be recorded one record waits, and it has all', async () => {
    const devices = await openDevices();
    await devices.create('d', 'd');
    const settle: (() => void)[] = [];
    let saves = 0;
    saving = () => {
      saves++;
      return new Promise(resolve => settle.push(resolve));
    };
    let acknowledged = 0;
    const say = (z: number) => announce(devices, { z, [`a${z % 7}`]: z }).then(() => acknowledged++);
    const all = Array.from({ length: 500 }, (_, z) => say(z));
    // The same again is not acknowledged before it is recorded either.
    all.push(say(499));
    expect(saves).toBe(1);
    settle.shift()?.();
    await all[0];
    expect([acknowledged, saves]).toEqual([1, 2]);
    settle.shift()?.();
    await Promise.all(all);
    expect(saves).toBe(2);
    expect(reported.map(({ fields }) => fields.z)).toEqual([0, 499]);
    expect(Object.keys(reported[1]?.fields ?? {})).toHaveLength(8);
  });

  test('[CMD-9] a device that is deleted while it speaks is not recorded any more', async () => {
    const devices = await openDevices();
    await devices.create('d', 'd');
    let settle = () => {};
    saving = () => new Promise(resolve => (settle = resolve));
    const said = [announce(devices, { z: 1 }), announce(devices, { z: 2 })];
    const settleFirst = settle;
    saving = async () => {};
    await devices.remove('d');
    settleFirst();
    await Promise.all(said);
    expect(reported.map(({ fields }) => fields.z)).toEqual([1]);
  });
});
