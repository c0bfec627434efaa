// What the gateway itself has for a device, commands and desired state, goes to one connection and is sent once ([CMD-4],
// [CMD-7]): it is written to that connection here, past the library's queues, and the PUBACK for it comes back here.
// Full: of so many at a time on a connection the PUBACK is waited for; of the oldest beyond them it is not known any more.
import { limits } from '../contract/index.ts';
import type { Connection, State } from './connection.ts';
import { publishPacket } from './publish-packet.ts';

/** Ids of packets go from 1 to this, and begin anew (MQTT 3.1.1, 2.3.1). */
const messageIdMax = 65_535;
/** The library may give out so many ids before it is looked at again. */
const idsAtOnceMax = 10_000;

/** The connection that something goes to, and the highest QoS that it subscribed to it with. */
export type Receiver = { client: Connection; state: State; qos: 0 | 1 | 2 };

/** What becomes of what was handed over; neither is called where the connection ends before, and with QoS 0 never. */
export type HandedOver = {
  /** The device has it: its PUBACK came. */
  taken(): void;
  /** So much was sent since that its PUBACK is not waited for any more. */
  forgotten?(): void;
};

/** Writes a message to the connection with the QoS that it subscribed with, 1 at the most. */
export function handOver(
  { client, state, qos }: Receiver,
  { topic, payload }: { topic: string; payload: string },
  handedOver: HandedOver,
): void {
  const { handed } = state;
  if (qos === 0) {
    client.conn.write(publishPacket(topic, payload, null));
    return;
  }
  forgetOldest(client, state);
  if (handed.size >= limits.handedOverMax) forget(handed, handed.keys().next().value as number);
  // The library counts the ids of a connection; what it sends itself goes on behind this one.
  const messageId = client._nextId;
  client._nextId = (messageId % messageIdMax) + 1;
  handed.set(messageId, handedOver);
  client.conn.write(publishPacket(topic, payload, messageId));
}

/** True where the PUBACK is for what was handed over here; the library knows nothing of that. */
export function acknowledged({ handed }: State, messageId: number): boolean {
  const handedOver = handed.get(messageId);
  if (handedOver === undefined) return false;
  handed.delete(messageId);
  handedOver.taken();
  return true;
}

/**
 * Forgets what was not acknowledged while the ids went once round, so that what is sent now has an id of its own. Call
 * before the library sends what has an id.
 */
export function forgetOldest(client: Connection, { handed }: State): void {
  // In the order of their ids, so that the first is the next to be met.
  for (const id of handed.keys()) {
    if ((id - client._nextId + messageIdMax) % messageIdMax >= idsAtOnceMax) return;
    forget(handed, id);
  }
}

function forget(handed: State['handed'], messageId: number): void {
  const handedOver = handed.get(messageId);
  handed.delete(messageId);
  handedOver?.forgotten?.();
}
