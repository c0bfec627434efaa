// A greenhouse: the sun warms it, vents cool it, plants use its carbon dioxide, and the soil dries until it is
// watered.
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
import { approach, clamp, Drift, dailySwing, laterInDay, moveTowards, round, sunlight } from './signals.ts';

const irrigateLowS = 10;
const irrigateHighS = 3600;
const soilDry = 28;
const soilWet = 62;
const ventPercentPerS = 12.5;
/** Watering that the controller starts by itself when the soil is dry. */
const irrigateAloneS = 300;

const units = Object.freeze({
  temperature: '°C',
  humidity: '%',
  soilMoisture: '%',
  light: 'klx',
  co2: 'ppm',
  vent: '%',
});

const commands: CommandTable<Greenhouse> = {
  setVent: { takes: '{percent}', run: (house, params) => house.setVent(params) },
  irrigate: { takes: '{seconds}', run: (house, params) => house.irrigate(params) },
};
const commandsText = describeCommands(commands);

const fields: FieldTable<Greenhouse> = {
  vent: { read: house => house.ventTargetPercent, set: (house, percent) => house.setVent({ percent }) },
};

/** A greenhouse with vents and drip lines. */
class Greenhouse implements Model {
  readonly product = 'Verdant GH-4';
  readonly units = units;
  readonly commandsText = commandsText;
  readonly #random: Random;
  readonly #clouds: Drift;
  readonly #outside: Drift;
  #secondOfDay: number;
  #airC = 19;
  #humidity = 70;
  #soil: number;
  #co2 = 520;
  #lightKlx = 0;
  #ventPercent = 20;
  #ventTargetPercent = 20;
  #irrigateLeftS = 0;

  constructor(setup: ModelSetup) {
    this.#random = setup.random;
    this.#secondOfDay = setup.secondOfDay;
    this.#clouds = new Drift(setup.random, 900, 0.18);
    this.#outside = new Drift(setup.random, 10 * 3600, 2);
    this.#soil = setup.random.between(35, 58);
    // The house has stood in this sun for a while.
    for (let i = 0; i < 60; i++) this.#slice(30);
  }

  step(dtS: number): void {
    inSlices(dtS, 10, slice => this.#slice(slice));
  }

  #slice(dtS: number): void {
    this.#secondOfDay = laterInDay(this.#secondOfDay, dtS);
    const sun = sunlight(this.#secondOfDay);
    this.#lightKlx = 78 * sun * clamp(0.75 + this.#clouds.step(dtS), 0.15, 1);
    this.#ventPercent = moveTowards(this.#ventPercent, this.#ventTargetPercent, ventPercentPerS * dtS);
    const open = this.#ventPercent / 100;

    const outsideC = 13 + 5 * dailySwing(this.#secondOfDay, 15) + this.#outside.step(dtS);
    const warmedC = outsideC + 2 + (0.24 * this.#lightKlx) / (1 + 2 * open);
    this.#airC = approach(this.#airC, warmedC, dtS, 1200 / (1 + 2 * open));

    this.#water(dtS);
    const humid = 58 + 0.4 * this.#soil - 24 * open - 0.5 * (this.#airC - 18) + (this.#irrigateLeftS > 0 ? 12 : 0);
    this.#humidity = approach(this.#humidity, humid, dtS, 600);
    this.#co2 = approach(this.#co2, 420 + (260 - 420 * sun) * (1 - open), dtS, 1500);
  }

  #water(dtS: number): void {
    if (this.#irrigateLeftS > 0) {
      this.#soil = approach(this.#soil, soilWet, Math.min(dtS, this.#irrigateLeftS), 240);
      this.#irrigateLeftS = Math.max(0, this.#irrigateLeftS - dtS);
    } else {
      this.#soil = approach(this.#soil, 18, dtS, (60 - 0.4 * this.#lightKlx) * 3600);
      if (this.#soil < soilDry) this.#irrigateLeftS = irrigateAloneS;
    }
  }

  /** Where the vents were told to go, in percent. */
  get ventTargetPercent(): number {
    return this.#ventTargetPercent;
  }

  get settling(): boolean {
    return this.#ventPercent !== this.#ventTargetPercent;
  }

  read() {
    return {
      temperature: round(this.#airC + this.#random.gaussian(0, 0.05), 1),
      humidity: round(clamp(this.#humidity + this.#random.gaussian(0, 0.3), 10, 100), 1),
      soilMoisture: round(clamp(this.#soil + this.#random.gaussian(0, 0.1), 0, 100), 1),
      light: round(Math.max(0, this.#lightKlx * (1 + this.#random.gaussian(0, 0.01))), 2),
      co2: round(this.#co2 + this.#random.gaussian(0, 2), 0),
      vent: round(this.#ventPercent, 0),
      irrigating: this.#irrigateLeftS > 0,
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

  /** Moves the vents to this opening. */
  setVent(params: unknown): CommandAnswer {
    const percent = numberParam(params, 'percent', 0, 100);
    if (!percent.ok) return percent;
    this.#ventTargetPercent = round(percent.value, 0);
    return { ok: true, result: { vent: this.#ventTargetPercent } };
  }

  /** Waters for this many seconds from now. */
  irrigate(params: unknown): CommandAnswer {
    const seconds = numberParam(params, 'seconds', irrigateLowS, irrigateHighS);
    if (!seconds.ok) return seconds;
    this.#irrigateLeftS = seconds.value;
    return { ok: true, result: { irrigating: true, seconds: seconds.value } };
  }
}

/** A greenhouse. */
export function createGreenhouse(setup: ModelSetup): Model {
  return new Greenhouse(setup);
}
