// The messages that one session waits for (MQTT 3.1.1, 4.1): those to be sent, and those sent and not acknowledged.
// Full: the oldest that is not under way goes, for whoever comes back wants what is new.
import { type KeptMessage, ownBytes } from './changes.ts';

/** A message in a queue. */
export type Queued = {
  id: number;
  /** When it came, in minutes (age.ts). */
  at: number;
  topic: string;
  /** Memory of its own; a text only where the library queued one. */
  payload: Buffer | string;
  qos: number;
  /** The id under which it was sent; null before. */
  messageId: number | null;
  /** QoS 2: it was received, and PUBREL is all that is left of it. */
  released: boolean;
  /** It may have been sent on a connection that is gone (DUP). */
  sentBefore: boolean;
  /** It was given to the connection that there is now. */
  isHanded: boolean;
  /** Its commit is not known yet: who connects now gets it by way of the publish. */
  isPending: boolean;
  /** What the library calls it on its way to subscribers. */
  brokerId: string;
  brokerCounter: number;
};

/** What the broker library takes for a packet. */
export type OutgoingPacket = {
  cmd: 'publish' | 'pubrel';
  topic?: string;
  payload?: Buffer | string;
  qos?: number;
  retain?: boolean;
  dup?: boolean;
  brokerId?: string;
  brokerCounter?: number;
  messageId?: number | undefined;
};

/** What a message costs beside its payload and topic. */
const overheadBytes = 300;
/** Stands for the library's own number of a message that was queued before this start. */
const keptBrokerId = 'kept';

export const bytesOf = ({ topic, payload }: { topic: string; payload: { length: number } }) =>
  overheadBytes + topic.length * 2 + payload.length;

export class Queue {
  readonly messages: Queued[] = [];
  bytes = 0;

  add(message: Queued): void {
    this.messages.push(message);
    this.bytes += bytesOf(message);
  }

  /** Takes a message out; false where it is not there any more. */
  remove(message: Queued): boolean {
    const place = this.messages.indexOf(message);
    if (place < 0) return false;
    this.messages.splice(place, 1);
    this.bytes -= bytesOf(message);
    return true;
  }

  /** The oldest message that is not under way. */
  oldestWaiting(): Queued | undefined {
    return this.messages.find(({ messageId }) => messageId === null);
  }

  /** The message that a packet of the library is about: a publish has the library's number, a PUBREL a message id. */
  find({ cmd, brokerId, brokerCounter, messageId }: OutgoingPacket): Queued | undefined {
    if (cmd !== 'publish') return this.byMessageId(messageId);
    // What is delivered now was queued last.
    return this.messages.findLast(known => known.brokerCounter === brokerCounter && known.brokerId === brokerId);
  }

  byMessageId(messageId: number | undefined): Queued | undefined {
    if (messageId === undefined) return undefined;
    return this.messages.find(message => message.messageId === messageId);
  }

  /** The message id that was given out last; null where none is under way. */
  lastMessageId(): number | null {
    return this.messages.findLast(({ messageId }) => messageId !== null)?.messageId ?? null;
  }

  /** What was sent on a connection that is gone is a repetition from now on (MQTT 3.1.1, 3.3.1.1). */
  connectionEnded(): void {
    for (const message of this.messages) {
      message.isHanded = false;
      if (message.messageId !== null) message.sentBefore = true;
    }
  }

  /** The message that comes after the one of this id, of those that are committed. */
  after(last: number): Queued | undefined {
    return this.messages.find(({ id, isPending }) => id > last && !isPending);
  }
}

export function packetOf(message: Queued): OutgoingPacket {
  const messageId = message.messageId ?? undefined;
  if (message.released) return { cmd: 'pubrel', messageId };
  const { topic, payload, qos, brokerId, brokerCounter } = message;
  const dup = message.sentBefore;
  return { cmd: 'publish', brokerId, brokerCounter, topic, payload, qos, retain: false, dup, messageId };
}

/** A message that comes from the database; `sentBefore` where its client was connected when the gateway ended. */
export function restored(
  saved: { id: number; at: number; messageId: number | null; released: boolean; message: KeptMessage },
  sentBefore: boolean,
): Queued {
  const { id, at, messageId, released, message } = saved;
  const { topic, qos } = message;
  return {
    ...{ id, at, topic, qos, messageId, released, isHanded: false, isPending: false },
    sentBefore: sentBefore || messageId !== null,
    payload: ownBytes(message.payload),
    brokerId: keptBrokerId,
    brokerCounter: id,
  };
}
