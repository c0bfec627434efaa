// The subscriptions that the page wants, whatever the connection does: asks for all of them on each new connection, and
// hands each the frames that are its own.
import type { ClientFrame, ServerFrame, SubscriptionAsk } from '@telltale/gateway/contract';
import { limits } from '@telltale/gateway/contract';
import {
  Subscription,
  type SubscriptionPorts,
  type SubscriptionSpec,
  type SubscriptionUpdate,
} from './subscription.ts';

export type Subscriptions = {
  add(spec: SubscriptionSpec, listener: (update: SubscriptionUpdate) => void): () => void;
  /** What to ask for in a request that carries all of them. */
  wanted(): SubscriptionAsk[];
  /** A new connection is open. */
  opened(epoch: string): void;
  /** The connection goes on over another link, which has just greeted. */
  moved(epoch: string): void;
  /** Those of these names are asked for again over the same link. */
  brokenOff(names: ReadonlySet<string>): void;
  lost(): void;
  /** True where the frame belonged to a subscription. */
  take(frame: ServerFrame): boolean;
};

export type SubscriptionsPorts = SubscriptionPorts & {
  /** Sends the frames together; returns in how many messages, 0 where there is no connection. */
  send(frames: readonly ClientFrame[]): number;
  /** Events may have been missed. */
  missed(): void;
  /** One of them, at least, is behind; or none is any more. */
  slow(behind: boolean): void;
};

/** An empty table. */
export function createSubscriptions(ports: SubscriptionsPorts): Subscriptions {
  return new SubscriptionTable(ports);
}

class SubscriptionTable implements Subscriptions {
  readonly #ports: SubscriptionsPorts;
  readonly #byName = new Map<string, Subscription>();
  #epoch: string | null = null;
  #named = 0;
  #slow = false;

  constructor(ports: SubscriptionsPorts) {
    this.#ports = ports;
  }

  add(spec: SubscriptionSpec, listener: (update: SubscriptionUpdate) => void): () => void {
    if (this.#byName.size >= limits.subscriptionsPerViewerMax) throw new RangeError('too many subscriptions');
    const subscription = new Subscription(this.#nextName(), spec, listener, this.#ports);
    this.#byName.set(subscription.name, subscription);
    const epoch = this.#epoch;
    if (epoch !== null) this.#ask([subscription], each => each.ask(epoch));
    return () => {
      if (!this.#byName.delete(subscription.name)) return;
      this.#ports.send([{ t: 'unsub', sub: subscription.name }]);
      this.#lookWhetherSlow();
    };
  }

  wanted(): SubscriptionAsk[] {
    return this.#all().map(subscription => subscription.wanted());
  }

  opened(epoch: string): void {
    this.#epoch = epoch;
    this.#ask(this.#all(), subscription => subscription.ask(epoch));
  }

  moved(epoch: string): void {
    this.#epoch = epoch;
    const all = this.#all();
    const anew = all.filter(subscription => subscription.breakOff());
    const messages = this.#ports.send(all.map(subscription => subscription.ask(epoch)));
    this.#lookWhetherSlow();
    // Missed events are sent in their order for those of one message; those of the next would seem to be known.
    if (anew.length > 0 || messages > 1) this.#ports.missed();
  }

  brokenOff(names: ReadonlySet<string>): void {
    const anew = this.#all().filter(subscription => names.has(subscription.name) && subscription.breakOff());
    this.#lookWhetherSlow();
    if (anew.length > 0) this.#ports.missed();
  }

  lost(): void {
    this.#epoch = null;
    for (const subscription of this.#all()) subscription.lost();
    this.#lookWhetherSlow();
  }

  take(frame: ServerFrame): boolean {
    if (frame.t === 'hb' || frame.t === 'pong') for (const each of this.#all()) each.heartbeat(frame.offset);
    if (frame.t === 'event' && frame.kind === 'device' && frame.change === 'deleted') {
      for (const each of this.#all()) each.tell({ kind: 'deleted', device: frame.device, offset: frame.offset });
    }
    if (frame.t === 'gap' && frame.sub === undefined) this.#renewAll();
    if (!('sub' in frame) || frame.sub === undefined) return false;
    const subscription = this.#byName.get(frame.sub);
    subscription?.take(frame);
    if (frame.t === 'slow') this.#lookWhetherSlow();
    return subscription !== undefined;
  }

  /** A copy: whoever is told may leave, or bring another. */
  #all(): Subscription[] {
    return [...this.#byName.values()];
  }

  #nextName(): string {
    this.#named += 1;
    return `s${this.#named}`;
  }

  /** All in one message, so that the events they missed come in one order. */
  #ask(subscriptions: readonly Subscription[], frameOf: (subscription: Subscription) => ClientFrame): void {
    if (subscriptions.length === 0 || this.#ports.send(subscriptions.map(frameOf)) === 0) return;
    for (const subscription of subscriptions) subscription.asked();
  }

  /** Events are missing, and among them may be that a device was deleted: only a whole snapshot tells what is left. */
  #renewAll(): void {
    const epoch = this.#epoch;
    if (epoch === null) return;
    const renewed = this.#all().filter(subscription => subscription.canRenew());
    for (const { name } of renewed) this.#byName.delete(name);
    this.#ports.send(renewed.map(({ name }) => ({ t: 'unsub', sub: name })));
    this.#ask(renewed, subscription => {
      const name = this.#nextName();
      this.#byName.set(name, subscription);
      return subscription.renew(name, epoch);
    });
  }

  #lookWhetherSlow(): void {
    const now = this.#all().some(subscription => subscription.isBehind());
    if (now === this.#slow) return;
    this.#slow = now;
    this.#ports.slow(now);
  }
}
