// What the gateway itself has for a device, commands and desired state, goes to one connection and is sent once ([CMD-4],
// [CMD-7]): it is written to that connection here, past the library's queues, and the PUBACK for it comes back here.
// Full: of so many at a time on a connection the PUBACK is waited for; of the oldest beyond them it is not known any more.
import { limits } from '../contract/index.ts';
import type { Connection, State } from './connection.ts';
import { grantedQos } from './permissions.ts';
import { publishPacket } from './publish-packet.ts';

/** Ids of packets go from 1 to this, and begin anew (MQTT 3.1.1, 2.3.1). */
const messageIdMax = 65_535;

/**
 * Writes a message to the connection with the QoS that it subscribed with, 1 at the most. `taken` is called once the
 * device has it, which is known by its PUBACK; never where the connection ends before, and with QoS 0 never.
 */
export function handOver(
  client: Connection,
  { handed }: State,
  message: { topic: string; payload: string },
  taken: () => void,
): { isWritten: boolean; isAcknowledged: boolean } {
  const { topic, payload } = message;
  const granted = grantedQos(client.subscriptions, topic);
  if (granted === null) return { isWritten: false, isAcknowledged: false };
  const messageId = granted === 0 ? null : nextMessageId(client, handed);
  if (messageId !== null) {
    if (handed.size >= limits.handedOverMax) handed.delete(handed.keys().next().value as number);
    handed.set(messageId, taken);
  }
  client.conn.write(publishPacket(topic, payload, messageId));
  return { isWritten: true, isAcknowledged: messageId !== null };
}

/** True where the PUBACK is for what was handed over here; the library knows nothing of that. */
export function acknowledged({ handed }: State, messageId: number): boolean {
  const taken = handed.get(messageId);
  if (taken === undefined) return false;
  handed.delete(messageId);
  taken();
  return true;
}

/** The library counts the ids of a connection; what it sends itself goes on behind this one. */
function nextMessageId(client: Connection, handed: State['handed']): number {
  let id = client._nextId;
  while (handed.has(id)) id = (id % messageIdMax) + 1;
  client._nextId = (id % messageIdMax) + 1;
  return id;
}
