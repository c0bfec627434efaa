import { describe, expect, test } from 'vitest';
import { limits, type Value } from '../contract/index.ts';
import { announcedBy, type DeviceRecord, isAnnounced, mergeAttributes, Registry, unitOf } from './registry.ts';

const device = (id: string, name = id, attributes: Record<string, Value> = {}): DeviceRecord => ({
  id,
  name,
  tags: [],
  createdAt: 0,
  presence: { state: 'unknown', since: null, cause: null },
  attributes,
  told: {},
});

function registryOf(...ids: string[]): Registry {
  const registry = new Registry();
  for (const id of ids) registry.add(device(id));
  return registry;
}
const ids = (records: DeviceRecord[]) => records.map(({ id }) => id);

describe('the registry', () => {
  test('has each device once', () => {
    const registry = registryOf('a');
    expect(() => registry.add(device('a'))).toThrow(expect.objectContaining({ code: 'conflict' }));
    expect([registry.size(), registry.get('a')?.id, registry.get('b')]).toEqual([1, 'a', undefined]);
    expect(() => registry.need('b')).toThrow(expect.objectContaining({ code: 'not_found' }));
  });

  test('pages in order of id, neither missing nor repeating one while devices come and go', () => {
    const registry = registryOf('d', 'b', 'a', 'c');
    expect(ids(registry.page(null, 2, { search: '', sees: null }))).toEqual(['a', 'b']);
    registry.remove('b');
    registry.add(device('ca'));
    registry.add(device('aa'));
    expect(ids(registry.page('b', 2, { search: '', sees: null }))).toEqual(['c', 'ca']);
    expect(ids(registry.page('ca', 2, { search: '', sees: null }))).toEqual(['d']);
    expect(registry.page('d', 2, { search: '', sees: null })).toEqual([]);
  });

  test('finds by a part of id or name, in any case of letters', () => {
    const registry = new Registry();
    registry.add(device('pump-1', 'Cellar'));
    registry.add(device('fan-1', 'PUMP house'));
    registry.add(device('fan-2', 'Roof'));
    expect(ids(registry.page(null, 10, { search: 'Pump', sees: null }))).toEqual(['fan-1', 'pump-1']);
    expect(ids(registry.page(null, 10, { search: 'roof', sees: null }))).toEqual(['fan-2']);
    expect(ids(registry.page(null, 1, { search: 'fan', sees: null }))).toEqual(['fan-1']);
  });

  test('[ACC-6] pages through those that are seen, and those that have a tag', () => {
    const registry = new Registry();
    for (const id of ['a', 'b', 'c', 'd']) registry.add({ ...device(id), tags: id < 'c' ? ['cold'] : [] });
    const sees = (id: string) => id !== 'b';
    expect(ids(registry.page(null, 2, { search: '', sees }))).toEqual(['a', 'c']);
    expect(ids(registry.page('c', 2, { search: '', sees }))).toEqual(['d']);
    expect(ids(registry.page(null, 9, { search: '', tag: 'cold', sees: null }))).toEqual(['a', 'b']);
    expect(ids(registry.page(null, 9, { search: '', tag: 'cold', sees }))).toEqual(['a']);
  });

  test('has a limit, and a place again when a device goes', () => {
    const registry = new Registry();
    for (let i = 0; i < limits.devicesMax; i++) registry.add(device(`d${i}`));
    expect(() => registry.add(device('one more'))).toThrow(expect.objectContaining({ code: 'too_many' }));
    registry.remove('d0');
    registry.add(device('one more'));
    expect(registry.size()).toBe(limits.devicesMax);
  });
});

describe('attributes', () => {
  const merge = (known: Record<string, Value>, changes: Record<string, Value>) =>
    mergeAttributes(known, new Map(Object.entries(changes)));

  test('are merged; what the device did not repeat stays', () => {
    const known = { fw: '1', site: 'x' };
    expect(merge(known, { fw: '2' })).toEqual({ fw: '2', site: 'x' });
    expect(known).toEqual({ fw: '1', site: 'x' });
  });

  test('that say nothing new change nothing', () => {
    expect(merge({ fw: '1' }, { fw: '1' })).toBeNull();
    expect(merge({}, {})).toBeNull();
  });

  test('have a limit for each device', () => {
    const full = Object.fromEntries(Array.from({ length: limits.attributesPerDeviceMax }, (_, i) => [`a${i}`, i]));
    expect(merge(full, { a0: 'changed' })).toMatchObject({ a0: 'changed' });
    expect(() => merge(full, { more: 1 })).toThrow(expect.objectContaining({ code: 'too_many' }));
  });

  test('with names that JavaScript has a meaning for are kept as they are, and are known the second time', () => {
    for (const name of ['__proto__', 'constructor', 'toString']) {
      const merged = mergeAttributes({}, new Map([[name, 'x']])) ?? {};
      expect(Object.entries(merged), name).toEqual([[name, 'x']]);
      expect(mergeAttributes(merged, new Map([[name, 'x']])), name).toBeNull();
    }
  });

  test('tell the unit of a metric, where it is text', () => {
    const record = device('a', 'a', { 'units.t': '°C', 'units.u': 5 });
    expect([unitOf(record, 't'), unitOf(record, 'u'), unitOf(record, 'v'), unitOf(undefined, 't')]).toEqual([
      '°C',
      null,
      null,
      null,
    ]);
  });

  test('announce the metrics whose unit they tell', () => {
    const names = ['units.t', 'units.motor.current', 'units.', 'units.a/b', 'units', 'unitsX', 't'];
    expect(names.map(announcedBy)).toEqual(['t', 'motor.current', null, null, null, null, null]);
    const record = device('a', 'a', { 'units.t': '°C', fw: '1' });
    expect([isAnnounced(record, 't'), isAnnounced(record, 'fw'), isAnnounced(undefined, 't')]).toEqual([
      true,
      false,
      false,
    ]);
  });
});
