// The kinds of things that can be simulated, by the name that people use for them.
import { createColdRoom, createFreezer } from './cold-room.ts';
import { createGreenhouse } from './greenhouse.ts';
import type { Model, ModelSetup } from './model.ts';
import { createPowerMeter } from './power-meter.ts';
import { createPump } from './pump.ts';
import { createTank } from './tank.ts';
import { createWeatherStation } from './weather-station.ts';

/** Kind to the factory of its model. */
export const kinds = Object.freeze({
  'cold-room': createColdRoom,
  freezer: createFreezer,
  pump: createPump,
  'power-meter': createPowerMeter,
  'weather-station': createWeatherStation,
  tank: createTank,
  greenhouse: createGreenhouse,
} satisfies Record<string, (setup: ModelSetup) => Model>);

/** The name of a kind, as `--kinds` takes it. */
export type Kind = keyof typeof kinds;

/** All kinds, in the order in which a fleet uses them. */
export const kindNames = Object.freeze(Object.keys(kinds) as Kind[]);

/** True for the name of a kind. */
export function isKind(text: string): text is Kind {
  return Object.hasOwn(kinds, text);
}
