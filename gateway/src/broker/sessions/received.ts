// The ids of QoS 2 messages that were taken in, until their PUBREL came (MQTT 3.1.1, 4.3.3). Those of a kept session are
// committed with the message, and are gone from the disk before the PUBCOMP: an id that the client may use again must not
// pass for a repetition after a kill.
// Full: a connection that brings one id more is ended; PUBREL makes room.
import { limits } from '../../contract/index.ts';
import type { SessionChange } from './changes.ts';
import type { Journal } from './journal.ts';
import type { Sessions } from './sessions.ts';

type Client = { id: string };
/** By message id, what is to be told of those that came again meanwhile. */
export type Receiving = Map<number, ((refused: Error | null) => void)[]>;
type Packet = { messageId?: number; payload: string | Uint8Array };

/** The library wants to know whether it has a packet, and hands it back to nobody; small ones are kept whole all the same. */
const payloadBytesKept = 256;

export class Received {
  /** By client and message id, what the library stored. */
  private readonly byClient = new Map<string, Map<number, object>>();
  private readonly journal: Journal;
  private readonly sessions: Sessions;

  constructor(journal: Journal, sessions: Sessions) {
    this.journal = journal;
    this.sessions = sessions;
  }

  /** True where the message was taken in before. */
  has(client: Client, messageId: number): boolean {
    return this.stored(client, messageId) !== undefined || this.sessions.get(client.id)?.begun.has(messageId) === true;
  }

  /** What the client's session has that waits for its commit; undefined where it has none. */
  receiving(client: Client): Receiving | undefined {
    return this.sessions.get(client.id)?.receiving;
  }

  /** True where a session has as many ids under way as it may, over whatever connections they came. */
  isFull(client: Client): boolean {
    const session = this.sessions.get(client.id);
    if (session === undefined) return false;
    return session.received.size + session.begun.size + session.receiving.size >= limits.receivedPerSessionMax;
  }

  /** What has to be committed with a message; null where its client has no session to keep it in. */
  begin(client: Client, messageId: number): SessionChange | null {
    if (this.sessions.get(client.id) === undefined) return null;
    return { kind: 'received', client: client.id, messageId, open: true };
  }

  settle(client: Client, messageId: number, committed: boolean): void {
    if (committed) this.sessions.get(client.id)?.begun.add(messageId);
  }

  /** The packet that the library stored, or a stand-in for one from before this start. */
  stored(client: Client, messageId: number): object | undefined {
    const known = this.byClient.get(client.id)?.get(messageId);
    if (known !== undefined) return known;
    return this.sessions.get(client.id)?.received.has(messageId) ? { messageId } : undefined;
  }

  async store(client: Client, packet: Packet): Promise<void> {
    const messageId = packet.messageId ?? 0;
    const mine = this.byClient.get(client.id) ?? new Map<number, object>();
    this.byClient.set(client.id, mine);
    mine.set(messageId, packet.payload.length > payloadBytesKept ? { messageId } : packetOf(packet));
    const session = this.sessions.get(client.id);
    if (session === undefined) return;
    session.received.add(messageId);
    if (session.begun.delete(messageId)) return;
    await this.journal.write([{ kind: 'received', client: client.id, messageId, open: true }]);
  }

  /** The handshake is complete; resolves once the id is gone from the disk, with false where it was not there. */
  async finish(client: Client, messageId: number): Promise<boolean> {
    const mine = this.byClient.get(client.id);
    const session = this.sessions.get(client.id);
    const wasKept = session?.received.has(messageId) === true;
    if (mine?.has(messageId) !== true && !wasKept) return false;
    if (wasKept) {
      this.journal.mark({ kind: 'received', client: client.id, messageId, open: false });
      await this.journal.settled();
      session.received.delete(messageId);
    }
    mine?.delete(messageId);
    if (mine?.size === 0) this.byClient.delete(client.id);
    return true;
  }

  /** Forgets what the library stored; what a session keeps goes with the session. */
  clean(client: Client): void {
    this.byClient.delete(client.id);
  }
}

/** A copy, as the library's own store makes one. */
function packetOf(packet: Packet): object {
  const { ...copy } = packet as Packet & { length?: number };
  delete copy.length;
  return copy;
}
