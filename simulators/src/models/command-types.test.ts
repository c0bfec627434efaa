import {
  type ExpectationTemplate,
  type FromParam,
  type JsonSchema,
  meets,
  type Value,
} from '@telltale/gateway/contract';
import { describe, expect, test } from 'vitest';
import { Random } from '../random.ts';
import { type SimulatedType, simulatedTypes } from './command-types.ts';
import { type Kind, kindNames, kinds } from './kinds.ts';
import type { Model } from './model.ts';

const create = (kind: Kind): Model =>
  kinds[kind]({ random: new Random(3, kind), secondOfDay: 10 * 3600, intervalMs: 1000 });
const fits = (model: Model, { models }: SimulatedType) =>
  models.some(pattern => model.product.startsWith(pattern.replace('*', '')));
const typesOf = (model: Model) => simulatedTypes.filter(type => fits(model, type));

/** The edges of what a schema takes, as parameters. */
function edges(schema: JsonSchema): Record<string, number>[] {
  const [number] = Object.entries(schema.properties ?? {});
  if (number === undefined) return [{}];
  const [name, { minimum = Number.NaN, maximum = Number.NaN }] = number;
  return [{ [name]: minimum }, { [name]: maximum }];
}

const taken = <Given>(given: FromParam<Given>, params: Record<string, unknown>): Given =>
  typeof given === 'object' && given !== null && 'param' in given ? (params[given.param] as Given) : (given as Given);
const expectationOf = (
  { metric, withinMs, equals, min, max }: ExpectationTemplate,
  params: Record<string, unknown>,
) => ({
  metric,
  withinMs,
  ...(equals !== undefined && { equals: taken<Value>(equals, params) }),
  ...(min !== undefined && { min: taken(min, params) }),
  ...(max !== undefined && { max: taken(max, params) }),
});

/** What a model reports of a metric in the seconds after a command, sampled once a second. */
function readingsAfter(model: Model, metric: string, seconds: number): (Value | undefined)[] {
  return Array.from({ length: seconds + 1 }, (_, second) => {
    if (second > 0) model.step(1);
    return model.read()[metric];
  });
}

test('every command of every model has a type with an effect, and no type is for nothing', () => {
  const seen = new Set<SimulatedType>();
  for (const kind of kindNames) {
    const model = create(kind);
    const commands = model.commandsText.split(', ').map(text => text.split(' ')[0]);
    expect(
      typesOf(model).map(({ name }) => name),
      kind,
    ).toEqual(expect.arrayContaining(commands));
    for (const type of typesOf(model)) {
      expect(commands).toContain(type.name);
      expect(type.expect.length).toBeGreaterThan(0);
      seen.add(type);
    }
  }
  expect(seen.size).toBe(simulatedTypes.length);
  expect(new Set(simulatedTypes.map(({ id }) => id)).size).toBe(simulatedTypes.length);
});

const cases = kindNames.flatMap(kind =>
  typesOf(create(kind)).flatMap(type =>
    edges(type.params ?? {}).map(params => [kind, type.name, params, type] as const),
  ),
);

describe('what a command is expected to do', () => {
  test.each(cases)('%s: %s %j shows within its time, and every later reading agrees', (kind, name, params, type) => {
    const model = create(kind);
    // Away from what it is asked for: a start of what runs, or a vent that is open, would prove nothing.
    if (name === 'start') model.command('stop', {});
    if (name === 'openValve') model.command('closeValve', {});
    model.step(30);
    expect(model.command(name, params)).toMatchObject({ ok: true });
    for (const template of type.expect) {
      const expectation = expectationOf(template, params);
      const readings = readingsAfter(model, expectation.metric, expectation.withinMs / 1000 - 1);
      const met = readings.map(value => value !== undefined && meets(expectation, value));
      expect(met.at(-1), `${expectation.metric}: ${readings.join()}`).toBe(true);
      expect(met.indexOf(false, met.indexOf(true))).toBe(-1);
    }
  });

  test('outside of the limits of its type a command is refused by the device, too', () => {
    for (const [kind, name, params, type] of cases) {
      const [given] = Object.entries(params);
      if (given === undefined) continue;
      const [param, value] = given;
      const beyond = value === type.params?.properties?.[param]?.minimum ? value - 1 : value + 1;
      expect(create(kind).command(name, { [param]: beyond }), `${kind} ${name} ${beyond}`).toMatchObject({ ok: false });
    }
  });

  test('nothing of it shows on a device that does nothing', () => {
    for (const [kind, name, params, type] of cases) {
      // A valve that is open and a pump that runs need no command for it.
      if (name === 'start' || name === 'openValve') continue;
      const model = create(kind);
      const [template] = type.expect;
      const expectation = expectationOf(template!, params);
      const readings = readingsAfter(model, expectation.metric, expectation.withinMs / 1000);
      expect(
        readings.some(value => meets(expectation, value!)),
        `${kind} ${name}`,
      ).toBe(false);
    }
  });
});

describe('fields that can be desired', () => {
  test('each is reported in telemetry under its own name or by what it does, and set by its value alone', () => {
    for (const kind of kindNames) {
      const model = create(kind);
      const before = model.reported();
      expect(Object.keys(before).length, kind).toBeGreaterThan(0);
      for (const [field, value] of Object.entries(before)) {
        for (const impossible of [-1e9, 'nonsense', typeof value === 'boolean' ? 1 : true]) {
          expect(model.take(field, impossible), `${kind} ${field} ${impossible}`).toBe(false);
        }
        expect(model.take(field, value)).toBe(true);
      }
      for (const unknown of ['colour', 'constructor', '__proto__']) expect(model.take(unknown, 1)).toBe(false);
      expect(model.reported()).toEqual(before);
    }
  });
});
