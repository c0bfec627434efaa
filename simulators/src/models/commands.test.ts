import { describe, expect, test } from 'vitest';
import { Random } from '../random.ts';
import { type Kind, kinds } from './kinds.ts';
import type { Model } from './model.ts';

const create = (kind: Kind, hour = 10, seed = 1): Model =>
  kinds[kind]({ random: new Random(seed, kind, 'commands'), secondOfDay: hour * 3600, intervalMs: 1000 });

const number = (model: Model, metric: string): number => {
  const value = model.read()[metric];
  if (typeof value !== 'number') throw new Error(`${metric} is no number`);
  return value;
};

const wait = (model: Model, seconds: number) => {
  for (let t = 0; t < seconds; t++) model.step(1);
};

describe('cold-room', () => {
  test('setTarget shows at once, and the air follows', () => {
    const room = create('cold-room');
    expect(room.command('setTarget', { value: -4 })).toEqual({ ok: true, result: { target: -4 } });
    expect(number(room, 'target')).toBe(-4);
    wait(room, 2 * 3600);
    expect(number(room, 'temperature')).toBeLessThan(-1);
  });

  test('bad parameters are answered with what was expected and what came', () => {
    const room = create('cold-room');
    const before = number(room, 'target');
    expect(room.command('setTarget', { value: 'x' })).toEqual({
      ok: false,
      error: 'expected value to be a number from -30 to 15, got "x"',
    });
    expect(room.command('setTarget', { value: 99 })).toMatchObject({ error: expect.stringContaining('got 99') });
    expect(room.command('setTarget', {})).toMatchObject({ error: expect.stringContaining('got nothing') });
    expect(room.command('setTarget', null)).toMatchObject({
      error: 'expected parameters like {"value":-30}, got null',
    });
    const long = room.command('setTarget', { value: 'x'.repeat(10_000) });
    expect(long.ok === false && long.error.length).toBeLessThan(150);
    expect(number(room, 'target')).toBe(before);
  });

  test('defrost stops the compressor and warms the air, and does not start twice', () => {
    const room = create('freezer');
    expect(room.command('defrost', undefined)).toMatchObject({ ok: true });
    const before = number(room, 'temperature');
    expect(room.command('defrost', undefined)).toMatchObject({ ok: false });
    wait(room, 300);
    expect(room.read()).toMatchObject({ defrost: true, compressor: false });
    expect(number(room, 'temperature')).toBeGreaterThan(before + 1);
    wait(room, 400);
    expect(room.read().defrost).toBe(false);
  });

  test('the compressor works with hysteresis, and the door is opened now and then', () => {
    const room = create('cold-room');
    const seen = new Set<unknown>();
    let switched = 0;
    let last = room.read().compressor;
    for (let t = 0; t < 6 * 3600; t += 5) {
      room.step(5);
      const { compressor, door } = room.read();
      if (compressor !== last) switched++;
      last = compressor;
      seen.add(door);
    }
    expect(switched).toBeGreaterThan(20);
    expect(switched).toBeLessThan(360);
    expect(seen).toEqual(new Set(['open', 'closed']));
  });
});

describe('pump', () => {
  test('stop, start and setSpeed ramp the speed, and flow and pressure go with it', () => {
    const pump = create('pump');
    pump.command('stop', {});
    pump.step(2);
    expect(number(pump, 'speed')).toBeGreaterThan(500);
    wait(pump, 30);
    expect(pump.read()).toMatchObject({ running: false, speed: 0, flow: 0 });
    expect(pump.command('setSpeed', { rpm: 900 })).toEqual({ ok: true, result: { speed: 900, running: false } });
    pump.command('start', {});
    wait(pump, 30);
    expect(Math.abs(number(pump, 'speed') - 900)).toBeLessThan(10);
    expect(number(pump, 'flow')).toBeGreaterThan(15);
    expect(pump.command('setSpeed', { rpm: 10 })).toMatchObject({ ok: false });
  });

  test('the bearing wears until it is changed', () => {
    const pump = create('pump');
    const daily: number[] = [];
    for (let day = 0; day < 30; day++) {
      for (let hour = 0; hour < 24; hour++) pump.step(3600);
      daily.push(number(pump, 'vibration'));
    }
    expect(Math.max(...daily)).toBeGreaterThan(3);
    expect(Math.min(...daily)).toBeLessThan(1.6);
  });
});

describe('power-meter', () => {
  test('energy only ever grows, by the power that flows, until it is reset', () => {
    const meter = create('power-meter');
    let last = number(meter, 'energy');
    for (let t = 0; t < 24 * 60; t++) {
      meter.step(60);
      const { energy, power } = meter.read() as { energy: number; power: number };
      expect(energy).toBeGreaterThan(last);
      expect(energy - last).toBeLessThan(power / 60 + 2);
      last = energy;
    }
    expect(meter.command('resetEnergy', {})).toEqual({ ok: true, result: { before: last } });
    expect(number(meter, 'energy')).toBe(0);
  });

  test('the load follows the day', () => {
    const meter = create('power-meter', 0);
    const byHour: number[] = [];
    for (let hour = 0; hour < 24; hour++) {
      let sum = 0;
      for (let minute = 0; minute < 60; minute++) {
        meter.step(60);
        sum += number(meter, 'power');
      }
      byHour.push(sum / 60);
    }
    expect(byHour[9]!).toBeGreaterThan(1.5 * byHour[3]!);
  });

  test('setLimit sheds load at once', () => {
    const meter = create('power-meter');
    expect(meter.command('setLimit', { kw: 5 })).toEqual({ ok: true, result: { limit: 5 } });
    expect(number(meter, 'power')).toBeLessThanOrEqual(5);
    wait(meter, 600);
    expect(number(meter, 'power')).toBeLessThanOrEqual(5);
    expect(number(meter, 'limit')).toBe(5);
  });
});

describe('weather-station', () => {
  test('setInterval changes how often it reports', () => {
    const station = create('weather-station');
    expect(station.intervalMs).toBe(1000);
    expect(station.command('setInterval', { ms: 250 })).toEqual({ ok: true, result: { interval: 250 } });
    expect(station.intervalMs).toBe(250);
    expect(number(station, 'interval')).toBe(250);
    expect(station.command('setInterval', { ms: 1 })).toMatchObject({ ok: false });
  });

  test('the rain of a day is counted from midnight', () => {
    const station = create('weather-station', 12, 3);
    let highest = 0;
    let last = 0;
    let resets = 0;
    for (let t = 0; t < 10 * 24 * 60; t++) {
      station.step(60);
      const rain = number(station, 'rain');
      if (rain < last) {
        resets++;
        expect(rain).toBeLessThan(1);
      }
      highest = Math.max(highest, rain);
      last = rain;
    }
    expect(highest).toBeGreaterThan(0);
    expect(resets).toBeGreaterThan(0);
    expect(resets).toBeLessThanOrEqual(10);
  });
});

describe('tank', () => {
  test('the closed valve stops the outflow, the open one drains the tank', () => {
    const tank = create('tank');
    tank.command('closeValve', {});
    tank.step(2);
    expect(tank.read().valve).toBe('moving');
    wait(tank, 10);
    expect(tank.read()).toMatchObject({ valve: 'closed', outflow: 0 });
    tank.command('openValve', {});
    wait(tank, 10);
    expect(tank.read().valve).toBe('open');
    expect(number(tank, 'outflow')).toBeGreaterThan(3);
  });

  test('the supply fills it between its two switches', () => {
    const tank = create('tank');
    const levels: number[] = [];
    for (let t = 0; t < 12 * 3600; t += 10) {
      tank.step(10);
      levels.push(number(tank, 'level'));
    }
    expect(Math.min(...levels)).toBeLessThan(32);
    expect(Math.max(...levels)).toBeGreaterThan(83);
  });
});

describe('greenhouse', () => {
  test('open vents cool it at noon', () => {
    const closed = create('greenhouse', 12);
    const open = create('greenhouse', 12);
    closed.command('setVent', { percent: 0 });
    expect(open.command('setVent', { percent: 100 })).toEqual({ ok: true, result: { vent: 100 } });
    wait(closed, 1800);
    wait(open, 1800);
    expect(number(open, 'vent')).toBe(100);
    expect(number(open, 'temperature')).toBeLessThan(number(closed, 'temperature') - 2);
  });

  test('irrigate wets the soil for as long as it was told', () => {
    const house = create('greenhouse');
    const before = number(house, 'soilMoisture');
    expect(house.command('irrigate', { seconds: 120 })).toMatchObject({ ok: true });
    expect(house.read().irrigating).toBe(true);
    wait(house, 130);
    expect(house.read().irrigating).toBe(false);
    expect(number(house, 'soilMoisture')).toBeGreaterThan(before + 1);
    expect(house.command('irrigate', { seconds: 0 })).toMatchObject({ ok: false });
  });
});
