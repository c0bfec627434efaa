// A cold room: air that warms through walls and an opened door, a compressor with hysteresis, and a defrost heater.
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
import { approach, clamp, Drift, round } from './signals.ts';

const outsideC = 21;
/** The room reaches the temperature outside with this time constant: walls alone, and with the door open. */
const wallsTauS = 3 * 3600;
const doorTauS = 1500;
const coolingCPerS = 0.8 / 60;
const hysteresisC = 0.5;
/** A compressor that starts again at once starts against pressure; the controller makes it wait. */
const compressorRestS = 60;
const defrostS = 480;
const defrostEveryS = 6 * 3600;
const defrostCPerS = 0.35 / 60;
const targetLowC = -30;
const targetHighC = 15;

const units = Object.freeze({ temperature: '°C', target: '°C', humidity: '%', power: 'kW' });

const commands: CommandTable<ColdRoom> = {
  setTarget: { takes: '{value}', run: (room, params) => room.setTarget(params) },
  defrost: { run: room => room.startDefrost() },
};
const commandsText = describeCommands(commands);

const fields: FieldTable<ColdRoom> = {
  target: { read: room => room.targetC, set: (room, value) => room.setTarget({ value }) },
};

/** A cold room with its controller. */
class ColdRoom implements Model {
  readonly product = 'FrostLine CR-20';
  readonly units = units;
  readonly commandsText = commandsText;
  readonly #random: Random;
  readonly #humidityDrift: Drift;
  readonly #doorEveryS: number;
  #targetC: number;
  #airC: number;
  #humidity = 78;
  #compressor = false;
  #restS = 0;
  #doorOpenS = 0;
  #defrostLeftS = 0;
  #toDefrostS: number;

  constructor(setup: ModelSetup, targetC: number) {
    this.#random = setup.random;
    this.#targetC = targetC;
    this.#airC = targetC + setup.random.between(-hysteresisC, hysteresisC);
    this.#toDefrostS = setup.random.between(0.1, 1) * defrostEveryS;
    this.#doorEveryS = setup.random.between(600, 1500);
    this.#humidityDrift = new Drift(setup.random, 900, 2);
  }

  step(dtS: number): void {
    inSlices(dtS, 5, slice => this.#slice(slice));
  }

  #slice(dtS: number): void {
    this.#moveDoor(dtS);
    this.#control(dtS);
    const open = this.#doorOpenS > 0;
    this.#airC = approach(this.#airC, outsideC, dtS, open ? doorTauS : wallsTauS);
    if (this.#compressor) this.#airC -= coolingCPerS * dtS;
    if (this.#defrostLeftS > 0) this.#airC += defrostCPerS * dtS;
    // The evaporator takes water out of the air, an open door lets it in, and thawing ice gives it back.
    const wet = this.#defrostLeftS > 0 ? 94 : open ? 88 : this.#compressor ? 68 : 82;
    this.#humidity = approach(this.#humidity, wet, dtS, open ? 90 : 400);
    this.#humidityDrift.step(dtS);
  }

  #moveDoor(dtS: number): void {
    if (this.#doorOpenS > 0) {
      this.#doorOpenS = Math.max(0, this.#doorOpenS - dtS);
    } else if (this.#random.happens(dtS, this.#doorEveryS)) {
      this.#doorOpenS = this.#random.between(15, 120);
    }
  }

  #control(dtS: number): void {
    this.#restS = Math.max(0, this.#restS - dtS);
    this.#toDefrostS -= dtS;
    if (this.#defrostLeftS > 0) this.#defrostLeftS = Math.max(0, this.#defrostLeftS - dtS);
    else if (this.#toDefrostS <= 0) this.#beginDefrost();
    if (this.#defrostLeftS > 0) return;
    if (this.#compressor && this.#airC <= this.#targetC - hysteresisC) this.#stopCompressor();
    else if (!this.#compressor && this.#restS === 0 && this.#airC >= this.#targetC + hysteresisC) {
      this.#compressor = true;
    }
  }

  #stopCompressor(): void {
    if (this.#compressor) this.#restS = compressorRestS;
    this.#compressor = false;
  }

  #beginDefrost(): void {
    this.#stopCompressor();
    this.#defrostLeftS = defrostS;
    this.#toDefrostS = defrostEveryS;
  }

  read() {
    const power = this.#compressor ? 1.85 : this.#defrostLeftS > 0 ? 1.2 : 0.09;
    return {
      temperature: round(this.#airC + this.#random.gaussian(0, 0.03), 2),
      target: this.targetC,
      compressor: this.#compressor,
      defrost: this.#defrostLeftS > 0,
      door: this.#doorOpenS > 0 ? 'open' : 'closed',
      humidity: round(clamp(this.#humidity + this.#humidityDrift.value, 20, 100), 1),
      power: round(power * (1 + this.#random.gaussian(0, 0.01)), 2),
    };
  }

  /** The temperature that it keeps, in °C. */
  get targetC(): number {
    return round(this.#targetC, 1);
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

  /** Sets the temperature to keep, in °C. */
  setTarget(params: unknown): CommandAnswer {
    const value = numberParam(params, 'value', targetLowC, targetHighC);
    if (!value.ok) return value;
    this.#targetC = round(value.value, 1);
    return { ok: true, result: { target: this.#targetC } };
  }

  /** Starts a defrost now instead of at its time. */
  startDefrost(): CommandAnswer {
    if (this.#defrostLeftS > 0) {
      return { ok: false, error: `a defrost is running already, for another ${Math.ceil(this.#defrostLeftS)} s` };
    }
    this.#beginDefrost();
    return { ok: true, result: { endsInS: defrostS } };
  }
}

/** A room for fresh goods, kept at 2 to 6 °C. */
export function createColdRoom(setup: ModelSetup): Model {
  return new ColdRoom(setup, setup.random.whole(2, 6));
}

/** A room for frozen goods, kept at -22 to -18 °C. */
export function createFreezer(setup: ModelSetup): Model {
  return new ColdRoom(setup, setup.random.whole(-22, -18));
}
