// A centrifugal pump: it ramps between speeds, flow and pressure follow the speed, the bearing wears and is heard in
// the vibration, and near one speed the frame resonates.
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
import { numberParam, quoted } from './params.ts';
import { approach, Drift, moveTowards, round } from './signals.ts';

const nominalRpm = 1450;
const speedLowRpm = 300;
const speedHighRpm = 2400;
/** From the highest speed to standstill in eight seconds. */
const rampRpmPerS = 300;
const resonanceRpm = 2050;
const ambientC = 24;
/** A bearing lasts about this long at nominal speed; then it is changed, and the pump runs smoothly again. */
const bearingLifeS = 14 * 86_400;
const wearAfterService = 0.05;

const units = Object.freeze({
  speed: 'rpm',
  targetSpeed: 'rpm',
  flow: 'm³/h',
  pressure: 'bar',
  vibration: 'mm/s',
  motorTemperature: '°C',
});

const commands: CommandTable<Pump> = {
  start: { run: pump => pump.start() },
  stop: { run: pump => pump.stop() },
  setSpeed: { takes: '{rpm}', run: (pump, params) => pump.setSpeed(params) },
};
const commandsText = describeCommands(commands);

const fields: FieldTable<Pump> = {
  targetSpeed: { read: pump => pump.targetRpm, set: (pump, rpm) => pump.setSpeed({ rpm }) },
  on: { read: pump => pump.on, set: (pump, on) => pump.turn(on) },
};

/** A pump with its drive. */
class Pump implements Model {
  readonly product = 'Hydra P-150';
  readonly units = units;
  readonly commandsText = commandsText;
  readonly #random: Random;
  readonly #load: Drift;
  #running = true;
  #targetRpm: number;
  #rpm: number;
  #wear: number;
  #motorC: number;

  constructor(setup: ModelSetup) {
    this.#random = setup.random;
    this.#load = new Drift(setup.random, 240, 0.03);
    this.#targetRpm = nominalRpm + 50 * setup.random.whole(-3, 3);
    this.#rpm = this.#targetRpm;
    this.#wear = setup.random.between(wearAfterService, 0.8);
    this.#motorC = this.#warmC();
  }

  /** Where the motor's temperature settles at the present speed. */
  #warmC(): number {
    return ambientC + 34 * (this.#rpm / nominalRpm) ** 1.3 * (1 + this.#load.value);
  }

  step(dtS: number): void {
    inSlices(dtS, 5, slice => this.#slice(slice));
  }

  #slice(dtS: number): void {
    this.#rpm = moveTowards(this.#rpm, this.#running ? this.#targetRpm : 0, rampRpmPerS * dtS);
    this.#load.step(dtS);
    this.#motorC = approach(this.#motorC, this.#warmC(), dtS, 420);
    this.#wear += (dtS / bearingLifeS) * (this.#rpm / nominalRpm);
    if (this.#wear >= 1) this.#wear = wearAfterService;
  }

  /** The speed that is set, in rpm, whether it runs or not. */
  get targetRpm(): number {
    return this.#targetRpm;
  }

  /** True where it is switched on; it may still ramp. */
  get on(): boolean {
    return this.#running;
  }

  get settling(): boolean {
    return this.#rpm !== (this.#running ? this.#targetRpm : 0);
  }

  read() {
    const ratio = this.#rpm / nominalRpm;
    const offResonance = (this.#rpm - resonanceRpm) / 110;
    const shaking = (0.7 + 3.4 * this.#wear ** 2) * ratio ** 1.5 + 2.8 * Math.exp(-offResonance * offResonance);
    const noise = (share: number) => 1 + this.#random.gaussian(0, share);
    return {
      running: this.#rpm > 0,
      speed: round(this.#rpm === 0 ? 0 : this.#rpm + this.#random.gaussian(0, 1.5), 0),
      targetSpeed: this.#targetRpm,
      flow: round(Math.max(0, 42 * ratio * (1 + this.#load.value) * noise(0.005)), 1),
      pressure: round(Math.max(0, 0.4 + 3.6 * ratio * ratio * (1 - this.#load.value) * noise(0.004)), 2),
      vibration: round(Math.max(0.01, 0.04 + shaking * noise(0.04)), 2),
      motorTemperature: round(this.#motorC + this.#random.gaussian(0, 0.1), 1),
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

  /** Ramps up to the speed that was set. */
  start(): CommandAnswer {
    this.#running = true;
    return { ok: true, result: { running: true, speed: this.#targetRpm } };
  }

  /** Ramps down to standstill. */
  stop(): CommandAnswer {
    this.#running = false;
    return { ok: true, result: { running: false } };
  }

  /** Starts or stops it; what is neither true nor false is refused. */
  turn(on: Value): CommandAnswer {
    if (typeof on !== 'boolean') return { ok: false, error: `expected on to be true or false, got ${quoted(on)}` };
    return on ? this.start() : this.stop();
  }

  /** Sets the speed, at once where the pump runs, else for the next start. */
  setSpeed(params: unknown): CommandAnswer {
    const rpm = numberParam(params, 'rpm', speedLowRpm, speedHighRpm);
    if (!rpm.ok) return rpm;
    this.#targetRpm = round(rpm.value, 0);
    return { ok: true, result: { speed: this.#targetRpm, running: this.#running } };
  }
}

/** A pump that runs. */
export function createPump(setup: ModelSetup): Model {
  return new Pump(setup);
}
