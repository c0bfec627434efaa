// A three-phase power meter with a load limiter: a daily load curve, machines that switch, and an energy counter that
// only ever grows until it is reset.
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
  type Values,
} from './model.ts';
import { numberParam } from './params.ts';
import { clamp, Drift, dailyBump, laterInDay, round } from './signals.ts';

const phases = ['l1', 'l2', 'l3'] as const;
const limitLowKw = 1;
const limitHighKw = 500;

const units = Object.freeze({
  'voltage.l1': 'V',
  'voltage.l2': 'V',
  'voltage.l3': 'V',
  'current.l1': 'A',
  'current.l2': 'A',
  'current.l3': 'A',
  power: 'kW',
  limit: 'kW',
  energy: 'kWh',
  frequency: 'Hz',
});

const commands: CommandTable<PowerMeter> = {
  resetEnergy: { run: meter => meter.resetEnergy() },
  setLimit: { takes: '{kw}', run: (meter, params) => meter.setLimit(params) },
};
const commandsText = describeCommands(commands);

const fields: FieldTable<PowerMeter> = {
  limit: { read: meter => meter.limitKw, set: (meter, kw) => meter.setLimit({ kw }) },
};

/** The share of the rated load that a plant draws at this time of day. */
function dailyLoad(secondOfDay: number): number {
  return (
    0.22 +
    0.5 * dailyBump(secondOfDay, 9.5, 3) +
    0.42 * dailyBump(secondOfDay, 15, 3) +
    0.2 * dailyBump(secondOfDay, 20, 2)
  );
}

/** A meter at the head of a distribution board. */
class PowerMeter implements Model {
  readonly product = 'VoltGuard M3';
  readonly units = units;
  readonly commandsText = commandsText;
  readonly #random: Random;
  readonly #ratedKw: number;
  readonly #wobble: Drift;
  readonly #frequencyDrift: Drift;
  readonly #shares: readonly number[];
  readonly #voltageDrifts: readonly Drift[];
  #secondOfDay: number;
  #machineKw = 0;
  #limitKw: number;
  #powerKw = 0;
  #energyKwh: number;

  constructor(setup: ModelSetup) {
    const random = setup.random;
    this.#random = random;
    this.#secondOfDay = setup.secondOfDay;
    this.#ratedKw = random.whole(20, 120);
    this.#limitKw = this.#ratedKw * 2;
    this.#energyKwh = random.between(1_000, 60_000);
    this.#wobble = new Drift(random, 300, 0.06);
    this.#frequencyDrift = new Drift(random, 45, 0.015);
    this.#voltageDrifts = phases.map(() => new Drift(random, 600, 1.4));
    const raw = phases.map(() => random.between(0.9, 1.1));
    const sum = raw.reduce((total, share) => total + share, 0);
    this.#shares = raw.map(share => share / sum);
    this.#slice(0);
  }

  step(dtS: number): void {
    inSlices(dtS, 10, slice => this.#slice(slice));
  }

  #slice(dtS: number): void {
    this.#secondOfDay = laterInDay(this.#secondOfDay, dtS);
    if (this.#random.happens(dtS, 180)) {
      this.#machineKw = this.#machineKw > 0 ? 0 : this.#ratedKw * this.#random.between(0.08, 0.22);
    }
    const wanted = this.#ratedKw * dailyLoad(this.#secondOfDay) * (1 + this.#wobble.step(dtS)) + this.#machineKw;
    // The limiter sheds load; it never makes the plant draw more.
    this.#powerKw = Math.min(wanted, this.#limitKw);
    this.#energyKwh += (this.#powerKw * dtS) / 3600;
    this.#frequencyDrift.step(dtS);
    for (const drift of this.#voltageDrifts) drift.step(dtS);
  }

  /** The power above which load is shed, in kW. */
  get limitKw(): number {
    return round(this.#limitKw, 1);
  }

  read() {
    const values: Values = {};
    const power = Math.min(this.#powerKw * (1 + this.#random.gaussian(0, 0.003)), this.#limitKw);
    const factor = clamp(0.9 + 0.05 * (this.#powerKw / this.#ratedKw), 0.85, 0.98);
    phases.forEach((phase, i) => {
      const phaseKw = power * this.#shares[i]!;
      const voltage = 232 + this.#voltageDrifts[i]!.value - 0.05 * phaseKw + this.#random.gaussian(0, 0.1);
      values[`voltage.${phase}`] = round(voltage, 1);
      values[`current.${phase}`] = round((phaseKw * 1000) / (voltage * factor), 2);
    });
    values.power = round(power, 2);
    values.powerFactor = round(factor, 3);
    values.limit = this.limitKw;
    values.energy = round(this.#energyKwh, 3);
    values.frequency = round(50 + this.#frequencyDrift.value, 3);
    return values;
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

  /** Sets the energy counter to zero and says where it stood. */
  resetEnergy(): CommandAnswer {
    const before = round(this.#energyKwh, 3);
    this.#energyKwh = 0;
    return { ok: true, result: { before } };
  }

  /** Sets the power above which load is shed, in kW. */
  setLimit(params: unknown): CommandAnswer {
    const kw = numberParam(params, 'kw', limitLowKw, limitHighKw);
    if (!kw.ok) return kw;
    this.#limitKw = round(kw.value, 1);
    this.#powerKw = Math.min(this.#powerKw, this.#limitKw);
    return { ok: true, result: { limit: this.#limitKw } };
  }
}

/** A three-phase meter. */
export function createPowerMeter(setup: ModelSetup): Model {
  return new PowerMeter(setup);
}
