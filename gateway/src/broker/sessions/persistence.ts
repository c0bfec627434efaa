// What the broker library asks to be kept, in its own words: its "persistence" (aedes-persistence, asynchronous). Mostly
// it is told what was kept already, with the publish itself.
import { Readable } from 'node:stream';
import type { Subscription } from './changes.ts';
import { beginHandOver, handOver, noteUpdate } from './hand-over.ts';
import type { ClientName, KeptState, Publish } from './kept-state.ts';
import { type OutgoingPacket, packetOf, type Queued } from './queue.ts';
import type { Holding } from './sessions.ts';
import type { WillPacket } from './wills.ts';

/**
 * Stands in for the subscriptions of a session that has none: the library says "session present" only where it finds
 * one. It is refused when the library takes it up.
 */
export const sessionMark = '$session';

/** The state in the library's words: what `aedes-persistence` describes, and tests. */
export class SessionPersistence {
  private library: { id: string } = { id: '' };
  private readonly state: KeptState;
  /** The library hands over all filters of a SUBSCRIBE again for each of them: those that are being taken up. */
  private readonly adding = new WeakMap<readonly Subscription[], Promise<void>>();

  constructor(state: KeptState) {
    this.state = state;
  }

  get broker(): { id: string } {
    return this.library;
  }

  async setup(broker: { id: string }): Promise<void> {
    this.library = broker;
  }

  async storeRetained(packet: Publish): Promise<void> {
    if (typeof packet.payload !== 'string' && this.state.kept.has(packet.payload)) return;
    const change = this.state.prepareRetained(packet.topic, packet.payload, packet.qos);
    if (change === null) return;
    const given = { ...packet };
    this.state.retained.settle(change, await this.state.journal.write([change]), given);
  }

  createRetainedStream(pattern: string): Readable {
    return this.createRetainedStreamCombi([pattern]);
  }

  createRetainedStreamCombi(patterns: string[]): Readable {
    return Readable.from(this.state.retained.match(patterns));
  }

  /** Resolves after the commit, so that the SUBACK says that the session has them. */
  addSubscriptions(client: ClientName, subscriptions: Subscription[]): Promise<void> {
    const known = this.adding.get(subscriptions);
    if (known !== undefined) return known;
    const added = this.addAll(client, subscriptions).finally(() => this.adding.delete(subscriptions));
    this.adding.set(subscriptions, added);
    return added;
  }

  private async addAll(client: ClientName, subscriptions: readonly Subscription[]): Promise<void> {
    const session = this.state.sessions.ensure(client.id, this.state.ports.ownerOf(client));
    if (session === null) return;
    const granted = subscriptions.filter(({ topic }) => this.state.ports.maySubscribe(client, topic));
    this.state.sessions.subscribe(session, granted);
    await this.state.journal.flush();
  }

  async removeSubscriptions(client: ClientName, filters: string[]): Promise<void> {
    const session = this.state.sessions.get(client.id);
    if (session === undefined) return;
    this.state.sessions.unsubscribe(session, filters);
    await this.state.journal.flush();
  }

  async subscriptionsByClient(client: ClientName): Promise<Subscription[]> {
    const session = this.state.sessions.get(client.id);
    if (session === undefined) return [];
    // The library asks when a client takes its session up.
    session.handOver = beginHandOver();
    const found = [...session.subscriptions.values()].map(subscription => ({ ...subscription }));
    return found.length > 0 ? found : [{ topic: sessionMark, qos: 0 }];
  }

  async subscriptionsByTopic(topic: string): Promise<Holding[]> {
    return this.state.sessions.match(topic);
  }

  /** A clean session begins, and whatever there was of an earlier one ends (MQTT 3.1.1, 3.1.2.4). */
  async cleanSubscriptions(client: ClientName): Promise<void> {
    const session = this.state.sessions.get(client.id);
    if (session !== undefined) this.state.sessions.drop(session);
  }

  async countOffline(): Promise<{ subsCount: number; clientsCount: number }> {
    let clientsCount = 0;
    for (const { subscriptions } of this.state.sessions.all()) if (subscriptions.size > 0) clientsCount++;
    return { subsCount: this.state.sessions.subscriptionCount(), clientsCount };
  }

  async outgoingEnqueue(holder: { clientId: string; qos?: number }, packet: Publish & OutgoingPacket): Promise<void> {
    await this.outgoingEnqueueCombi([holder], packet);
  }

  async outgoingEnqueueCombi(
    holders: { clientId: string; qos?: number }[],
    packet: Publish & OutgoingPacket,
  ): Promise<void> {
    const known = typeof packet.payload === 'string' ? undefined : this.state.kept.get(packet.payload);
    let added = known?.added;
    if (added === undefined) {
      for (const { clientId } of holders) this.state.sessions.ensure(clientId, '');
      const queued = this.state.sessions.enqueue(holders, packet);
      added = queued.added;
      this.state.settleQueued(added, await this.state.journal.write(queued.changes));
    }
    for (const { message } of added) {
      message.brokerId = packet.brokerId ?? message.brokerId;
      message.brokerCounter = packet.brokerCounter ?? message.brokerCounter;
    }
  }

  /**
   * Notes under which id a message is sent, or that it was received. QoS 2 waits until that is on disk, for what comes
   * after a kill has to go on from there. What is in no queue is nobody's to repeat.
   */
  async outgoingUpdate(client: ClientName, packet: OutgoingPacket): Promise<void> {
    const session = this.state.sessions.get(client.id);
    if (session === undefined) return;
    const message = session.queue.find(packet);
    if (message !== undefined) await this.noteSent(message, packet);
    // The answer to a PUBREC has no number of the library's.
    if (packet.brokerId !== undefined) noteUpdate(session);
  }

  private async noteSent(message: Queued, { cmd, messageId }: OutgoingPacket): Promise<void> {
    const released = cmd === 'pubrel';
    if (messageId === undefined || (message.messageId === messageId && message.released === released)) return;
    message.messageId = messageId;
    message.released = released;
    this.state.journal.mark({ kind: 'sent', id: message.id, messageId, released });
    if (released || message.qos === 2) await this.state.journal.flush();
  }

  async outgoingClearMessageId(client: ClientName, packet: OutgoingPacket): Promise<OutgoingPacket | undefined> {
    const session = this.state.sessions.get(client.id);
    if (session === undefined) return undefined;
    let message = session.queue.byMessageId(packet.messageId);
    if (message === undefined && packet.cmd === 'publish') {
      // It may not be forwarded, or is on its way by another subscription, and has its id in a moment.
      await new Promise(resolve => setImmediate(resolve));
      message = session.queue.find(packet);
      if (message?.messageId !== null || this.state.isQueued(client, packet)) return undefined;
    }
    if (message === undefined || !this.state.sessions.take(session, message)) return undefined;
    this.state.journal.mark({ kind: 'unqueued', id: message.id });
    return packetOf(message);
  }

  outgoingStream(client: ClientName): Readable {
    const session = this.state.sessions.get(client.id);
    if (session === undefined) return Readable.from([]);
    const last = session.queue.lastMessageId();
    // New ids begin behind those under way: an id means one message until it is acknowledged (MQTT 3.1.1, 2.3.1).
    if (last !== null && client._nextId !== undefined) client._nextId = (last % 65_535) + 1;
    return Readable.from(handOver(session, client._nextId !== undefined), { highWaterMark: 1 });
  }

  async incomingStorePacket(client: ClientName, packet: Publish): Promise<void> {
    await this.state.received.store(client, packet);
  }

  async incomingGetPacket(client: ClientName, packet: { messageId?: number }): Promise<object> {
    const found = this.state.received.stored(client, packet.messageId ?? 0);
    if (found === undefined) throw new Error('no such packet');
    return found;
  }

  async incomingDelPacket(client: ClientName, packet: { messageId?: number }): Promise<void> {
    if (!(await this.state.received.finish(client, packet.messageId ?? 0))) throw new Error('no such packet');
  }

  async cleanIncoming(client: ClientName): Promise<void> {
    this.state.received.clean(client);
  }

  async putWill(client: ClientName, packet: WillPacket): Promise<void> {
    packet.brokerId = this.library.id;
    packet.clientId = client.id;
    this.state.wills.put(client.id, packet, this.state.ports.ownerOf(client));
  }

  async getWill(client: ClientName): Promise<WillPacket | undefined> {
    return this.state.wills.get(client.id);
  }

  /** The library names the broker where a connection ended, and not where one begins. */
  async delWill(client: ClientName & { brokerId?: string }): Promise<WillPacket | undefined> {
    return this.state.wills.delete(client.id, client.brokerId !== undefined);
  }

  /** Of brokers other than those given. This one is there, though the library goes by a wall clock that may be set. */
  streamWill(brokers?: Record<string, unknown>): Readable {
    return Readable.from(this.state.wills.of(brokers === undefined ? {} : { ...brokers, [this.library.id]: true }));
  }

  getClientList(topic: string): Readable {
    return Readable.from(this.holdersOf(topic));
  }

  async destroy(): Promise<void> {
    await this.state.close();
  }

  private *holdersOf(filter: string): Iterable<string> {
    for (const { client, subscriptions } of this.state.sessions.all()) if (subscriptions.has(filter)) yield client;
  }
}
