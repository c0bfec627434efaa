// What the broker keeps of its clients, and how a publish leaves its part: what sessions and retained messages keep of an
// accepted publish is in the commit of its readings.
// Invariant: what this calls done is on disk, but for what SPEC.md [BRK-5] says may be put off.
import type { Code } from '../../contract/index.ts';
import type { Clock } from '../../lib/clock.ts';
import { Age, minutesOf } from './age.ts';
import type { SavedSessions, SessionChange } from './changes.ts';
import { Journal } from './journal.ts';
import type { OutgoingPacket, Queued } from './queue.ts';
import { Received } from './received.ts';
import { type RetainedChange, RetainedMessages } from './retained.ts';
import { newCounters, type Session, type SessionCounters, Sessions } from './sessions.ts';
import { Wills } from './wills.ts';

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
export type Publish = {
  topic: string;
  payload: string | Uint8Array;
  qos: number;
  retain?: boolean;
  messageId?: number;
};
type Settled = (refused: Code | null) => void;
type Kept = { added: { session: Session; message: Queued }[]; retained: RetainedChange | null };

/** Payload bytes on their way to the disk for sessions; beyond it publishes are refused, as for readings ([ING-5]). */
const pendingBytesMax = 32 * 1024 * 1024;
const ageSavedEveryMinutes = 10;

export class KeptState {
  readonly counters: SessionCounters = newCounters();
  readonly sessions: Sessions;
  readonly retained = new RetainedMessages();
  readonly wills: Wills;
  readonly received: Received;
  private readonly age = new Age();
  readonly journal: Journal;
  readonly ports: SessionPorts;
  /** What was kept of a publish, by its payload: the one thing that the library hands on as it is. */
  readonly kept = new WeakMap<object, Kept>();
  private pendingBytes = 0;

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
      if (minutes % ageSavedEveryMinutes !== 0 || this.sessions.count() === 0) return;
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
   * `settled` is called once, with null when all of it is on disk. `leftBehind` names the client whose will this is where
   * that was left behind by the gateway that ran before; it goes in that commit, too. `client` is null for any will.
   */
  takeWith(
    packet: Publish,
    client: ClientName | null,
    leftBehind: string | null,
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
    if (leftBehind !== null) changes.push({ kind: 'will', client: leftBehind, will: null });
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
    if (qos > 0) {
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

  prepareRetained(topic: string, payload: string | Uint8Array, qos: number): RetainedChange | null {
    const { change, fits } = this.retained.prepare(topic, payload, qos);
    if (!fits) this.counters.retainedRefused++;
    return change === null ? null : this.retained.begin(change);
  }

  settleQueued(added: Kept['added'], committed: boolean): void {
    for (const { session, message } of added) {
      message.isPending = false;
      if (!committed) this.sessions.take(session, message);
    }
  }
}
