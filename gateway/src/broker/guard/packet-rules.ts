// What each packet after CONNECT has to look like, before the broker's own parser sees it (MQTT 3.1.1, 2.2 and 3).
import { limits } from '../../contract/index.ts';
import { type Breach, breaches } from './breach.ts';
import { filterBreach, topicBreach } from './text.ts';

export const packetTypes = Object.freeze({
  connect: 1,
  publish: 3,
  puback: 4,
  pubrec: 5,
  pubrel: 6,
  pubcomp: 7,
  subscribe: 8,
  unsubscribe: 10,
  pingreq: 12,
  disconnect: 14,
});

/** By packet type the flags that the first byte has to have; null where they mean something, undefined where a client may not send the type. */
const requiredFlags: readonly (number | null | undefined)[] = [
  ...[undefined, 0, undefined, null],
  ...[0, 0, 2, 0],
  ...[2, undefined, 2, undefined],
  ...[0, undefined, 0, undefined],
];

/** Why a packet may not begin with this byte, or null. */
export function firstByteBreach(first: number): Breach | null {
  const required = requiredFlags[first >> 4];
  if (required === undefined) return breaches.type;
  if (required !== null) return (first & 0x0f) === required ? null : breaches.flags;
  if ((first & 0x06) === 0x06) return breaches.qos;
  // MQTT 3.1.1, 3.3.1.1: what is not acknowledged is not sent again.
  return (first & 0x0e) === 0x08 ? breaches.dup : null;
}

/** Why the body of a packet other than CONNECT is unsound, or null. Its first byte was looked at before. */
export function bodyBreach(bytes: Buffer, first: number, body: number, end: number): Breach | null {
  switch (first >> 4) {
    case packetTypes.publish:
      return publishBreach(bytes, first, body, end);
    case packetTypes.puback:
    case packetTypes.pubrec:
    case packetTypes.pubrel:
    case packetTypes.pubcomp:
      if (end - body !== 2) return end - body < 2 ? breaches.short : breaches.long;
      return idBreach(bytes, body);
    case packetTypes.subscribe:
      return filtersBreach(bytes, body, end, true);
    case packetTypes.unsubscribe:
      return filtersBreach(bytes, body, end, false);
    default:
      return end === body ? null : breaches.long;
  }
}

/** MQTT 3.1.1, 2.3.1: a message id is not 0. */
function idBreach(bytes: Buffer, at: number): Breach | null {
  return bytes[at] === 0 && bytes[at + 1] === 0 ? breaches.messageId : null;
}

function publishBreach(bytes: Buffer, first: number, body: number, end: number): Breach | null {
  const start = body + 2;
  if (start > end) return breaches.short;
  const topicEnd = start + (((bytes[body] as number) << 8) | (bytes[body + 1] as number));
  const withId = (first & 0x06) !== 0;
  if (topicEnd + (withId ? 2 : 0) > end) return breaches.short;
  return topicBreach(bytes, start, topicEnd) ?? (withId ? idBreach(bytes, topicEnd) : null);
}

function filtersBreach(bytes: Buffer, body: number, end: number, withQos: boolean): Breach | null {
  if (body + 2 > end) return breaches.short;
  const id = idBreach(bytes, body);
  if (id !== null) return id;
  let filters = 0;
  for (let at = body + 2; at < end; filters++) {
    if (filters >= limits.filtersPerClientMax) return breaches.filters;
    if (at + 2 > end) return breaches.short;
    const start = at + 2;
    const filterEnd = start + bytes.readUInt16BE(at);
    at = filterEnd + (withQos ? 1 : 0);
    if (at > end) return breaches.short;
    const filter = filterBreach(bytes, start, filterEnd);
    if (filter !== null) return filter;
    if (withQos && (bytes[filterEnd] as number) > 2) return breaches.subscriptionQos;
  }
  return filters === 0 ? breaches.empty : null;
}
