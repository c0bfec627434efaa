// A weather station on a roof: a daily temperature curve, drifting pressure, gusty wind and showers. It can be told
// how often to report.
import type { CommandAnswer, Value } from '@telltale/gateway/contract';
import type { Random } from '../random.ts';
import {
  type CommandTable,
  describeCommands,
  type FieldTable,
  inSlices,
  type Model,
  type ModelSetup,
  readFields,
  runCommand,
  setField,
} from './model.ts';
import { numberParam } from './params.ts';
import { clamp, Drift, dailySwing, laterInDay, round } from './signals.ts';

const intervalLowMs = 200;
const intervalHighMs = 600_000;
/** The gauge tips at each 0.2 mm. */
const bucketMm = 0.2;

const units = Object.freeze({
  temperature: '°C',
  humidity: '%',
  pressure: 'hPa',
  windSpeed: 'm/s',
  windGust: 'm/s',
  windDirection: '°',
  rain: 'mm',
  interval: 'ms',
});

const commands: CommandTable<WeatherStation> = {
  setInterval: { takes: '{ms}', run: (station, params) => station.setInterval(params) },
};
const commandsText = describeCommands(commands);

const fields: FieldTable<WeatherStation> = {
  interval: { read: station => station.intervalMs, set: (station, ms) => station.setInterval({ ms }) },
};

/** A weather station. */
class WeatherStation implements Model {
  readonly product = 'Skywatch WS-7';
  readonly units = units;
  readonly commandsText = commandsText;
  readonly #random: Random;
  readonly #meanC: number;
  readonly #airMass: Drift;
  readonly #moisture: Drift;
  readonly #pressure: Drift;
  readonly #wind: Drift;
  readonly #gusts: Drift;
  readonly #veer: Drift;
  readonly #prevailingDegrees: number;
  #secondOfDay: number;
  #showerLeftS = 0;
  #showerMmPerH = 0;
  /** Rain since midnight. */
  #rainMm = 0;
  #intervalMs: number;

  constructor(setup: ModelSetup) {
    const random = setup.random;
    this.#random = random;
    this.#secondOfDay = setup.secondOfDay;
    this.#intervalMs = setup.intervalMs;
    this.#meanC = random.between(8, 20);
    this.#airMass = new Drift(random, 12 * 3600, 2.2);
    this.#moisture = new Drift(random, 3 * 3600, 6);
    this.#pressure = new Drift(random, 18 * 3600, 7);
    this.#wind = new Drift(random, 3 * 3600, 1.4);
    this.#gusts = new Drift(random, 20, 0.8);
    this.#veer = new Drift(random, 2 * 3600, 35);
    this.#prevailingDegrees = random.between(180, 290);
  }

  get intervalMs(): number {
    return this.#intervalMs;
  }

  step(dtS: number): void {
    inSlices(dtS, 20, slice => this.#slice(slice));
  }

  #slice(dtS: number): void {
    const later = laterInDay(this.#secondOfDay, dtS);
    if (later < this.#secondOfDay) this.#rainMm = 0;
    this.#secondOfDay = later;
    for (const drift of [this.#airMass, this.#moisture, this.#pressure, this.#wind, this.#gusts, this.#veer]) {
      drift.step(dtS);
    }
    if (this.#showerLeftS > 0) {
      this.#rainMm += (this.#showerMmPerH * Math.min(dtS, this.#showerLeftS)) / 3600;
      this.#showerLeftS -= dtS;
    } else if (this.#random.happens(dtS, this.#pressure.value < 0 ? 2 * 3600 : 10 * 3600)) {
      this.#showerLeftS = this.#random.between(300, 2400);
      this.#showerMmPerH = this.#random.between(1, 14);
    }
  }

  read() {
    const raining = this.#showerLeftS > 0;
    const warmth = dailySwing(this.#secondOfDay, 15);
    const celsius = this.#meanC + 5 * warmth + this.#airMass.value - (raining ? 1.5 : 0);
    const humidity = 66 - 16 * warmth + this.#moisture.value + (raining ? 18 : 0);
    const mean = Math.max(0, 3.4 + this.#wind.value + 1.2 * warmth);
    const now = Math.max(0, mean + this.#gusts.value * (0.4 + mean / 6));
    const degrees = this.#prevailingDegrees + this.#veer.value + this.#random.gaussian(0, 6);
    return {
      temperature: round(celsius + this.#random.gaussian(0, 0.04), 1),
      humidity: round(clamp(humidity + this.#random.gaussian(0, 0.3), 5, 100), 1),
      pressure: round(1014 + this.#pressure.value + this.#random.gaussian(0, 0.04), 1),
      windSpeed: round(now, 1),
      windGust: round(now * 1.25 + Math.abs(this.#random.gaussian(0, 0.5)), 1),
      windDirection: round((degrees + 360) % 360, 0) % 360,
      rain: round(Math.floor(this.#rainMm / bucketMm) * bucketMm, 1),
      interval: this.#intervalMs,
    };
  }

  command(name: string, params: unknown): CommandAnswer {
    return runCommand(commands, this, name, params);
  }

  reported() {
    return readFields(fields, this);
  }

  take(field: string, value: Value): boolean {
    return setField(fields, this, field, value);
  }

  /** Sets the time between two reports, in milliseconds. */
  setInterval(params: unknown): CommandAnswer {
    const ms = numberParam(params, 'ms', intervalLowMs, intervalHighMs);
    if (!ms.ok) return ms;
    this.#intervalMs = round(ms.value, 0);
    return { ok: true, result: { interval: this.#intervalMs } };
  }
}

/** A weather station that reports at the device's interval until it is told otherwise. */
export function createWeatherStation(setup: ModelSetup): Model {
  return new WeatherStation(setup);
}
