// Which topics a device connection may use ([ACC-2]).
import { deviceOfFilter, limits, parseTopic, topics } from '../contract/index.ts';

/** Who is at the other end. In the open profile anybody is, and may do anything but reach into the broker itself. */
export type Identity = {
  name: string;
  /** The one device that this is, or null where it may speak for several. */
  device: string | null;
  covers(device: string): boolean;
  open: boolean;
};

/** Why a publish is a breach of permissions, or null where it is allowed. */
export function publishBreach(identity: Identity, topic: string): string | null {
  if (topic.startsWith('$')) return '$ topics are the broker’s own';
  if (identity.open) return null;
  const parsed = parseTopic(topic);
  if (parsed === null) return 'only topics below devices/{id}/';
  if (!identity.covers(parsed.device)) return 'the topic of another device';
  if (parsed.kind === 'command') return 'commands are sent by the gateway alone';
  return null;
}

/** True where a subscription is allowed. */
export function maySubscribe(identity: Identity, filter: string): boolean {
  // Shared subscriptions belong to MQTT 5; the broker would grant one and never deliver.
  if (filter.startsWith('$share/')) return false;
  if (filter.split('/').length > limits.topicLevelsMax) return false;
  if (identity.open) return true;
  const device = deviceOfFilter(filter);
  return device !== null && identity.covers(device);
}

/** True where `filter` matches `topic` (MQTT 3.1.1, 4.7). */
export function filterMatches(filter: string, topic: string): boolean {
  const wanted = filter.split('/');
  const levels = topic.split('/');
  for (const [i, level] of wanted.entries()) {
    if (level === '#') return true;
    if (i >= levels.length || (level !== '+' && level !== levels[i])) return false;
  }
  return wanted.length === levels.length;
}

/** The device whose commands a filter brings, or null. A filter over several devices makes nobody their receiver. */
export function commandsDeviceOf(filter: string): string | null {
  const device = deviceOfFilter(filter);
  return device !== null && filterMatches(filter, topics.command(device, 'any')) ? device : null;
}

/** The highest QoS of the subscriptions that a topic reaches; null where it reaches none. */
export function grantedQos(subscriptions: Record<string, { qos: 0 | 1 | 2 }>, topic: string): 0 | 1 | 2 | null {
  let granted: 0 | 1 | 2 | null = null;
  for (const filter in subscriptions) {
    const qos = subscriptions[filter]?.qos ?? 0;
    if ((granted === null || qos > granted) && filterMatches(filter, topic)) granted = qos;
  }
  return granted;
}
