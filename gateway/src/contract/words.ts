// The words that every other file of the contract is made of: ids, values, times, positions.

/** Integer Unix milliseconds, UTC. The only time there is on any wire. */
export type Millis = number;

/** What a metric can be. Numbers are IEEE doubles; NaN and the infinities never get in. */
export type Value = number | boolean | string;

/** The type of a value as the wire names it. */
export type ValueType = 'number' | 'boolean' | 'string';

/**
 * A place in the log. `epoch` is made with the database and changes when that is restored or wiped;
 * `offset` grows by one with each committed entry. Offsets of two epochs cannot be compared.
 */
export type Position = { epoch: string; offset: number };

export const freshnessStates = ['live', 'late', 'stale', 'never'] as const;
/** How far a value may be trusted to be current ([LIV-4]). `never`: the metric has no reading. */
export type Freshness = (typeof freshnessStates)[number];

export const presenceStates = ['online', 'offline', 'unknown'] as const;
/** Whether a device has a connection. `unknown` is a device that was never seen. */
export type PresenceState = (typeof presenceStates)[number];

export type Presence = { state: PresenceState; since: Millis | null; cause: PresenceCause | null };

export const presenceCauses = ['connect', 'status', 'disconnect', 'lost', 'will', 'restart'] as const;
/**
 * Why presence changed: the device connected, said so on its status topic, took its leave, was lost
 * (socket or keep-alive), left its will behind, or the gateway was restarted under it.
 */
export type PresenceCause = (typeof presenceCauses)[number];

export const roles = ['viewer', 'operator', 'administrator'] as const;
/** A viewer looks, an operator also sends commands, an administrator also manages devices and people. */
export type Role = (typeof roles)[number];

/** True where `role` may do what `needed` may do. */
export function roleCovers(role: Role, needed: Role): boolean {
  return roles.indexOf(role) >= roles.indexOf(needed);
}

/** The wire's name for the type of `value`. */
export function valueTypeOf(value: Value): ValueType {
  return typeof value as ValueType;
}

// Control characters would break logs, CSV and terminals; / + # are MQTT's own.
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is being kept out
const nameForm = /^[^/+#\u0000-\u001f\u007f-\u009f]+$/u;

/** True for a device id: 1 to 128 characters, none of `/ + #` or control characters, no leading `$`. */
export function isDeviceId(text: string): boolean {
  return text.length <= 128 && !text.startsWith('$') && nameForm.test(text);
}

/** True for a tag of a device: 1 to 64 characters of the same form. */
export function isTag(text: string): boolean {
  return text.length <= 64 && nameForm.test(text);
}

/** True for the name of a user or an API token: 1 to 64 characters of the same form, without blanks at its ends. */
export function isUserName(text: string): boolean {
  return text.length <= 64 && text.trim() === text && nameForm.test(text);
}

/** True for a metric's name: the form of a device id; `.` separates the parts of a flattened object. */
export function isMetricName(text: string): boolean {
  return text.length <= 128 && nameForm.test(text);
}

/** True for a device id, or for a prefix of one that ends in `*`; `*` alone is every device. No other `*` is in it. */
export function isDevicePattern(text: string): boolean {
  const prefix = text.endsWith('*') ? text.slice(0, -1) : text;
  return text === '*' || (isDeviceId(prefix) && !prefix.includes('*'));
}

/** True where a pattern as `isDevicePattern` knows them means the device. */
export function devicePatternCovers(pattern: string, device: string): boolean {
  return pattern.endsWith('*') ? device.startsWith(pattern.slice(0, -1)) : device === pattern;
}
