import { describe, expect, test } from 'vitest';
import { limits } from '../contract/index.ts';
import { SeriesDictionary } from './series.ts';

describe('the dictionary of series', () => {
  test('gives each pair of device and metric one number, from 1 on', () => {
    const series = new SeriesDictionary();
    expect([series.idOf('a', 't'), series.idOf('a', 'u'), series.idOf('b', 't'), series.idOf('a', 't')]).toEqual([
      1, 2, 3, 1,
    ]);
    expect(series.nameOf(2)).toEqual({ device: 'a', metric: 'u' });
    expect([series.nameOf(0), series.nameOf(4)]).toEqual([undefined, undefined]);
    expect(series.size()).toBe(4);
  });

  test('finds without making', () => {
    const series = new SeriesDictionary();
    expect(series.find('a', 't')).toBeUndefined();
    expect(series.takeNew()).toEqual([]);
    series.idOf('a', 't');
    expect(series.find('a', 't')).toBe(1);
    expect([...series.metricsOf('a')]).toEqual([['t', 1]]);
    expect([...series.metricsOf('b')]).toEqual([]);
  });

  test('goes on after what the database knows, also where numbers are missing there', () => {
    const series = new SeriesDictionary();
    series.load([{ id: 7, device: 'a', metric: 't' }]);
    expect([series.idOf('a', 't'), series.idOf('a', 'u')]).toEqual([7, 8]);
    expect(series.takeNew()).toEqual([{ id: 8, device: 'a', metric: 'u' }]);
  });

  test('hands new series out once, and again where their commit failed, oldest first', () => {
    const series = new SeriesDictionary();
    series.idOf('a', 't');
    const taken = series.takeNew();
    expect(series.takeNew()).toEqual([]);
    series.idOf('a', 'u');
    series.giveBack(taken);
    expect(series.takeNew().map(({ id }) => id)).toEqual([1, 2]);
  });

  test('keeps devices apart whose names are like properties of an object', () => {
    const series = new SeriesDictionary();
    expect([series.idOf('__proto__', 'constructor'), series.idOf('constructor', '__proto__')]).toEqual([1, 2]);
    expect(series.find('toString', 'length')).toBeUndefined();
  });

  test('gives a device so many metrics and no more; others go on', () => {
    const series = new SeriesDictionary();
    for (let i = 0; i < limits.metricsPerDeviceMax; i++) expect(series.idOf('a', `m${i}`)).toBe(i + 1);
    expect(series.idOf('a', 'one more')).toBe(0);
    expect(series.find('a', 'one more')).toBeUndefined();
    expect(series.idOf('a', 'm0')).toBe(1);
    expect(series.idOf('b', 'm0')).toBe(limits.metricsPerDeviceMax + 1);
  });
});
