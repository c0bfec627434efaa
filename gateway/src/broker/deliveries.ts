// The way out: which filters a connection may subscribe to, and which messages it is given, judged anew at each ([ACC-2]).
import type { AedesPublishPacket, Subscription } from 'aedes';
import { limits } from '../contract/index.ts';
import type { Connection, State } from './connection.ts';
import { forgetOldest } from './hand-overs.ts';
import { grantedQos, isOursAlone, mayReceive, subscribeBreach } from './permissions.ts';
import type { KeptState } from './sessions/kept-state.ts';
import { sessionMark } from './sessions/persistence.ts';
import type { SignIns } from './sign-ins.ts';
import type { Watch } from './watch.ts';

export type DeliveryParts = {
  sessions: KeptState;
  signIns: SignIns<Connection>;
  watch: Watch;
  counters: Record<'subscriptionsRefused', number>;
};

export class Deliveries {
  private readonly parts: DeliveryParts;

  constructor(parts: DeliveryParts) {
    this.parts = parts;
  }

  /** What Aedes asks of each filter of a SUBSCRIBE. */
  authorize(
    client: Connection,
    state: State | undefined,
    subscription: Subscription,
    done: (error: Error | null, subscription?: Subscription | null) => void,
  ): void {
    // A session that was kept without subscriptions brings this one with it.
    if (subscription.topic === sessionMark) return done(null, null);
    const breach = state === undefined ? 'not signed in' : subscriptionBreach(state, subscription.topic);
    if (breach === null) {
      state?.filters.add(subscription.topic);
      this.parts.watch.note(subscription.topic);
    } else {
      this.parts.counters.subscriptionsRefused++;
      this.parts.signIns.note(client, { kind: 'subscription-refused', reason: breach, topic: subscription.topic });
    }
    // Null is the standard's failure code 128 in the SUBACK; the connection goes on.
    done(null, breach === null ? subscription : null);
  }

  /** A message as this connection gets it, with the QoS that it was granted at the most (MQTT 3.1.1, 3.8.4). */
  forwarded(client: Connection, state: State | undefined, packet: AedesPublishPacket): AedesPublishPacket | null {
    if (state === undefined || !this.mayForward(client, state, packet)) return null;
    // Retained messages go on to be read for who is gone. What a session keeps is not taken out of its queue for it.
    if (client.closed && (client.clean || packet.qos === 0)) return null;
    if (packet.qos === 0) return packet;
    if (state.handed.size > 0) forgetOldest(client, state);
    const qos = grantedQos(client.subscriptions, packet.topic);
    return qos === null || qos >= packet.qos ? packet : { ...packet, qos };
  }

  /** What the gateway sends itself does not come this way: a copy of it would come too late, or twice ([CMD-3]). */
  private mayForward(client: Connection, { identity }: State, packet: AedesPublishPacket): boolean {
    const { topic } = packet;
    if (!mayReceive(identity, topic) || isOursAlone(topic)) return false;
    return !this.parts.sessions.isQueued(client, packet);
  }
}

function subscriptionBreach({ identity, filters }: State, filter: string): string | null {
  const isFull = !filters.has(filter) && filters.size >= limits.filtersPerClientMax;
  return isFull ? `more than ${limits.filtersPerClientMax} subscriptions` : subscribeBreach(identity, filter);
}
