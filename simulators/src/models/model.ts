// What a simulated thing is: a pure object that is stepped through time, read, and told what to do. It holds no
// timers and no connection, so hours of it can be run in milliseconds.
import type { CommandAnswer, Value } from '@telltale/gateway/contract';
import type { Random } from '../random.ts';

/** Metric name to value, as one reading of all sensors gives them. */
export type Values = Record<string, Value>;

/** What a model is made from. */
export type ModelSetup = {
  random: Random;
  /** Local time of day at which the model starts, in seconds after midnight: loads and weather follow the day. */
  secondOfDay: number;
  /** How often the device is to report, for the models that decide it themselves. */
  intervalMs: number;
};

/** A simulated thing. */
export type Model = {
  /** What the label on the device says. */
  readonly product: string;
  /** Metric name to unit; metrics without a unit are left out. */
  readonly units: Readonly<Record<string, string>>;
  /** The commands it knows, for people, such as `setTarget {value}`. */
  readonly commandsText: string;
  /** Time between two reports, where the thing itself decides it. */
  readonly intervalMs?: number;
  /** Lets `dtS` seconds pass. */
  step(dtS: number): void;
  /** Reads all sensors; each call has its own sensor noise. */
  read(): Values;
  /** Carries out a command, or says why not. */
  command(name: string, params: unknown): CommandAnswer;
  /** True while something that it was told to move still moves. */
  readonly settling?: boolean;
  /** What its fields are set to, by name: the part of its state that can be desired from outside. */
  reported(): Values;
  /** Sets a field. False, and nothing happens, where it has no such field or the value is impossible. */
  take(field: string, value: Value): boolean;
};

/** A command: what it takes, for people, and what it does. */
export type CommandEntry<Thing> = { takes?: string; run: (thing: Thing, params: unknown) => CommandAnswer };
export type CommandTable<Thing> = Readonly<Record<string, CommandEntry<Thing>>>;

/** A field that can be set: how it is read, and how it is set, with the answer that a command for it would have. */
export type FieldEntry<Thing> = {
  read: (thing: Thing) => Value;
  set: (thing: Thing, value: Value) => CommandAnswer;
};
export type FieldTable<Thing> = Readonly<Record<string, FieldEntry<Thing>>>;

/** Reads all fields of a table. */
export function readFields<Thing>(table: FieldTable<Thing>, thing: Thing): Values {
  return Object.fromEntries(Object.entries(table).map(([name, field]) => [name, field.read(thing)]));
}

/** Sets the named field; false where there is none of the name, or the thing does not take the value. */
export function setField<Thing>(table: FieldTable<Thing>, thing: Thing, name: string, value: Value): boolean {
  const field = Object.hasOwn(table, name) ? table[name] : undefined;
  return field?.set(thing, value).ok ?? false;
}

/** Runs the named command on `thing`; an unknown name is answered with the known ones. */
export function runCommand<Thing>(
  table: CommandTable<Thing>,
  thing: Thing,
  name: string,
  params: unknown,
): CommandAnswer {
  const entry = Object.hasOwn(table, name) ? table[name] : undefined;
  if (entry) return entry.run(thing, params);
  const known = Object.keys(table).join(', ');
  return { ok: false, error: `unknown command ${JSON.stringify(name.slice(0, 64))}; this device knows ${known}` };
}

/** The commands of a table as one line for people. */
export function describeCommands<Thing>(table: CommandTable<Thing>): string {
  return Object.entries(table)
    .map(([name, entry]) => (entry.takes === undefined ? name : `${name} ${entry.takes}`))
    .join(', ');
}

/** The longest time that is lived through at once. A laptop that slept for a night goes on as after an hour. */
const catchUpSMax = 3600;

/** Splits a span into equal slices of at most `sliceSMax` seconds, which keeps the physics stable. */
export function inSlices(dtS: number, sliceSMax: number, slice: (dtS: number) => void): void {
  const span = Math.min(dtS, catchUpSMax);
  if (!(span > 0)) return;
  const count = Math.ceil(span / sliceSMax);
  for (let i = 0; i < count; i++) slice(span / count);
}
