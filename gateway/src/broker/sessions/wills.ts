// The wills of the clients that are connected (MQTT 3.1.1, 3.1.2.5), and those that a gateway which was killed left
// behind. A will is written soon after its client connected, many together, and goes with the commit of its publish.
import { type KeptWill, ownBytes } from './changes.ts';
import type { Journal } from './journal.ts';

/** A will as the broker library has it: the same object in the connection and here. */
export type WillPacket = {
  topic: string;
  payload: string | Uint8Array;
  qos: number;
  retain: boolean;
  clientId?: string;
  brokerId?: string;
};

type Kept = { packet: WillPacket; owner: string };

export class Wills {
  private readonly byClient = new Map<string, Kept>();
  /** Wills that were published, by client: the library deletes each once more, when there may be a newer one. */
  private readonly fired = new Map<string, number>();
  private leftBehind: { client: string; will: KeptWill }[] = [];
  private readonly journal: Journal;

  constructor(journal: Journal) {
    this.journal = journal;
  }

  load(wills: { client: string; will: KeptWill }[]): void {
    this.leftBehind = wills;
  }

  /** The wills of clients that were connected when the gateway ended. Each is handed out once. */
  takeLeftBehind(): { client: string; will: KeptWill }[] {
    const wills = this.leftBehind;
    this.leftBehind = [];
    return wills;
  }

  put(client: string, packet: WillPacket, owner: string): void {
    this.byClient.set(client, { packet, owner });
    const { topic, qos, retain } = packet;
    const will = { owner, topic, payload: ownBytes(packet.payload), qos, retain };
    this.journal.mark({ kind: 'will', client, will });
  }

  get(client: string): WillPacket | undefined {
    return this.byClient.get(client)?.packet;
  }

  /** Notes that a will is being published; the one of a client that took over the connection's name stays. */
  fire(client: string, packet: WillPacket): void {
    this.fired.set(client, (this.fired.get(client) ?? 0) + 1);
    if (this.byClient.get(client)?.packet === packet) this.remove(client);
  }

  /** Deletes a will. `afterEnd`: because its connection ended, and not because a new one begins. */
  delete(client: string, afterEnd: boolean): WillPacket | undefined {
    const fired = this.fired.get(client) ?? 0;
    if (afterEnd && fired > 0) {
      if (fired === 1) this.fired.delete(client);
      else this.fired.set(client, fired - 1);
      return undefined;
    }
    return this.remove(client);
  }

  /** Deletes the will that a client left behind. */
  discard(client: string): void {
    this.journal.mark({ kind: 'will', client, will: null });
  }

  /** Deletes the wills of a credential. */
  forget(owner: string): void {
    for (const [client, kept] of this.byClient) if (kept.owner === owner) this.remove(client);
  }

  /** Those of brokers that are not among the given (the library's name for one run of the gateway). */
  *of(brokers: Record<string, unknown>): Iterable<WillPacket> {
    for (const { packet } of this.byClient.values()) if (!brokers[packet.brokerId ?? '']) yield packet;
  }

  private remove(client: string): WillPacket | undefined {
    const kept = this.byClient.get(client);
    if (kept === undefined) return undefined;
    this.byClient.delete(client);
    this.journal.mark({ kind: 'will', client, will: null });
    return kept.packet;
  }
}
