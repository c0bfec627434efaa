// What the broker library asks to be kept, in its own words: its "persistence". And what comes before its asking: a
// publish that is acknowledged has what sessions and retained messages keep of it in the commit of its readings.
// Invariant: what this calls done is on disk, but for what SPEC.md [BRK-5] says may be put off.
import { Readable } from 'node:stream';
import { type Code, parseTopic } from '../../contract/index.ts';
import type { Clock } from '../../lib/clock.ts';
import { Age, minutesOf } from './age.ts';
import type { SavedSessions, SessionChange, Subscription } from './changes.ts';
import { beginHandOver, handOver, noteUpdate } from './hand-over.ts';
import { Journal } from './journal.ts';
import { type OutgoingPacket, packetOf, type Queued } from './queue.ts';
import { Received } from './received.ts';
import { type RetainedChange, RetainedMessages } from './retained.ts';
import { type Holding, newCounters, type Session, type SessionCounters, Sessions } from './sessions.ts';
import { type WillPacket, Wills } from './wills.ts';

export type SessionConfig = {
  /** How long a session that nobody comes back to is kept. */
  sessionExpiryMs: number;
  /** How long a message waits for a client that is away. */
  queueExpiryMs: number;
  /** Messages that wait for one client. */
  queueMessagesMax: number;
};

export type SessionPorts = {
  clock: Clock;
  /** Writes changes in their order, together with what else this turn of the event loop has for the log. */
  save(changes: SessionChange[]): Promise<void>;
  /** The credential of a connection; empty in the open profile. */
  ownerOf(client: ClientName): string;
  /** False for a filter that the connection may not use: the library hands over refused ones, too. */
  maySubscribe(client: ClientName, filter: string): boolean;
};

/** The connection as far as it matters here. */
export type ClientName = { id: string; clean?: boolean; _nextId?: number };
type Publish = { topic: string; payload: string | Uint8Array; qos: number; retain?: boolean; messageId?: number };
type Settled = (refused: Code | null) => void;
type Kept = { added: { session: Session; message: Queued }[]; retained: RetainedChange | null };

/**
 * Stands in for the subscriptions of a session that has none: the library says "session present" only where it finds
 * one. It is refused when the library takes it up.
 */
export const sessionMark = '$session';
/** Payload bytes on their way to the disk for sessions; beyond it publishes are refused, as for readings ([ING-5]). */
const pendingBytesMax = 32 * 1024 * 1024;
const ageSavedEveryMinutes = 10;

export class SessionPersistence {
  readonly counters: SessionCounters = newCounters();
  readonly sessions: Sessions;
  readonly retained = new RetainedMessages();
  readonly wills: Wills;
  private readonly received: Received;
  private readonly age = new Age();
  private readonly journal: Journal;
  private readonly ports: SessionPorts;
  /** What was kept of a publish, by its payload: the one thing that the library hands on as it is. */
  private readonly kept = new WeakMap<object, Kept>();
  private pendingBytes = 0;
  private library: { id: string } = { id: '' };

  constructor(config: SessionConfig, ports: SessionPorts) {
    this.ports = ports;
    this.journal = new Journal(ports.clock, changes => ports.save(changes), this.counters);
    const settings = {
      expiryMinutes: minutesOf(config.sessionExpiryMs),
      queueExpiryMinutes: minutesOf(config.queueExpiryMs),
      queueMessagesMax: config.queueMessagesMax,
    };
    const { age, counters, journal } = this;
    this.sessions = new Sessions(settings, { age, counters, journal });
    this.received = new Received(journal, this.sessions);
    this.wills = new Wills(journal);
  }

  /** Takes in what the database knows. */
  load(saved: SavedSessions): void {
    this.age.minutes = saved.minutes;
    this.sessions.load(saved);
    this.retained.load(saved.retained);
    this.wills.load(saved.wills);
    if (!saved.sameEpoch) this.journal.mark({ kind: 'renewed', minutes: saved.minutes });
  }

  /** Begins to count the time by which sessions grow old. */
  open(): void {
    this.age.open(this.ports.clock, () => {
      this.sessions.expire();
      const { minutes } = this.age;
      if (minutes % ageSavedEveryMinutes === 0 && this.sessions.count() > 0)
        this.journal.mark({ kind: 'age', minutes });
    });
  }

  /** Writes what was put off. */
  async close(): Promise<void> {
    this.age.close();
    await this.journal.flush();
  }

  /** What is kept now. */
  gauges(): Record<'sessions' | 'queuedMessages' | 'queuedBytes' | 'retainedMessages' | 'retainedBytes', number> {
    const { queued } = this.sessions;
    const { messages, bytes } = this.retained.use;
    const kept = { sessions: this.sessions.count(), retainedMessages: messages, retainedBytes: bytes };
    return { ...kept, queuedMessages: queued.messages, queuedBytes: queued.bytes };
  }

  /** The filters of all sessions; a session that is away has its queue all the same. */
  *filters(): Iterable<string> {
    for (const { subscriptions } of this.sessions.all()) yield* subscriptions.keys();
  }

  /** A client is connected: its session is there from now on, if it asked for one. */
  connected(client: ClientName): void {
    if (client.clean !== false) return;
    const session = this.sessions.ensure(client.id, this.ports.ownerOf(client));
    if (session !== null) this.sessions.connected(session);
  }

  disconnected(client: ClientName): void {
    if (client.clean !== false) return;
    this.sessions.left(client.id);
    this.received.clean(client);
  }

  /** Lets go of everything that belongs to a credential or a device: sessions, queues, wills, retained messages. */
  forget(name: string): void {
    this.sessions.forget(name);
    this.wills.forget(name);
    for (const change of this.retained.forget(name)) {
      this.retained.begin(change);
      this.retained.settle(change, true);
      this.journal.mark(change);
    }
  }

  /** True for a message that the connection gets out of its queue: it must not come twice, nor overtake what waits. */
  isQueued(client: ClientName, packet: OutgoingPacket): boolean {
    // What comes out of the queue has its message id by now.
    if (packet.qos === 0 || packet.messageId !== undefined) return false;
    const session = this.sessions.get(client.id);
    const message = session?.queue.find(packet);
    return message !== undefined && (message.isHanded || session?.handOver !== null);
  }

  /** True for a QoS 2 publish that was taken in before, and whose PUBREL is still to come (MQTT 3.1.1, 4.3.3). */
  isRepeated(client: ClientName, messageId: number): boolean {
    return this.received.has(client, messageId);
  }

  /**
   * Runs `take`, which has the publish's readings written, and has written in the same commit what is kept of it here.
   * `settled` is called once, with null when all of it is on disk. `willOf` names the client whose will this is, which
   * goes in that commit, too; `client` is null where that was left behind.
   */
  takeWith(
    packet: Publish,
    client: ClientName | null,
    willOf: string | null,
    take: (settled: Settled) => void,
    settled: Settled,
  ): void {
    if (this.pendingBytes + packet.payload.length > pendingBytesMax) return settled('store_busy');
    // What is kept is found again by the payload: no two publishes may share an empty one.
    if (packet.payload.length === 0) packet.payload = Buffer.alloc(0);
    let taken: Code | null | undefined;
    let written: Code | null | undefined;
    const done = () => {
      if (taken === undefined || written === undefined) return;
      settled(taken ?? written);
    };
    take(refused => {
      taken = refused;
      done();
    });
    // Refused at once: nothing of it is to be kept.
    if (taken !== undefined && taken !== null) return settled(taken);
    const { changes, finish } = this.keep(packet, client);
    if (willOf !== null) changes.push({ kind: 'will', client: willOf, will: null });
    if (changes.length === 0) {
      written = null;
      return done();
    }
    const bytes = packet.payload.length;
    this.pendingBytes += bytes;
    void this.journal.write(changes).then(committed => {
      this.pendingBytes -= bytes;
      finish(committed);
      written = committed ? null : 'store_full';
      done();
    });
  }

  /** What has to be written of a publish; `finish` says whether it was. */
  private keep(
    packet: Publish,
    client: ClientName | null,
  ): { changes: SessionChange[]; finish: (committed: boolean) => void } {
    const { topic, payload, qos, messageId } = packet;
    const kept: Kept = {
      added: [],
      retained: packet.retain === true ? this.prepareRetained(topic, payload, qos) : null,
    };
    const changes: SessionChange[] = kept.retained === null ? [] : [kept.retained];
    if (qos > 0 && !isCommand(topic)) {
      const { added, changes: queued } = this.sessions.enqueue(this.sessions.match(topic), { topic, payload, qos });
      kept.added = added;
      changes.push(...queued);
    }
    const received = qos === 2 && client !== null ? this.received.begin(client, messageId ?? 0) : null;
    if (received !== null) changes.push(received);
    if (typeof payload !== 'string') this.kept.set(payload, kept);
    const finish = (committed: boolean) => {
      if (kept.retained !== null) this.retained.settle(kept.retained, committed);
      this.settleQueued(kept.added, committed);
      if (received !== null && client !== null) this.received.settle(client, messageId ?? 0, committed);
    };
    return { changes, finish };
  }

  private prepareRetained(topic: string, payload: string | Uint8Array, qos: number): RetainedChange | null {
    const { change, fits } = this.retained.prepare(topic, payload, qos);
    if (!fits) this.counters.retainedRefused++;
    return change === null ? null : this.retained.begin(change);
  }

  private settleQueued(added: Kept['added'], committed: boolean): void {
    for (const { session, message } of added) {
      message.isPending = false;
      if (!committed) this.sessions.take(session, message);
    }
  }

  // From here on: the library's interface (aedes-persistence, asynchronous).

  get broker(): { id: string } {
    return this.library;
  }

  async setup(broker: { id: string }): Promise<void> {
    this.library = broker;
  }

  async storeRetained(packet: Publish): Promise<void> {
    if (typeof packet.payload !== 'string' && this.kept.has(packet.payload)) return;
    const change = this.prepareRetained(packet.topic, packet.payload, packet.qos);
    if (change === null) return;
    const given = { ...packet };
    this.retained.settle(change, await this.journal.write([change]), given);
  }

  createRetainedStream(pattern: string): Readable {
    return this.createRetainedStreamCombi([pattern]);
  }

  createRetainedStreamCombi(patterns: string[]): Readable {
    return Readable.from(this.retained.match(patterns));
  }

  /** Resolves after the commit, so that the SUBACK says that the session has them. */
  async addSubscriptions(client: ClientName, subscriptions: Subscription[]): Promise<void> {
    const session = this.sessions.ensure(client.id, this.ports.ownerOf(client));
    if (session === null) return;
    const granted = subscriptions.filter(({ topic }) => this.ports.maySubscribe(client, topic));
    this.sessions.subscribe(session, granted);
    await this.journal.flush();
  }

  async removeSubscriptions(client: ClientName, filters: string[]): Promise<void> {
    const session = this.sessions.get(client.id);
    if (session === undefined) return;
    this.sessions.unsubscribe(session, filters);
    await this.journal.flush();
  }

  async subscriptionsByClient(client: ClientName): Promise<Subscription[]> {
    const session = this.sessions.get(client.id);
    if (session === undefined) return [];
    // The library asks when a client takes its session up.
    session.handOver = beginHandOver();
    const found = [...session.subscriptions.values()].map(subscription => ({ ...subscription }));
    return found.length > 0 ? found : [{ topic: sessionMark, qos: 0 }];
  }

  async subscriptionsByTopic(topic: string): Promise<Holding[]> {
    return this.sessions.match(topic);
  }

  /** A clean session begins, and whatever there was of an earlier one ends (MQTT 3.1.1, 3.1.2.4). */
  async cleanSubscriptions(client: ClientName): Promise<void> {
    const session = this.sessions.get(client.id);
    if (session !== undefined) this.sessions.drop(session);
  }

  async countOffline(): Promise<{ subsCount: number; clientsCount: number }> {
    let clientsCount = 0;
    for (const { subscriptions } of this.sessions.all()) if (subscriptions.size > 0) clientsCount++;
    return { subsCount: this.sessions.subscriptionCount(), clientsCount };
  }

  async outgoingEnqueue(holder: { clientId: string; qos?: number }, packet: Publish & OutgoingPacket): Promise<void> {
    await this.outgoingEnqueueCombi([holder], packet);
  }

  async outgoingEnqueueCombi(
    holders: { clientId: string; qos?: number }[],
    packet: Publish & OutgoingPacket,
  ): Promise<void> {
    // A command is sent once: no session keeps one ([CMD-4]).
    if (isCommand(packet.topic)) return;
    const known = typeof packet.payload === 'string' ? undefined : this.kept.get(packet.payload);
    let added = known?.added;
    if (added === undefined) {
      for (const { clientId } of holders) this.sessions.ensure(clientId, '');
      const queued = this.sessions.enqueue(holders, packet);
      added = queued.added;
      this.settleQueued(added, await this.journal.write(queued.changes));
    }
    for (const { message } of added) {
      message.brokerId = packet.brokerId ?? message.brokerId;
      message.brokerCounter = packet.brokerCounter ?? message.brokerCounter;
    }
  }

  /**
   * Notes under which id a message is sent, or that it was received. QoS 2 waits until that is on disk, for what comes
   * after a kill has to go on from there. What is in no queue, such as a command, is nobody's to repeat.
   */
  async outgoingUpdate(client: ClientName, packet: OutgoingPacket): Promise<void> {
    const session = this.sessions.get(client.id);
    if (session === undefined || (packet.topic !== undefined && isCommand(packet.topic))) return;
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
    this.journal.mark({ kind: 'sent', id: message.id, messageId, released });
    if (released || message.qos === 2) await this.journal.flush();
  }

  async outgoingClearMessageId(client: ClientName, packet: OutgoingPacket): Promise<OutgoingPacket | undefined> {
    const session = this.sessions.get(client.id);
    if (session === undefined) return undefined;
    let message = session.queue.byMessageId(packet.messageId);
    if (message === undefined && packet.cmd === 'publish') {
      // It may not be forwarded, or is on its way by another subscription, and has its id in a moment.
      await new Promise(resolve => setImmediate(resolve));
      message = session.queue.find(packet);
      if (message?.messageId !== null || this.isQueued(client, packet)) return undefined;
    }
    if (message === undefined || !this.sessions.take(session, message)) return undefined;
    this.journal.mark({ kind: 'unqueued', id: message.id });
    return packetOf(message);
  }

  outgoingStream(client: ClientName): Readable {
    const session = this.sessions.get(client.id);
    if (session === undefined) return Readable.from([]);
    const last = session.queue.lastMessageId();
    // New ids begin behind those under way: an id means one message until it is acknowledged (MQTT 3.1.1, 2.3.1).
    if (last !== null && client._nextId !== undefined) client._nextId = (last % 65_535) + 1;
    return Readable.from(handOver(session, client._nextId !== undefined), { highWaterMark: 1 });
  }

  async incomingStorePacket(client: ClientName, packet: Publish): Promise<void> {
    await this.received.store(client, packet);
  }

  async incomingGetPacket(client: ClientName, packet: { messageId?: number }): Promise<object> {
    const found = this.received.stored(client, packet.messageId ?? 0);
    if (found === undefined) throw new Error('no such packet');
    return found;
  }

  async incomingDelPacket(client: ClientName, packet: { messageId?: number }): Promise<void> {
    if (!(await this.received.finish(client, packet.messageId ?? 0))) throw new Error('no such packet');
  }

  async cleanIncoming(client: ClientName): Promise<void> {
    this.received.clean(client);
  }

  async putWill(client: ClientName, packet: WillPacket): Promise<void> {
    packet.brokerId = this.library.id;
    packet.clientId = client.id;
    this.wills.put(client.id, packet, this.ports.ownerOf(client));
  }

  async getWill(client: ClientName): Promise<WillPacket | undefined> {
    return this.wills.get(client.id);
  }

  /** The library names the broker where a connection ended, and not where one begins. */
  async delWill(client: ClientName & { brokerId?: string }): Promise<WillPacket | undefined> {
    return this.wills.delete(client.id, client.brokerId !== undefined);
  }

  streamWill(brokers: Record<string, unknown> = {}): Readable {
    return Readable.from(this.wills.of(brokers));
  }

  getClientList(topic: string): Readable {
    return Readable.from(this.holdersOf(topic));
  }

  async destroy(): Promise<void> {
    await this.close();
  }

  private *holdersOf(filter: string): Iterable<string> {
    for (const { client, subscriptions } of this.sessions.all()) if (subscriptions.has(filter)) yield client;
  }
}

const isCommand = (topic: string) => topic.startsWith('devices/') && parseTopic(topic)?.kind === 'command';
