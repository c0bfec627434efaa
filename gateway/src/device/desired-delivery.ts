// What a device's connection is told of its desired state: each difference once, and nothing again that it was told and
// did not follow ([CMD-9]).
import type { Value } from '../contract/index.ts';
import type { Fields } from './desired-fields.ts';

/**
 * What one connection was told, by field. A field that was taken back since is null: told, and none of what is desired
 * later.
 */
export type Told = Map<string, Value | null>;

/** The value of a field, where there is one of its own. */
export function valueIn<Of>(fields: Readonly<Record<string, Of>>, name: string): Of | undefined {
  return Object.hasOwn(fields, name) ? fields[name] : undefined;
}

/** Desired fields that the device does not report so. */
export function differenceOf(desired: Fields, reported: Readonly<Record<string, Value>>): Record<string, Value> {
  const different = Object.entries(desired).filter(([name, { value }]) => valueIn(reported, name) !== value);
  return Object.fromEntries(different.map(([name, { value }]) => [name, value]));
}

/**
 * The fields to send: those that the device reports otherwise, and those that it was told otherwise and may be about to
 * follow. Null where it was told all of them with these values, or where there are none.
 */
export function dueFields(
  desired: Fields,
  reported: Readonly<Record<string, Value>>,
  told: ReadonlyMap<string, Value | null>,
): Record<string, Value> | null {
  const due: [string, Value][] = [];
  let isNews = false;
  for (const [name, { value }] of Object.entries(desired)) {
    const known = told.get(name);
    const wasToldOtherwise = known !== undefined && known !== value;
    if (valueIn(reported, name) === value && !wasToldOtherwise) continue;
    due.push([name, value]);
    if (known !== value) isNews = true;
  }
  return isNews ? Object.fromEntries(due) : null;
}

/** Notes that fields were told. */
export function noteTold(told: Told, fields: Readonly<Record<string, Value>>): void {
  for (const [name, value] of Object.entries(fields)) told.set(name, value);
}

/** Forgets what the device has followed: where it turns away from that later, it is told anew. */
export function noteFollowed(told: Told, desired: Fields, reported: Readonly<Record<string, Value>>): void {
  for (const [name, { value }] of Object.entries(desired)) {
    if (valueIn(reported, name) === value && told.get(name) === value) told.delete(name);
  }
}

/** Notes that fields were taken back: what the connection was told of them stands for nothing desired later. */
export function noteTakenBack(told: Told, changes: ReadonlyMap<string, Value | null>): void {
  for (const [name, value] of changes) if (value === null && told.has(name)) told.set(name, null);
}
