// The subscriptions that the page wants, whatever the connection does: each with the position up to which it holds
// everything, so that it can go on there after a reconnect.
//
// A position advances only with what proves that nothing before it is missing: the subscription's own rows, the end
// of its snapshot, and a heartbeat or pong, which name a position that everything was sent up to. Events and other subscriptions' rows may overtake rows
// that the gateway still holds back for this one; counting them would lose those rows for good.
import type { ClientFrame, Code, GapReason, Mode, Position, ServerFrame } from '@telltale/gateway/contract';
import { limits } from '@telltale/gateway/contract';
import type { LiveReading, Series } from './series.ts';

export type SubscriptionSpec = {
  device?: string[];
  metric?: string[];
  mode?: Mode;
  /**
   * After a reconnect: go on at the last position (the default), or begin with a whole snapshot. A snapshot also says
   * how fresh each value is, which can have changed without any reading.
   */
  resume?: boolean;
};

export type SubscriptionUpdate =
  /** Sent (again) on a new connection; `since` is where it goes on, null where it begins. */
  | { kind: 'asked'; since: Position | null }
  /** A part of a snapshot. What was held and is in none of its parts is gone. */
  | { kind: 'snapshot'; readings: LiveReading[]; first: boolean; done: boolean }
  | { kind: 'readings'; readings: LiveReading[] }
  | { kind: 'fresh'; rows: { series: Series; freshness: NonNullable<LiveReading['freshness']> }[] }
  | { kind: 'gap'; from: number; to: number; reason: GapReason }
  /** From here on what is held is what the gateway holds. */
  | { kind: 'settled' }
  /** The connection was lost. */
  | { kind: 'lost' }
  | { kind: 'refused'; code: Code; title: string; detail: string | undefined };

type Subscription = {
  readonly name: string;
  readonly spec: SubscriptionSpec;
  readonly listener: (update: SubscriptionUpdate) => void;
  position: Position | null;
  inSnapshot: boolean;
  settled: boolean;
  /** Id of the ping whose answer settles a subscription that was resumed without a snapshot. */
  settlingPing: number | null;
};

export type SubscriptionPorts = {
  send(frame: ClientFrame): boolean;
  nextId(): number;
  series(index: number): Series | undefined;
  /** Rows whose series was never defined. */
  unknownRows(count: number): void;
};

export type Subscriptions = {
  add(spec: SubscriptionSpec, listener: (update: SubscriptionUpdate) => void): () => void;
  /** A new connection is open. */
  opened(epoch: string, offset: number): void;
  lost(): void;
  /** True where the frame belonged to a subscription. */
  take(frame: ServerFrame): boolean;
  positions(): ReadonlyMap<string, Position | null>;
};

/** An empty table. */
export function createSubscriptions(ports: SubscriptionPorts): Subscriptions {
  const byName = new Map<string, Subscription>();
  let epoch: string | null = null;
  let helloOffset = 0;
  let named = 0;

  function ask(subscription: Subscription): void {
    const { name } = subscription;
    const { resume = true, ...spec } = subscription.spec;
    if (!resume) subscription.position = null;
    const { position } = subscription;
    subscription.inSnapshot = false;
    subscription.settled = false;
    subscription.settlingPing = null;
    const id = ports.nextId();
    const sent = ports.send({ t: 'sub', id, sub: name, ...spec, ...(position === null ? {} : { since: position }) });
    if (sent) subscription.listener({ kind: 'asked', since: position });
  }

  function advance(subscription: Subscription, offset: number): void {
    if (epoch === null) return;
    const { position } = subscription;
    if (position?.epoch === epoch && position.offset >= offset) return;
    subscription.position = { epoch, offset };
  }

  function settle(subscription: Subscription): void {
    if (subscription.settled || subscription.inSnapshot) return;
    subscription.settled = true;
    subscription.settlingPing = null;
    subscription.listener({ kind: 'settled' });
  }

  function add(spec: SubscriptionSpec, listener: (update: SubscriptionUpdate) => void): () => void {
    if (byName.size >= limits.subscriptionsPerViewerMax) throw new RangeError('too many subscriptions');
    named += 1;
    const subscription: Subscription = {
      name: `s${named}`,
      spec,
      listener,
      position: null,
      inSnapshot: false,
      settled: false,
      settlingPing: null,
    };
    byName.set(subscription.name, subscription);
    if (epoch !== null) ask(subscription);
    return () => {
      if (byName.delete(subscription.name)) ports.send({ t: 'unsub', sub: subscription.name });
    };
  }

  function heartbeat(offset: number): void {
    // A position that is no further than the greeting's says nothing yet: what was missed may still be on its way.
    if (offset <= helloOffset) return;
    for (const subscription of byName.values()) {
      // A subscription that has no position waits for its snapshot.
      if (subscription.inSnapshot || subscription.position === null) continue;
      advance(subscription, offset);
      settle(subscription);
    }
  }

  /** Answers come in order: once this ping is answered, what the gateway had to send for the subscription is here. */
  function askWhetherSettled(subscription: Subscription): void {
    subscription.settlingPing = ports.nextId();
    ports.send({ t: 'ping', id: subscription.settlingPing });
  }

  function pong(id: number | undefined): void {
    if (id === undefined) return;
    for (const subscription of byName.values()) if (subscription.settlingPing === id) settle(subscription);
  }

  function ofSubscription(subscription: Subscription, frame: ServerFrame & { sub?: string }): void {
    const { listener } = subscription;
    switch (frame.t) {
      case 'ok':
        if (subscription.position !== null && !subscription.settled) askWhetherSettled(subscription);
        return;
      case 'err':
        listener({ kind: 'refused', code: frame.code, title: frame.title, detail: frame.detail });
        return;
      case 'snap': {
        const first = !subscription.inSnapshot;
        subscription.inSnapshot = !frame.done;
        listener({ kind: 'snapshot', readings: resolve(frame.rows, ports), first, done: frame.done });
        if (!frame.done) return;
        advance(subscription, frame.offset);
        settle(subscription);
        return;
      }
      case 'data':
        if (!subscription.inSnapshot) advance(subscription, frame.offset);
        listener({ kind: 'readings', readings: resolve(frame.rows, ports) });
        return;
      case 'fresh': {
        const rows = frame.rows.flatMap(([index, freshness]) => {
          const series = ports.series(index);
          return series === undefined ? [] : [{ series, freshness }];
        });
        if (rows.length < frame.rows.length) ports.unknownRows(frame.rows.length - rows.length);
        listener({ kind: 'fresh', rows });
        return;
      }
      case 'gap':
        // It has been told of the gap, so it need not hear of that part again; but it is whole only once more has come.
        advance(subscription, frame.to);
        subscription.settled = false;
        listener({ kind: 'gap', from: frame.from, to: frame.to, reason: frame.reason });
        askWhetherSettled(subscription);
        return;
    }
  }

  return {
    add,
    opened(newEpoch, offset) {
      epoch = newEpoch;
      helloOffset = offset;
      for (const subscription of byName.values()) ask(subscription);
    },
    lost() {
      epoch = null;
      for (const subscription of byName.values()) {
        subscription.inSnapshot = false;
        subscription.settled = false;
        subscription.listener({ kind: 'lost' });
      }
    },
    take(frame) {
      if (frame.t === 'hb' || frame.t === 'pong') heartbeat(frame.offset);
      if (frame.t === 'pong') pong(frame.id);
      if (!('sub' in frame) || frame.sub === undefined) return false;
      const subscription = byName.get(frame.sub);
      if (subscription === undefined) return false;
      ofSubscription(subscription, frame);
      return true;
    },
    positions: () => new Map([...byName.values()].map(each => [each.name, each.position])),
  };
}

type AnyRow = readonly [number, number, LiveReading['value'], LiveReading['freshness']?];

function resolve(rows: readonly AnyRow[], ports: SubscriptionPorts): LiveReading[] {
  const readings: LiveReading[] = [];
  for (const [index, ts, value, freshness] of rows) {
    const series = ports.series(index);
    if (series !== undefined) readings.push({ series, ts, value, freshness: freshness ?? null });
  }
  if (readings.length < rows.length) ports.unknownRows(rows.length - readings.length);
  return readings;
}
