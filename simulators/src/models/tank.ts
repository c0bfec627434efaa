// A water tank: a supply that fills it between two float switches, and an outlet valve that drains it.
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
import { quoted } from './params.ts';
import { approach, clamp, Drift, moveTowards, round } from './signals.ts';

const fillBelow = 0.3;
const fillUntil = 0.85;
const supplyM3PerH = 24;
/** Through the open valve of a full tank; it falls with the root of the level. */
const outletM3PerH = 13;
const valveTravelS = 6;

const units = Object.freeze({
  level: '%',
  volume: 'm³',
  inflow: 'm³/h',
  outflow: 'm³/h',
  temperature: '°C',
});

const commands: CommandTable<Tank> = {
  openValve: { run: tank => tank.moveValve(true) },
  closeValve: { run: tank => tank.moveValve(false) },
};
const commandsText = describeCommands(commands);

const fields: FieldTable<Tank> = {
  valve: { read: tank => (tank.valveOpen ? 'open' : 'closed'), set: (tank, valve) => tank.setValve(valve) },
};

/** A tank with its level control. */
class Tank implements Model {
  readonly product = 'AquaStore T-12';
  readonly units = units;
  readonly commandsText = commandsText;
  readonly #random: Random;
  readonly #capacityM3: number;
  readonly #supply: Drift;
  readonly #ambient: Drift;
  #volumeM3: number;
  #filling = false;
  #valveOpen = true;
  /** How far the valve is open, 0 to 1. */
  #valve = 1;
  #waterC = 16;

  constructor(setup: ModelSetup) {
    this.#random = setup.random;
    this.#capacityM3 = setup.random.whole(8, 16);
    this.#supply = new Drift(setup.random, 300, 0.05);
    this.#ambient = new Drift(setup.random, 6 * 3600, 2.5);
    this.#volumeM3 = this.#capacityM3 * setup.random.between(0.4, 0.8);
  }

  step(dtS: number): void {
    inSlices(dtS, 5, slice => this.#slice(slice));
  }

  #inflow(): number {
    return this.#filling ? supplyM3PerH * (1 + this.#supply.value) : 0;
  }

  #outflow(): number {
    return outletM3PerH * this.#valve * Math.sqrt(this.#volumeM3 / this.#capacityM3);
  }

  #slice(dtS: number): void {
    this.#supply.step(dtS);
    this.#valve = moveTowards(this.#valve, this.#valveOpen ? 1 : 0, dtS / valveTravelS);
    const level = this.#volumeM3 / this.#capacityM3;
    if (level < fillBelow) this.#filling = true;
    else if (level > fillUntil) this.#filling = false;
    const change = ((this.#inflow() - this.#outflow()) * dtS) / 3600;
    this.#volumeM3 = clamp(this.#volumeM3 + change, 0, this.#capacityM3);
    // Supply water is cold; what stands takes on the temperature of the room.
    const target = this.#filling ? 12 : 18 + this.#ambient.step(dtS);
    this.#waterC = approach(this.#waterC, target, dtS, this.#filling ? 2400 : 5 * 3600);
  }

  /** Where the valve was told to go. */
  get valveOpen(): boolean {
    return this.#valveOpen;
  }

  get settling(): boolean {
    return this.#valve !== (this.#valveOpen ? 1 : 0);
  }

  read() {
    const noise = (share: number) => 1 + this.#random.gaussian(0, share);
    return {
      level: round(clamp((this.#volumeM3 / this.#capacityM3) * 100 + this.#random.gaussian(0, 0.06), 0, 100), 1),
      volume: round(this.#volumeM3, 2),
      inflow: round(this.#inflow() * noise(0.006), 2),
      outflow: round(this.#outflow() * noise(0.006), 2),
      valve: this.#valve === 0 ? 'closed' : this.#valve === 1 ? 'open' : 'moving',
      temperature: round(this.#waterC + this.#random.gaussian(0, 0.03), 1),
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

  /** Moves the valve to `open` or `closed`; anything else is refused. */
  setValve(valve: Value): CommandAnswer {
    if (valve === 'open' || valve === 'closed') return this.moveValve(valve === 'open');
    return { ok: false, error: `expected valve to be open or closed, got ${quoted(valve)}` };
  }

  /** Opens or closes the outlet; the valve takes a few seconds. */
  moveValve(open: boolean): CommandAnswer {
    this.#valveOpen = open;
    return { ok: true, result: { valve: open ? 'open' : 'closed', withinS: valveTravelS } };
  }
}

/** A tank with its outlet open. */
export function createTank(setup: ModelSetup): Model {
  return new Tank(setup);
}
