// The subscriptions that the page wants, whatever the connection does: asks for all of them on each new connection, and
// hands each the frames that are its own.
import type { ServerFrame } from '@telltale/gateway/contract';
import { limits } from '@telltale/gateway/contract';
import {
  Subscription,
  type SubscriptionPorts,
  type SubscriptionSpec,
  type SubscriptionUpdate,
} from './subscription.ts';

export type Subscriptions = {
  add(spec: SubscriptionSpec, listener: (update: SubscriptionUpdate) => void): () => void;
  /** A new connection is open. */
  opened(epoch: string, offset: number): void;
  lost(): void;
  /** True where the frame belonged to a subscription. */
  take(frame: ServerFrame): boolean;
};

/** An empty table. */
export function createSubscriptions(ports: SubscriptionPorts): Subscriptions {
  const byName = new Map<string, Subscription>();
  let epoch: string | null = null;
  let helloOffset = 0;
  let named = 0;

  function heartbeat(offset: number): void {
    // A position that is no further than the greeting's says nothing yet: what was missed may still be on its way.
    if (offset <= helloOffset) return;
    for (const subscription of byName.values()) subscription.heartbeat(offset);
  }

  function pong(id: number | undefined): void {
    if (id === undefined) return;
    for (const subscription of byName.values()) subscription.pong(id);
  }

  return {
    add(spec, listener) {
      if (byName.size >= limits.subscriptionsPerViewerMax) throw new RangeError('too many subscriptions');
      named += 1;
      const subscription = new Subscription(`s${named}`, spec, listener, ports);
      byName.set(subscription.name, subscription);
      if (epoch !== null) subscription.ask(epoch);
      return () => {
        if (byName.delete(subscription.name)) ports.send({ t: 'unsub', sub: subscription.name });
      };
    },
    opened(newEpoch, offset) {
      epoch = newEpoch;
      helloOffset = offset;
      for (const subscription of byName.values()) subscription.ask(newEpoch);
    },
    lost() {
      epoch = null;
      for (const subscription of byName.values()) subscription.lost();
    },
    take(frame) {
      if (frame.t === 'hb' || frame.t === 'pong') heartbeat(frame.offset);
      if (frame.t === 'pong') pong(frame.id);
      if (!('sub' in frame) || frame.sub === undefined) return false;
      const subscription = byName.get(frame.sub);
      if (subscription === undefined) return false;
      subscription.take(frame);
      return true;
    },
  };
}
