// MQTT topics of the native convention: how they are made and how they are read.
import { isDeviceId, isMetricName } from './words.ts';

export const topics = Object.freeze({
  telemetry: (device: string) => `devices/${device}/telemetry`,
  metric: (device: string, metric: string) => `devices/${device}/telemetry/${metric}`,
  status: (device: string) => `devices/${device}/status`,
  attributes: (device: string) => `devices/${device}/attributes`,
  command: (device: string, command: string) => `devices/${device}/commands/${command}`,
  commandResult: (device: string, command: string) => `devices/${device}/commands/${command}/result`,
  /** What a device subscribes to for its commands. */
  commands: (device: string) => `devices/${device}/commands/+`,
  desired: (device: string) => `devices/${device}/desired`,
});

export type NativeTopic =
  | { kind: 'telemetry'; device: string }
  | { kind: 'metric'; device: string; metric: string }
  | { kind: 'status'; device: string }
  | { kind: 'attributes'; device: string }
  | { kind: 'desired'; device: string }
  | { kind: 'command'; device: string; command: string }
  | { kind: 'result'; device: string; command: string }
  /** Below `devices/{id}/`, but nothing that the convention knows. */
  | { kind: 'other'; device: string };

/** Reads a topic; null where it does not begin with `devices/{id}/` of a valid id. */
export function parseTopic(topic: string): NativeTopic | null {
  if (!topic.startsWith('devices/')) return null;
  const slash = topic.indexOf('/', 8);
  if (slash < 0) return null;
  const device = topic.slice(8, slash);
  if (!isDeviceId(device)) return null;
  const rest = topic.slice(slash + 1);
  switch (rest) {
    case 'telemetry':
    case 'status':
    case 'attributes':
    case 'desired':
      return { kind: rest, device };
  }
  const [first, second, third, ...more] = rest.split('/');
  if (first === 'telemetry' && second !== undefined && third === undefined && isMetricName(second)) {
    return { kind: 'metric', device, metric: second };
  }
  if (first === 'commands' && second !== undefined && second !== '' && more.length === 0) {
    if (third === undefined) return { kind: 'command', device, command: second };
    if (third === 'result') return { kind: 'result', device, command: second };
  }
  return { kind: 'other', device };
}

/**
 * The device that a publish topic or a subscription filter stays under, or null where it could reach further:
 * other roots, a wildcard in the id's place, `$SYS`, `$share`.
 */
export function deviceOfFilter(filter: string): string | null {
  if (!filter.startsWith('devices/')) return null;
  const slash = filter.indexOf('/', 8);
  if (slash < 0) return null;
  const device = filter.slice(8, slash);
  return isDeviceId(device) ? device : null;
}
