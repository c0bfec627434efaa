// The fields of a device's desired state: what may be asked for, and what a change of them comes to.
import { type DesiredField, isMetricName, limits, Refusal, type Value } from '../contract/index.ts';
import { jsonExcerpt, jsonLength } from '../lib/json.ts';
import { announcedBy } from './registry.ts';

export type Fields = Readonly<Record<string, DesiredField>>;

const bad = (where: string, expected: string, got: unknown) =>
  new Refusal('bad_request', `${where}: expected ${expected}, got ${jsonExcerpt(got, 60)}`);

/** The fields of a request, by name; null takes one back. Throws Refusal('bad_request') with what was expected. */
export function checkFields(fields: Readonly<Record<string, unknown>>): Map<string, Value | null> {
  const checked = new Map<string, Value | null>();
  const names = Object.keys(fields);
  if (names.length > limits.desiredFieldsMax) throw bad('fields', `at most ${limits.desiredFieldsMax}`, names.length);
  for (const name of names) {
    if (!isMetricName(name)) throw bad('fields', 'names of 1 to 128 characters, no / + # or control', name);
    // A device tells the units of its metrics so; nobody else has a say in them.
    if (announcedBy(name) !== null) throw bad('fields', 'no names below units., which are the device’s own', name);
    checked.set(name, checkValue(name, fields[name]));
  }
  return checked;
}

function checkValue(name: string, value: unknown): Value | null {
  const where = `fields.${name}`;
  if (typeof value === 'string' && value.length > limits.textLengthMax) {
    throw bad(where, `at most ${limits.textLengthMax} characters`, value);
  }
  if (typeof value === 'number' ? Number.isFinite(value) : typeof value === 'boolean' || typeof value === 'string') {
    return value as Value;
  }
  if (value === null) return null;
  throw bad(where, 'a number, a boolean, text or null (what is nested is named with a dot: "pump.speed")', value);
}

/**
 * What of `wanted` is different from what is desired now. With `replacesAll` every field that is not in it is taken back.
 */
export function changesOf(
  desired: Fields,
  wanted: ReadonlyMap<string, Value | null>,
  replacesAll: boolean,
): Map<string, Value | null> {
  const changes = new Map<string, Value | null>();
  for (const [name, value] of wanted) {
    const known = Object.hasOwn(desired, name) ? (desired[name]?.value ?? null) : null;
    if (known !== value) changes.set(name, value);
  }
  if (replacesAll) for (const name of Object.keys(desired)) if (!wanted.has(name)) changes.set(name, null);
  return changes;
}

/** The fields after a change. Throws Refusal('too_many') where they would not go into one packet. */
export function changed(desired: Fields, changes: ReadonlyMap<string, Value | null>, at: number, by: string): Fields {
  const fields = new Map(Object.entries(desired));
  for (const [name, value] of changes) {
    if (value === null) fields.delete(name);
    else fields.set(name, { value, at, by });
  }
  if (fields.size > limits.desiredFieldsMax) throw new Refusal('too_many', `at most ${limits.desiredFieldsMax} fields`);
  const length = jsonLength(Object.fromEntries(Array.from(fields, ([name, { value }]) => [name, value])));
  if (length > limits.desiredLengthMax) {
    throw new Refusal(
      'too_large',
      `at most ${limits.desiredLengthMax} characters of JSON in all fields, got ${length}`,
    );
  }
  return Object.fromEntries(fields);
}
