import { isMetricName } from '@telltale/gateway/contract';
import { describe, expect, test } from 'vitest';
import { Random } from '../random.ts';
import { isKind, type Kind, kindNames, kinds } from './kinds.ts';
import type { Model, Values } from './model.ts';

const create = (kind: Kind, seed = 1): Model =>
  kinds[kind]({ random: new Random(seed, kind), secondOfDay: 8 * 3600, intervalMs: 1000 });

/** Readings of `hours` hours, one each `everyS` seconds. */
function live(model: Model, hours: number, everyS: number): Values[] {
  const readings: Values[] = [];
  for (let t = 0; t < hours * 3600; t += everyS) {
    model.step(everyS);
    readings.push(model.read());
  }
  return readings;
}

/** What each number may be over days, whatever the seed. */
const bounds: Record<Kind, Record<string, [low: number, high: number]>> = {
  'cold-room': { temperature: [-1, 14], target: [2, 6], humidity: [20, 100], power: [0.05, 2] },
  freezer: { temperature: [-26, -10], target: [-22, -18], humidity: [20, 100], power: [0.05, 2] },
  pump: {
    speed: [1200, 1700],
    targetSpeed: [1300, 1600],
    flow: [30, 60],
    pressure: [2, 7],
    vibration: [0.1, 6],
    motorTemperature: [20, 90],
  },
  'power-meter': {
    'voltage.l1': [215, 245],
    'voltage.l2': [215, 245],
    'voltage.l3': [215, 245],
    'current.l1': [0, 300],
    'current.l2': [0, 300],
    'current.l3': [0, 300],
    power: [1, 200],
    powerFactor: [0.85, 0.98],
    limit: [40, 240],
    energy: [1000, 70_000],
    frequency: [49.8, 50.2],
  },
  'weather-station': {
    temperature: [-10, 40],
    humidity: [5, 100],
    pressure: [970, 1060],
    windSpeed: [0, 40],
    windGust: [0, 55],
    windDirection: [0, 359],
    rain: [0, 200],
    interval: [1000, 1000],
  },
  tank: { level: [20, 95], volume: [1, 16], inflow: [0, 32], outflow: [0, 14], temperature: [5, 30] },
  greenhouse: {
    temperature: [0, 45],
    humidity: [10, 100],
    soilMoisture: [20, 70],
    light: [0, 82],
    co2: [250, 720],
    vent: [20, 20],
  },
};

/** Lowest and highest so far. NaN stays NaN, and then fails every bound. */
function extremes(seen: number[] | undefined, value: number): [lowest: number, highest: number] {
  const [lowest = value, highest = value] = seen ?? [];
  return [Math.min(lowest, value), Math.max(highest, value)];
}

describe.each(kindNames)('%s', kind => {
  test('stays within physics over two days, for several seeds', () => {
    const seen = new Map<string, number[]>();
    for (const seed of [1, 2, 3, 4]) {
      for (const values of live(create(kind, seed), 48, 60)) {
        for (const [metric, value] of Object.entries(values)) {
          if (typeof value === 'number') seen.set(metric, extremes(seen.get(metric), value));
        }
      }
    }
    expect([...seen.keys()].sort()).toEqual(Object.keys(bounds[kind]).sort());
    for (const [metric, [lowest, highest]] of seen) {
      const [low, high] = bounds[kind][metric]!;
      expect(lowest, metric).toBeGreaterThanOrEqual(low);
      expect(highest, metric).toBeLessThanOrEqual(high);
    }
  });

  test('rounds as sensors do: at most three decimals', () => {
    for (const values of live(create(kind), 1, 10)) {
      for (const value of Object.values(values)) {
        if (typeof value === 'number') expect(`${value}`.split('.')[1]?.length ?? 0).toBeLessThanOrEqual(3);
      }
    }
  });

  test('the same seed lives the same life, another one does not', () => {
    expect(live(create(kind, 5), 2, 7)).toEqual(live(create(kind, 5), 2, 7));
    expect(live(create(kind, 5), 2, 7)).not.toEqual(live(create(kind, 6), 2, 7));
  });

  test('has legal names, always the same ones, and units for its own metrics alone', () => {
    const model = create(kind);
    const names = Object.keys(model.read());
    expect(names.every(isMetricName)).toBe(true);
    for (const values of live(model, 3, 60)) expect(Object.keys(values)).toEqual(names);
    expect(names).toEqual(expect.arrayContaining(Object.keys(model.units)));
  });

  test('answers an unknown command with the known ones, also for names that every object has', () => {
    const model = create(kind);
    for (const name of ['fly', 'constructor', '__proto__', 'toString']) {
      const answer = model.command(name, {});
      expect(answer).toEqual({ ok: false, error: expect.stringContaining(`unknown command "${name}"`) });
      expect(answer).toEqual({ ok: false, error: expect.stringContaining(model.commandsText.split(/[ ,]/)[0]!) });
    }
  });

  test('lives through a long sleep as through an hour, and not backwards', () => {
    const model = create(kind);
    model.step(1e9);
    model.step(-5);
    model.step(Number.NaN);
    for (const value of Object.values(model.read())) expect(value).not.toBeNaN();
  });
});

test('kinds are known by their own names alone', () => {
  expect(isKind('pump')).toBe(true);
  expect(isKind('toString')).toBe(false);
});
