// The sessions that clients asked to be kept (MQTT 3.1.1, 3.1.2.4): subscriptions, the messages that wait, and the ids of
// QoS 2 messages under way. In memory with indexes; every change goes to the journal.
// Full: of a credential, and of all, the session that was left alone longest goes; where none was left, a further one is
// not kept. A queue lets go of its oldest message; where all queues together are full, nothing more is queued.
import { limits } from '../../contract/index.ts';
import type { Age } from './age.ts';
import { ownBytes, type SavedSessions, type SessionChange, type Subscription } from './changes.ts';
import { FilterTrie } from './filter-trie.ts';
import { endHandOver, type HandOver } from './hand-over.ts';
import type { Journal } from './journal.ts';
import { bytesOf, Queue, type Queued, restored } from './queue.ts';
import type { Receiving } from './received.ts';

export type Session = {
  client: string;
  /** The credential that it belongs to; empty in the open profile. */
  owner: string;
  subscriptions: Map<string, Subscription>;
  /** In minutes (age.ts); null while its client is connected. */
  awaySince: number | null;
  queue: Queue;
  /** While its client gets what waits. */
  handOver: HandOver | null;
  /** Ids of QoS 2 messages that were taken in and whose PUBREL is still to come. */
  received: Set<number>;
  /** Those of them that are committed, and that the library did not store yet. */
  begun: Set<number>;
  /** Those whose commit is not known yet. */
  receiving: Receiving;
};

export type Holding = Subscription & { clientId: string };

export type SessionSettings = {
  /** How long a session that nobody comes back to is kept, in minutes. */
  expiryMinutes: number;
  /** How long a message waits, in minutes. */
  queueExpiryMinutes: number;
  /** Messages that wait in one session. */
  queueMessagesMax: number;
};

export type SessionCounters = Record<
  | 'sessionsExpired'
  | 'sessionsEvicted'
  | 'sessionsRefused'
  | 'subscriptionsNotKept'
  | 'queueDropped'
  | 'queueExpired'
  | 'queueRefused'
  | 'retainedRefused'
  | 'willsRestored'
  | 'writesRefused',
  number
>;

export const newCounters = (): SessionCounters => ({
  sessionsExpired: 0,
  sessionsEvicted: 0,
  sessionsRefused: 0,
  subscriptionsNotKept: 0,
  queueDropped: 0,
  queueExpired: 0,
  queueRefused: 0,
  retainedRefused: 0,
  willsRestored: 0,
  writesRefused: 0,
});

/** A longer filter is held for its connection and not kept: ids, metrics and levels fit into this many times. */
const filterLengthMax = 1_024;

export class Sessions {
  /** Messages that wait, of all sessions. */
  readonly queued = { messages: 0, bytes: 0 };
  private readonly byClient = new Map<string, Session>();
  private readonly byOwner = new Map<string, Set<Session>>();
  /** Sessions whose clients are gone, longest first. */
  private readonly away = new Set<Session>();
  private readonly filters = new FilterTrie<Holding>();
  private lastId = 0;
  private readonly settings: SessionSettings;
  private readonly journal: Journal;
  private readonly age: Age;
  private readonly counters: SessionCounters;

  constructor(settings: SessionSettings, parts: { journal: Journal; age: Age; counters: SessionCounters }) {
    this.settings = settings;
    this.journal = parts.journal;
    this.age = parts.age;
    this.counters = parts.counters;
  }

  load({ sessions, queued, received, sameEpoch }: SavedSessions): void {
    const connected = new Set<string>();
    const byLeaving = sessions.sort((a, b) => (a.record.awaySince ?? Infinity) - (b.record.awaySince ?? Infinity));
    for (const { client, record } of byLeaving) {
      const { owner, subscriptions, awaySince } = record;
      if (awaySince === null) connected.add(client);
      const session = this.make(client, owner);
      for (const subscription of subscriptions) this.hold(session, subscription);
      session.awaySince = awaySince ?? this.age.minutes;
      if (awaySince === null) this.save(session);
    }
    for (const saved of queued) {
      this.lastId = Math.max(this.lastId, saved.id);
      if (!sameEpoch && saved.released) continue;
      const now = sameEpoch ? saved : { ...saved, messageId: null };
      const session = this.byClient.get(saved.client);
      if (session !== undefined)
        this.put(session, restored(now, connected.has(saved.client) || saved.messageId !== null));
    }
    for (const { client, messageId } of sameEpoch ? received : []) this.byClient.get(client)?.received.add(messageId);
  }

  get(client: string): Session | undefined {
    return this.byClient.get(client);
  }

  all(): Iterable<Session> {
    return this.byClient.values();
  }

  count(): number {
    return this.byClient.size;
  }

  /** The session of a client, a new one where there is none; null where there may be no more. */
  ensure(client: string, owner: string): Session | null {
    const known = this.byClient.get(client);
    if (known !== undefined) return known;
    const mine = owner === '' ? undefined : this.byOwner.get(owner);
    const full = mine !== undefined && mine.size >= limits.sessionsPerCredentialMax;
    if (full || this.byClient.size >= limits.sessionsMax) {
      const gone = full ? longestAway(mine) : this.away.values().next().value;
      if (gone === undefined) {
        this.counters.sessionsRefused++;
        return null;
      }
      this.counters.sessionsEvicted++;
      this.drop(gone);
    }
    const session = this.make(client, owner);
    this.save(session);
    return session;
  }

  /** Its client is connected. */
  connected(session: Session): void {
    if (session.awaySince === null) return;
    session.awaySince = null;
    this.away.delete(session);
    this.save(session);
  }

  /** Its client is gone: what was sent and not acknowledged is a repetition next time. */
  left(client: string): void {
    const session = this.byClient.get(client);
    if (session === undefined) return;
    session.queue.connectionEnded();
    endHandOver(session);
    session.awaySince = this.age.minutes;
    this.away.delete(session);
    this.away.add(session);
    this.save(session);
  }

  /** Ends a session, and lets go of all that belongs to it. */
  drop(session: Session): void {
    this.byClient.delete(session.client);
    this.away.delete(session);
    const mine = this.byOwner.get(session.owner);
    mine?.delete(session);
    if (mine?.size === 0) this.byOwner.delete(session.owner);
    for (const filter of session.subscriptions.keys()) this.filters.delete(filter, session.client);
    for (const message of [...session.queue.messages]) this.take(session, message);
    this.journal.mark({ kind: 'session', client: session.client, record: null });
  }

  /** Ends the sessions of a credential. */
  forget(owner: string): void {
    for (const session of [...(this.byOwner.get(owner) ?? [])]) this.drop(session);
  }

  subscribe(session: Session, subscriptions: readonly Subscription[]): void {
    let changed = false;
    for (const given of subscriptions) {
      const known = session.subscriptions.get(given.topic);
      const isTooMany = known === undefined && session.subscriptions.size >= limits.filtersPerClientMax;
      if (isTooMany || given.topic.length > filterLengthMax) {
        this.counters.subscriptionsNotKept++;
        continue;
      }
      if (known !== undefined && JSON.stringify(known) === JSON.stringify(given)) continue;
      this.hold(session, { ...given });
      changed = true;
    }
    if (changed) this.save(session);
  }

  unsubscribe(session: Session, filters: readonly string[]): void {
    let changed = false;
    for (const filter of filters) {
      this.filters.delete(filter, session.client);
      changed = session.subscriptions.delete(filter) || changed;
    }
    if (changed) this.save(session);
  }

  /** The subscriptions of QoS 1 and 2 that a topic reaches. */
  match(topic: string): Holding[] {
    return this.filters.match(topic);
  }

  subscriptionCount(): number {
    return this.filters.size;
  }

  /**
   * Queues a message for each session that subscribes, once, with the QoS that it was granted. The changes are to be
   * written; then `settle` has to be called.
   */
  enqueue(
    holders: readonly { clientId: string; qos?: number }[],
    packet: { topic: string; payload: string | Uint8Array; qos: number },
  ): { added: { session: Session; message: Queued }[]; changes: SessionChange[] } {
    const added: { session: Session; message: Queued }[] = [];
    const changes: SessionChange[] = [];
    const { topic } = packet;
    const bytes = ownBytes(packet.payload);
    const payload = typeof packet.payload === 'string' ? packet.payload : bytes;
    for (const [client, qos] of grantedTo(holders, packet.qos)) {
      const session = this.byClient.get(client);
      if (session === undefined) continue;
      if (!this.makeRoom(session, bytesOf({ topic, payload }), changes)) continue;
      const id = ++this.lastId;
      const at = this.age.minutes;
      const fresh = { messageId: null, released: false, sentBefore: false, isHanded: false, isPending: true };
      const message: Queued = { id, at, topic, payload, qos, ...fresh, brokerId: 'kept', brokerCounter: id };
      this.put(session, message);
      added.push({ session, message });
      changes.push({ kind: 'queued', id, client, at, message: { topic, payload: bytes, qos } });
    }
    return { added, changes };
  }

  /** Takes a message out of its queue; whoever calls has that written. */
  take(session: Session, message: Queued): boolean {
    if (!session.queue.remove(message)) return false;
    this.queued.messages--;
    this.queued.bytes -= bytesOf(message);
    return true;
  }

  /** Lets go of what is too old. */
  expire(): void {
    const { expiryMinutes, queueExpiryMinutes } = this.settings;
    const { minutes } = this.age;
    for (const session of this.away) {
      // They are in the order in which their clients left.
      if ((session.awaySince ?? minutes) + expiryMinutes > minutes) break;
      this.counters.sessionsExpired++;
      this.drop(session);
    }
    if (this.queued.messages === 0) return;
    for (const session of this.byClient.values()) {
      for (const message of [...session.queue.messages]) {
        if (message.at + queueExpiryMinutes > minutes) break;
        if (message.messageId !== null && session.awaySince === null) continue;
        this.counters.queueExpired++;
        this.take(session, message);
        this.journal.mark({ kind: 'unqueued', id: message.id });
      }
    }
  }

  /** True where a queue has room for so many bytes, if need be after its oldest message went. */
  private makeRoom(session: Session, bytes: number, changes: SessionChange[]): boolean {
    const { queue } = session;
    const fits = () =>
      queue.messages.length < this.settings.queueMessagesMax && queue.bytes + bytes <= limits.queueBytesMax;
    const all = this.queued.messages < limits.queuedMessagesMax && this.queued.bytes + bytes <= limits.queuedBytesMax;
    while (all && bytes <= limits.queueBytesMax && !fits()) {
      const oldest = queue.oldestWaiting();
      if (oldest === undefined) break;
      this.counters.queueDropped++;
      this.take(session, oldest);
      changes.push({ kind: 'unqueued', id: oldest.id });
    }
    if (all && fits()) return true;
    this.counters.queueRefused++;
    return false;
  }

  private put(session: Session, message: Queued): void {
    session.queue.add(message);
    this.queued.messages++;
    this.queued.bytes += bytesOf(message);
  }

  private make(client: string, owner: string): Session {
    const queue = new Queue();
    const ids = { received: new Set<number>(), begun: new Set<number>(), receiving: new Map() };
    const session: Session = {
      client,
      owner,
      subscriptions: new Map(),
      awaySince: this.age.minutes,
      queue,
      handOver: null,
      ...ids,
    };
    this.byClient.set(client, session);
    const mine = this.byOwner.get(owner) ?? new Set();
    this.byOwner.set(owner, mine.add(session));
    this.away.add(session);
    return session;
  }

  private hold(session: Session, subscription: Subscription): void {
    session.subscriptions.set(subscription.topic, subscription);
    // Only QoS 1 and 2 are queued (MQTT 3.1.1, 4.1).
    if (subscription.qos === 0) this.filters.delete(subscription.topic, session.client);
    else this.filters.set(subscription.topic, session.client, { clientId: session.client, ...subscription });
  }

  private save({ client, owner, subscriptions, awaySince }: Session): void {
    const record = { owner, subscriptions: [...subscriptions.values()], awaySince };
    this.journal.mark({ kind: 'session', client, record });
  }
}

function longestAway(sessions: Iterable<Session>): Session | undefined {
  let longest: Session | undefined;
  for (const session of sessions) {
    if (session.awaySince !== null && session.awaySince < (longest?.awaySince ?? Infinity)) longest = session;
  }
  return longest;
}

/** By client the QoS of a message: the least of its own and the highest that one of its subscriptions was granted. */
function grantedTo(holders: readonly { clientId: string; qos?: number }[], qos: number): Map<string, number> {
  const granted = new Map<string, number>();
  for (const holder of holders) {
    granted.set(holder.clientId, Math.max(granted.get(holder.clientId) ?? 0, Math.min(holder.qos ?? qos, qos)));
  }
  return granted;
}
