// What may be sent to the simulated things, as command types of the gateway: their parameters with unit and limits, how
// dangerous they are, and the readings that show that they were carried out.
import type { CommandType, ExpectationTemplate, JsonSchema } from '@telltale/gateway/contract';

/** A type as it is asked for over REST; what is left out is as the gateway has it by default. */
export type SimulatedType = Pick<CommandType, 'id' | 'name' | 'title' | 'models' | 'expect'> &
  Partial<Pick<CommandType, 'description' | 'params' | 'danger' | 'retries' | 'supersede'>>;

/** Every effect shows within this time: the slowest is a pump that ramps, or vents that move, for eight seconds. */
const withinMs = 10_000;

/** The one number that a command takes. */
function takes(name: string, title: string, number: JsonSchema): JsonSchema {
  return {
    type: 'object',
    properties: { [name]: { title, ...number } },
    required: [name],
    additionalProperties: false,
  };
}

const takesNothing: JsonSchema = { type: 'object', properties: {}, additionalProperties: false };

/** The reading has to be what the parameter asked for, and asking again changes nothing: of those that wait, one goes. */
const sets = (metric: string, param: string) => ({
  expect: [{ metric, equals: { param }, withinMs }],
  retries: 2,
  supersede: true,
});
const shows = (metric: string, equals: string | boolean) => ({
  params: takesNothing,
  expect: [{ metric, equals, withinMs }] satisfies ExpectationTemplate[],
});

const coldRoom = { models: ['FrostLine *'] };
const pump = { models: ['Hydra *'] };
const meter = { models: ['VoltGuard *'] };
const tank = { models: ['AquaStore *'] };
const station = { models: ['Skywatch *'] };
const greenhouse = { models: ['Verdant *'] };

/** The types of all commands of all models. */
export const simulatedTypes: readonly SimulatedType[] = Object.freeze([
  {
    ...coldRoom,
    id: 'cold-room-target',
    name: 'setTarget',
    title: 'Set the temperature to keep',
    params: takes('value', 'Temperature', { type: 'number', unit: '°C', minimum: -30, maximum: 15, multipleOf: 0.5 }),
    ...sets('target', 'value'),
  },
  {
    ...coldRoom,
    id: 'cold-room-defrost',
    name: 'defrost',
    title: 'Defrost now',
    description: 'The compressor rests for eight minutes, and the air warms by some degrees.',
    danger: 'caution',
    ...shows('defrost', true),
  },
  {
    ...pump,
    id: 'pump-speed',
    name: 'setSpeed',
    title: 'Set the speed',
    danger: 'caution',
    params: takes('rpm', 'Speed', { type: 'integer', unit: 'rpm', minimum: 300, maximum: 2400 }),
    ...sets('targetSpeed', 'rpm'),
  },
  { ...pump, id: 'pump-start', name: 'start', title: 'Start', danger: 'caution', ...shows('running', true) },
  {
    ...pump,
    id: 'pump-stop',
    name: 'stop',
    title: 'Stop',
    description: 'The pump ramps down to standstill, and what it feeds runs dry.',
    danger: 'danger',
    ...shows('running', false),
  },
  {
    ...meter,
    id: 'meter-limit',
    name: 'setLimit',
    title: 'Shed load above',
    danger: 'caution',
    params: takes('kw', 'Power', { type: 'number', unit: 'kW', minimum: 1, maximum: 500, multipleOf: 0.5 }),
    ...sets('limit', 'kw'),
  },
  {
    ...meter,
    id: 'meter-reset',
    name: 'resetEnergy',
    title: 'Set the energy counter to zero',
    danger: 'danger',
    params: takesNothing,
    // What flows in ten seconds is less than that.
    expect: [{ metric: 'energy', max: 1, withinMs }],
  },
  {
    ...station,
    id: 'station-interval',
    name: 'setInterval',
    title: 'Set how often it reports',
    params: takes('ms', 'Interval', { type: 'integer', unit: 'ms', minimum: 200, maximum: 600_000, default: 5_000 }),
    ...sets('interval', 'ms'),
  },
  {
    ...tank,
    id: 'tank-open',
    name: 'openValve',
    title: 'Open the valve',
    danger: 'caution',
    ...shows('valve', 'open'),
  },
  { ...tank, id: 'tank-close', name: 'closeValve', title: 'Close the valve', ...shows('valve', 'closed') },
  {
    ...greenhouse,
    id: 'greenhouse-vent',
    name: 'setVent',
    title: 'Open the vents',
    params: takes('percent', 'Opening', { type: 'integer', unit: '%', minimum: 0, maximum: 100 }),
    ...sets('vent', 'percent'),
  },
  {
    ...greenhouse,
    id: 'greenhouse-irrigate',
    name: 'irrigate',
    title: 'Water the soil',
    params: takes('seconds', 'Time', { type: 'integer', unit: 's', minimum: 10, maximum: 3600, default: 60 }),
    expect: [{ metric: 'irrigating', equals: true, withinMs }],
  },
]);
