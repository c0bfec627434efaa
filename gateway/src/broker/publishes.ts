// The way in of a publish: its rights, its place in the order of acknowledgements, its commit, and what sessions and
// retained messages keep of it in the same commit ([ING-1], [ACC-2], [BRK-5]).
import type { PublishPacket } from 'aedes';
import type { Code } from '../contract/index.ts';
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import type { Connection, State } from './connection.ts';
import { publishBreach } from './permissions.ts';
import type { KeptWill } from './sessions/changes.ts';
import type { KeptState } from './sessions/kept-state.ts';
import type { SignIns } from './sign-ins.ts';
import type { Watch } from './watch.ts';

export type PublishMessage = {
  topic: string;
  payload: Uint8Array;
  receivedAt: number;
  isWill: boolean;
  strayAllowed: boolean;
};

export type PublishParts = {
  clock: Clock;
  log: Logger;
  open: boolean;
  sessions: KeptState;
  signIns: SignIns<Connection>;
  watch: Watch;
  counters: Record<'publishes' | 'publishesRefused' | 'breaches' | 'faults', number>;
  /** Takes a publish in; called back with null once it is committed, or with why it was refused. */
  take(message: PublishMessage, settled: (refused: Code | null) => void): void;
  /** A connection that may speak for several devices speaks for the one of this topic. */
  speaks(client: Connection, topic: string): void;
};

export class Publishes {
  private readonly parts: PublishParts;

  constructor(parts: PublishParts) {
    this.parts = parts;
  }

  /** What Aedes asks of each publish; `done` lets the acknowledgement leave. */
  authorize(client: Connection, state: State, packet: PublishPacket, done: (error?: Error | null) => void): void {
    // Whether it came a second time is between its publisher and the gateway (MQTT 3.1.1, 3.3.1.1).
    packet.dup = false;
    const isWill = packet === client.will;
    if (isWill) this.parts.sessions.wills.fire(client.id, packet);
    const { identity, acks } = state;
    // The will of a connection that was cut is nobody's word any more.
    if (!identity.open && !identity.holds()) {
      this.parts.signIns.ends(client, 'credential');
      return done(new Error('its credential does not hold any more'));
    }
    const breach = packet.topic === state.allowedTopic ? null : publishBreach(identity, packet.topic);
    if (breach === null) state.allowedTopic = packet.topic;
    else {
      this.parts.counters.breaches++;
      this.parts.signIns.note(client, { kind: 'publish-refused', reason: breach, topic: packet.topic });
      this.parts.signIns.ends(client, 'refused');
      this.parts.signIns.warn(
        { name: identity.name, topic: packet.topic.slice(0, 256) },
        `refused a publish: ${breach}`,
      );
      return done(new Error(breach));
    }
    this.parts.counters.publishes++;
    const settle = acks.enter(done, packet.payload.length);
    if (packet.qos === 2 && !isWill) this.takeOnce(client, state, packet, settle);
    else this.take(client, state, packet, isWill, settle);
  }

  /** A repeated QoS 2 publish is acknowledged again, and not taken in again (MQTT 3.1.1, 4.3.3). */
  private takeOnce(
    client: Connection,
    state: State,
    packet: PublishPacket,
    settle: (error: Error | null) => void,
  ): void {
    const { sessions } = this.parts;
    const receiving = sessions.received.receiving(client) ?? state.receiving;
    const id = packet.messageId ?? 0;
    const again = receiving.get(id);
    // Maybe over another connection of the session: it is one message, and what becomes of it is not known yet.
    if (again !== undefined) return void again.push(settle);
    if (sessions.isRepeated(client, id)) return settle(null);
    if (sessions.received.isFull(client)) {
      this.parts.counters.publishesRefused++;
      this.parts.signIns.ends(client, 'too_many');
      return settle(new Error('more QoS 2 messages are under way than a session may have'));
    }
    receiving.set(id, []);
    const finish = (error: Error | null) => {
      const repeated = receiving.get(id) ?? [];
      receiving.delete(id);
      settle(error);
      // By then the library has stored the first of them.
      for (const tell of repeated) setImmediate(tell, error);
    };
    this.take(client, state, packet, false, finish);
  }

  private take(
    client: Connection,
    { identity }: State,
    packet: PublishPacket,
    isWill: boolean,
    settle: (error: Error | null) => void,
  ): void {
    const { topic } = packet;
    try {
      this.takeAndKeep(packet, client, { isWill, leftBehind: null, strayAllowed: identity.open }, refused => {
        if (refused === null) return settle(null);
        this.parts.counters.publishesRefused++;
        this.parts.signIns.ends(client, refused);
        settle(new Error(refused));
      });
    } catch (error) {
      // A fault of ours in one message must not end the process, nor be acknowledged.
      this.parts.counters.faults++;
      this.parts.log.error(
        { topic: topic.slice(0, 256), error: (error as Error).stack },
        'a fault in taking a publish',
      );
      settle(error as Error);
    }
    // Only now the device is sure to be in the registry.
    if (identity.device === null && !isWill) this.parts.speaks(client, topic);
  }

  /** Has a publish taken in, and what sessions and retained messages keep of it written in the same commit. */
  private takeAndKeep(
    packet: PublishPacket,
    client: Connection | null,
    about: { isWill: boolean; leftBehind: string | null; strayAllowed: boolean },
    settled: (refused: Code | null) => void,
  ): void {
    const { topic, qos } = packet;
    const payload = typeof packet.payload === 'string' ? Buffer.from(packet.payload) : packet.payload;
    const { leftBehind, ...rest } = about;
    const message = { topic, payload, receivedAt: this.parts.clock.now(), ...rest };
    const isPlain =
      !packet.retain && leftBehind === null && (qos === 0 || (qos === 1 && !this.parts.watch.covers(topic)));
    if (isPlain) this.parts.take(message, settled);
    else {
      // A will has no message id.
      const sender = about.isWill ? null : client;
      this.parts.sessions.takeWith(packet, sender, leftBehind, taken => this.parts.take(message, taken), settled);
    }
  }

  /** Publishes the will of a client that was connected when the gateway ended, by the rights that its credential has now. */
  publishLeftBehind(client: string, will: KeptWill): Promise<void> {
    const { owner, topic, qos, retain } = will;
    const identity = this.parts.signIns.named(owner);
    const breach = identity === null ? 'nobody signs in by this name' : publishBreach(identity, topic);
    if (breach !== null) {
      this.parts.counters.breaches++;
      this.parts.sessions.wills.discard(client);
      return Promise.resolve();
    }
    const payload = Buffer.from(will.payload.buffer, will.payload.byteOffset, will.payload.byteLength);
    // Nobody is there to hear it at once: sessions and retained messages have it, and that is all there is to do.
    const packet = { cmd: 'publish', topic, payload, qos, retain, dup: false } as PublishPacket;
    return new Promise(resolve => {
      const about = { isWill: true, leftBehind: client, strayAllowed: this.parts.open };
      this.takeAndKeep(packet, null, about, refused => {
        if (refused === null) this.parts.sessions.counters.willsRestored++;
        else this.parts.counters.publishesRefused++;
        resolve();
      });
    });
  }
}
