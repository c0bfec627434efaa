// One subscription: the position up to which it holds everything, so that it can go on there after a reconnect, and
// what it tells its listener.
//
// A position advances only with what proves that nothing before it is missing: the subscription's own rows, the end
// of its snapshot, and a heartbeat or pong, which name a position that everything was sent up to. Events and other
// subscriptions' rows may overtake rows that the gateway still holds back for this one; counting them would lose those
// rows for good.
import type { ClientFrame, Code, GapReason, Mode, Position, ServerFrame } from '@telltale/gateway/contract';
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

export type SubscriptionPorts = {
  send(frame: ClientFrame): boolean;
  nextId(): number;
  series(index: number): Series | undefined;
  /** Rows whose series was never defined. */
  unknownRows(count: number): void;
};

export class Subscription {
  readonly name: string;
  readonly #spec: SubscriptionSpec;
  readonly #listener: (update: SubscriptionUpdate) => void;
  readonly #ports: SubscriptionPorts;
  /** The epoch that offsets count in; null without a connection. */
  #epoch: string | null = null;
  #position: Position | null = null;
  #inSnapshot = false;
  #settled = false;
  /** Id of the ping whose answer settles a subscription that was resumed without a snapshot. */
  #settlingPing: number | null = null;

  constructor(
    name: string,
    spec: SubscriptionSpec,
    listener: (update: SubscriptionUpdate) => void,
    ports: SubscriptionPorts,
  ) {
    this.name = name;
    this.#spec = spec;
    this.#listener = listener;
    this.#ports = ports;
  }

  /** Asks for it on a connection that has just opened, or is open. */
  ask(epoch: string): void {
    const { resume = true, ...spec } = this.#spec;
    if (!resume) this.#position = null;
    const since = this.#position;
    this.#epoch = epoch;
    this.#inSnapshot = false;
    this.#settled = false;
    this.#settlingPing = null;
    const id = this.#ports.nextId();
    const resumed = since === null ? {} : { since };
    const sent = this.#ports.send({ t: 'sub', id, sub: this.name, ...spec, ...resumed });
    if (sent) this.#listener({ kind: 'asked', since });
  }

  lost(): void {
    this.#epoch = null;
    this.#inSnapshot = false;
    this.#settled = false;
    this.#listener({ kind: 'lost' });
  }

  /** Everything up to `offset` was sent. */
  heartbeat(offset: number): void {
    // A subscription that has no position waits for its snapshot.
    if (this.#inSnapshot || this.#position === null) return;
    this.#advance(offset);
    this.#settle();
  }

  pong(id: number): void {
    if (this.#settlingPing === id) this.#settle();
  }

  /** A frame that names this subscription. */
  take(frame: ServerFrame): void {
    switch (frame.t) {
      case 'ok':
        if (this.#position !== null && !this.#settled) this.#askWhetherSettled();
        return;
      case 'err':
        this.#listener({ kind: 'refused', code: frame.code, title: frame.title, detail: frame.detail });
        return;
      case 'snap':
        this.#snapshot(frame);
        return;
      case 'data':
        if (!this.#inSnapshot) this.#advance(frame.offset);
        this.#listener({ kind: 'readings', readings: this.#resolve(frame.rows) });
        return;
      case 'fresh':
        this.#fresh(frame);
        return;
      case 'gap':
        // It has been told of the gap, so it need not hear of that part again; but it is whole only once more has come.
        this.#advance(frame.to);
        this.#settled = false;
        this.#listener({ kind: 'gap', from: frame.from, to: frame.to, reason: frame.reason });
        this.#askWhetherSettled();
        return;
    }
  }

  #snapshot(frame: Extract<ServerFrame, { t: 'snap' }>): void {
    const first = !this.#inSnapshot;
    this.#inSnapshot = !frame.done;
    this.#listener({ kind: 'snapshot', readings: this.#resolve(frame.rows), first, done: frame.done });
    if (!frame.done) return;
    this.#advance(frame.offset);
    this.#settle();
  }

  #fresh(frame: Extract<ServerFrame, { t: 'fresh' }>): void {
    const rows = frame.rows.flatMap(([index, freshness]) => {
      const series = this.#ports.series(index);
      return series === undefined ? [] : [{ series, freshness }];
    });
    if (rows.length < frame.rows.length) this.#ports.unknownRows(frame.rows.length - rows.length);
    this.#listener({ kind: 'fresh', rows });
  }

  #resolve(rows: readonly AnyRow[]): LiveReading[] {
    const readings: LiveReading[] = [];
    for (const [index, ts, value, freshness] of rows) {
      const series = this.#ports.series(index);
      if (series !== undefined) readings.push({ series, ts, value, freshness: freshness ?? null });
    }
    if (readings.length < rows.length) this.#ports.unknownRows(rows.length - readings.length);
    return readings;
  }

  #advance(offset: number): void {
    if (this.#epoch === null) return;
    if (this.#position?.epoch === this.#epoch && this.#position.offset >= offset) return;
    this.#position = { epoch: this.#epoch, offset };
  }

  #settle(): void {
    if (this.#settled || this.#inSnapshot) return;
    this.#settled = true;
    this.#settlingPing = null;
    this.#listener({ kind: 'settled' });
  }

  /** Answers come in order: once this ping is answered, what the gateway had to send for the subscription is here. */
  #askWhetherSettled(): void {
    this.#settlingPing = this.#ports.nextId();
    this.#ports.send({ t: 'ping', id: this.#settlingPing });
  }
}

type AnyRow = readonly [number, number, LiveReading['value'], LiveReading['freshness']?];
