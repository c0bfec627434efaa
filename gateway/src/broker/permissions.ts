// Which topics a device connection may use ([ACC-2]).
import { deviceOfFilter, limits, type NativeTopic, parseTopic, topics } from '../contract/index.ts';

/** Who is at the other end, judged by its credential as that is now. */
export type Identity = {
  name: string;
  /** The one device that this is, or null where it may speak for several. */
  device: string | null;
  /** False once the connection has to end. */
  holds(): boolean;
  covers(device: string): boolean;
  /** In the open profile anybody is anybody, and may use any topic but those of the broker and those of `denied`. */
  open: boolean;
  /** Filters whose topics nobody uses in the open profile. */
  denied: readonly string[];
};

const oursAlone = 'commands and desired state are sent by the gateway alone';

const isOurs = (topic: NativeTopic | null) => topic?.kind === 'command' || topic?.kind === 'desired';

/** True for a topic on which the gateway alone publishes: commands and desired state. Most topics cost no more than a look. */
export function isOursAlone(topic: string): boolean {
  return (topic.includes('/commands/') || topic.endsWith('/desired')) && isOurs(parseTopic(topic));
}

/** Why a publish is a breach of permissions, or null where it is allowed. */
export function publishBreach(identity: Identity, topic: string): string | null {
  if (identity.open) return openBreach(identity, topic);
  if (topic.startsWith('$')) return '$ topics are the broker’s own';
  const parsed = parseTopic(topic);
  if (parsed === null) return 'only topics below devices/{id}/';
  if (!identity.covers(parsed.device)) return 'the topic of another device';
  if (isOurs(parsed)) return oursAlone;
  return null;
}

function openBreach({ denied }: Identity, topic: string): string | null {
  if (topic.startsWith('$SYS/')) return '$SYS topics are the broker’s own';
  if (denied.some(filter => filterMatches(filter, topic))) return 'a topic of access.deniedFilters';
  return topic.startsWith('devices/') && isOurs(parseTopic(topic)) ? oursAlone : null;
}

/** Why a subscription is a breach of permissions, or null where it is allowed. */
export function subscribeBreach(identity: Identity, filter: string): string | null {
  // Shared subscriptions belong to MQTT 5; the broker would grant one and never deliver.
  if (filter.startsWith('$share/')) return 'shared subscriptions are of MQTT 5';
  if (filter.split('/').length > limits.topicLevelsMax) return `more than ${limits.topicLevelsMax} levels`;
  if (identity.open)
    return identity.denied.some(denied => filterCovers(denied, filter)) ? 'access.deniedFilters' : null;
  const device = deviceOfFilter(filter);
  if (device === null) return 'only filters below devices/{id}/';
  return identity.covers(device) ? null : 'the topics of another device';
}

/** True where a message on the topic may go to whoever subscribed to it; judged at each delivery, not once. */
export function mayReceive(identity: Identity, topic: string): boolean {
  if (identity.open) return !identity.denied.some(filter => filterMatches(filter, topic));
  const device = parseTopic(topic)?.device;
  return device !== undefined && identity.covers(device);
}

/** True where every topic that `filter` matches is matched by `by`, too. */
function filterCovers(by: string, filter: string): boolean {
  // Taken as a topic a filter is matched level by level; only `#` is more than any level but `#`.
  return filterMatches(by, filter) && (!filter.endsWith('#') || by.endsWith('#'));
}

/**
 * True where `filter` matches `topic` (MQTT 3.1.1, 4.7). Of a field gateway's thousand filters all are asked for each
 * message, so that it makes nothing and stops at the first character that differs.
 */
export function filterMatches(filter: string, topic: string): boolean {
  let t = 0;
  for (let f = 0; ; f++, t++) {
    // At the beginning of a level of both.
    if (filter[f] === '#') return true;
    if (filter[f] === '+') {
      f++;
      while (t < topic.length && topic[t] !== '/') t++;
    } else {
      while (f < filter.length && filter[f] !== '/') if (filter[f++] !== topic[t++]) return false;
    }
    if (t >= topic.length) return f >= filter.length || filter.startsWith('/#', f);
    if (filter[f] !== '/' || topic[t] !== '/') return false;
  }
}

/** The device whose commands a filter brings, or null. A filter over several devices makes nobody their receiver. */
export function commandsDeviceOf(filter: string): string | null {
  const device = deviceOfFilter(filter);
  return device !== null && filterMatches(filter, topics.command(device, 'any')) ? device : null;
}

/** The device whose desired state a filter brings, or null. */
export function desiredDeviceOf(filter: string): string | null {
  const device = deviceOfFilter(filter);
  return device !== null && filterMatches(filter, topics.desired(device)) ? device : null;
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
