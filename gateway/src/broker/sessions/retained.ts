// Retained messages: the last of each topic (MQTT 3.1.1, 3.3.1.3), with an index for subscriptions.
// Invariant: a subscriber sees what is committed, and nothing else.
// Full: a message beyond the limits is not kept, and neither is what it would have replaced; the publish goes on.
import { deviceOfFilter, limits } from '../../contract/index.ts';
import { type KeptMessage, ownBytes, type SessionChange } from './changes.ts';
import { TopicTrie } from './topic-trie.ts';

/** As the broker library wants it. */
export type RetainedPacket = { cmd: 'publish'; topic: string; payload: Buffer; qos: number; retain: true };
export type RetainedChange = SessionChange & { kind: 'retained' };

type Topic = {
  topic: string;
  owner: string;
  /** What is committed. */
  packet: RetainedPacket | null;
  /** Changes that are on their way to the disk. */
  pending: number;
  /** Bytes of the newest message, committed or not; 0 where there is none. */
  bytes: number;
};
type Use = { messages: number; bytes: number };

/** What a message costs beside its text. */
const overheadBytes = 200;

export class RetainedMessages {
  readonly use: Use = { messages: 0, bytes: 0 };
  private readonly byTopic = new TopicTrie<Topic>();
  private readonly byOwner = new Map<string, Use>();

  load(messages: readonly KeptMessage[]): void {
    for (const message of messages) this.settle(this.begin({ kind: 'retained', topic: message.topic, message }), true);
  }

  /**
   * What has to be written for a retained publish: null where that is on disk already. Where it does not fit, the old
   * message goes, for it would pass for the present state.
   */
  prepare(topic: string, payload: string | Uint8Array, qos: number): { change: RetainedChange | null; fits: boolean } {
    const known = this.byTopic.get(topic);
    const clear: RetainedChange | null = known === undefined ? null : { kind: 'retained', topic, message: null };
    if (payload.length === 0) return { change: clear, fits: true };
    const bytes = ownBytes(payload);
    // A status that is told again and again is not written again and again.
    const same = known?.pending === 0 && known.packet?.qos === qos && known.packet.payload.equals(bytes);
    if (same) return { change: null, fits: true };
    if (!this.fits(topic, bytes, known)) return { change: clear, fits: false };
    return { change: { kind: 'retained', topic, message: { topic, payload: bytes, qos } }, fits: true };
  }

  /** Notes that a change is being written; `settle` has to follow. */
  begin(change: RetainedChange): RetainedChange {
    const { topic, message } = change;
    let known = this.byTopic.get(topic);
    if (known === undefined) {
      known = { topic, owner: ownerOf(topic), packet: null, pending: 0, bytes: 0 };
      this.byTopic.set(topic, known);
    }
    known.pending++;
    this.account(known, message === null ? 0 : sizeOf(topic, message.payload));
    return change;
  }

  /**
   * Takes a change over once it is committed; after one that was refused the message is as it was. `given` is the packet
   * that the library handed over, whose further fields it gets back until the next start.
   */
  settle({ topic, message }: RetainedChange, committed: boolean, given: object = {}): void {
    const known = this.byTopic.get(topic);
    if (known === undefined) return;
    known.pending--;
    if (committed) known.packet = message === null ? null : { ...given, ...packetOf(message) };
    if (known.pending > 0) return;
    this.account(known, known.packet === null ? 0 : sizeOf(topic, known.packet.payload));
    if (known.packet === null) this.byTopic.delete(topic);
  }

  /** The messages that any of the filters finds, one after the other as they are taken. */
  *match(filters: readonly string[]): Iterable<RetainedPacket> {
    for (const filter of filters) {
      for (const { packet } of this.byTopic.match(filter)) if (packet !== null) yield packet;
    }
  }

  /** What has to be written so that nothing of a device is retained any more. */
  forget(device: string): RetainedChange[] {
    const found = [...this.byTopic.match(`devices/${device}/#`)];
    return found.map(({ topic }) => ({ kind: 'retained', topic, message: null }));
  }

  private fits(topic: string, payload: Uint8Array, known: Topic | undefined): boolean {
    const bytes = sizeOf(topic, payload) - (known?.bytes ?? 0);
    const messages = known === undefined || known.bytes === 0 ? 1 : 0;
    const mine = this.byOwner.get(ownerOf(topic));
    return (
      this.use.messages + messages <= limits.retainedMax &&
      this.use.bytes + bytes <= limits.retainedBytesMax &&
      (mine?.messages ?? 0) + messages <= limits.retainedPerDeviceMax &&
      (mine?.bytes ?? 0) + bytes <= limits.retainedBytesPerDeviceMax
    );
  }

  private account(known: Topic, bytes: number): void {
    const mine = this.byOwner.get(known.owner) ?? { messages: 0, bytes: 0 };
    for (const use of [this.use, mine]) {
      use.messages += Math.sign(bytes) - Math.sign(known.bytes);
      use.bytes += bytes - known.bytes;
    }
    known.bytes = bytes;
    if (mine.messages === 0) this.byOwner.delete(known.owner);
    else this.byOwner.set(known.owner, mine);
  }
}

/** The device whose share a topic takes; topics outside the convention, which the open profile allows, share one. */
const ownerOf = (topic: string) => deviceOfFilter(topic) ?? '';
const sizeOf = (topic: string, payload: Uint8Array) => overheadBytes + topic.length * 2 + payload.length;

function packetOf({ topic, payload, qos }: KeptMessage): RetainedPacket {
  const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
  return { cmd: 'publish', topic, payload: bytes, qos, retain: true };
}
