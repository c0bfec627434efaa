// One subscription: the position up to which it holds everything, so that it can go on there over another connection,
// and what it tells its listener.
//
// A position advances only with what proves that nothing before it is missing: the subscription's own rows, the end
// of its snapshot, and a heartbeat or pong, which name a position that everything was sent up to. Events and other
// subscriptions' rows may overtake rows that the gateway still holds back for this one; counting them would lose those
// rows for good. In mode `latest` a snapshot that is due counts only once it is whole, and what came together is told
// together, or not at all ([LIV-2]).
import type {
  ClientFrame,
  Code,
  GapReason,
  Mode,
  Position,
  ServerFrame,
  SubscriptionAsk,
} from '@telltale/gateway/contract';
import { type FreshnessOf, freshnessOf, type RowPorts, readingsOf } from './rows.ts';
import type { LiveReading } from './series.ts';

export type SubscriptionSpec = {
  /** Patterns with `*`; left out means all. */
  device?: string[];
  metric?: string[];
  mode?: Mode;
  /** The least time between two rounds of readings. */
  intervalMs?: number;
};

export type SubscriptionUpdate =
  /** Sent (again); `since` is where it goes on, null where it begins, with a whole snapshot. */
  | { kind: 'asked'; since: Position | null }
  /**
   * A part of a snapshot. It is whole where the subscription began, and after a gap: what was held and is in none of
   * its parts is gone. Else it brings what changed. `offset` is where in the log this was so.
   */
  | { kind: 'snapshot'; readings: LiveReading[]; offset: number; first: boolean; done: boolean }
  | { kind: 'readings'; readings: LiveReading[]; offset: number }
  | { kind: 'fresh'; rows: FreshnessOf[] }
  /** A device is no more: what was held of it and is not from after `offset` is gone. */
  | { kind: 'deleted'; device: string; offset: number }
  | { kind: 'gap'; from: number; to: number; reason: GapReason }
  /** Not all comes as it happens any more (`behind`), or it does again. */
  | { kind: 'slow'; behind: boolean }
  /** From here on what is held is what the gateway holds. */
  | { kind: 'settled' }
  /** The connection was lost. */
  | { kind: 'lost' }
  | { kind: 'refused'; code: Code; title: string; detail: string | undefined };

export type SubscriptionPorts = RowPorts & { nextId(): number };

/**
 * Readings that wait for the rest of what came together with them. A gateway takes in two million at once at the most;
 * beyond this they are told as they come, and may come twice where the connection breaks in between.
 */
const heldReadingsMax = 1_000_000;

/** The snapshot that is due: all there is, or the end of what was missed; null where none is. */
type Due = 'whole' | 'changes' | null;

export class Subscription {
  name: string;
  readonly #spec: SubscriptionSpec;
  readonly #listener: (update: SubscriptionUpdate) => void;
  readonly #ports: SubscriptionPorts;
  /** The epoch that offsets count in; null without a connection. */
  #epoch: string | null = null;
  #position: Position | null = null;
  #due: Due = 'whole';
  /** A part of a snapshot came, and its end did not. */
  #inSnapshot = false;
  /** Readings of a round whose last frame is still to come. */
  #held: LiveReading[] = [];
  #settled = false;
  #behind = false;

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

  /** What to ask the gateway for now. */
  wanted(): SubscriptionAsk {
    const ask = { sub: this.name, ...this.#spec };
    return this.#position === null ? ask : { ...ask, since: this.#position };
  }

  isBehind(): boolean {
    return this.#behind;
  }

  /** Begins, or goes on, in this epoch; returns what to send for it. */
  ask(epoch: string): ClientFrame {
    this.#epoch = epoch;
    this.#letGo();
    this.#due = this.#position === null ? 'whole' : 'changes';
    return { t: 'sub', id: this.#ports.nextId(), ...this.wanted() };
  }

  /** What `ask` returned is on its way. */
  asked(): void {
    this.#settled = false;
    this.tell({ kind: 'asked', since: this.#position });
  }

  /** True in mode `latest`, unless a whole snapshot was asked for of which nothing has come yet. */
  canRenew(): boolean {
    const isAskedFor = this.#due === 'whole' && this.#position === null && !this.#inSnapshot;
    return !this.#isLog() && !isAskedFor;
  }

  /** Begins anew with a whole snapshot, under another name: what is still on its way for the old one counts no more. */
  renew(name: string, epoch: string): ClientFrame {
    this.name = name;
    this.#position = null;
    return this.ask(epoch);
  }

  /**
   * What the gateway was about to send will not come: it is to be asked for again. False where the subscription goes on
   * at its position, true where it has none and events may have been missed with the snapshot.
   */
  breakOff(): boolean {
    const isToldOf = this.#inSnapshot || this.#position !== null;
    this.#letGo();
    if (this.#due !== 'whole') {
      this.#due = 'changes';
      return false;
    }
    this.#position = null;
    if (isToldOf) this.asked();
    return true;
  }

  lost(): void {
    if (this.#due === 'whole') this.#position = null;
    this.#epoch = null;
    this.#settled = false;
    this.#letGo();
    this.tell({ kind: 'lost' });
  }

  /** Everything up to `offset` was sent; while a snapshot is due that may have been said before it was asked for. */
  heartbeat(offset: number): void {
    if (this.#due === null && !this.#inSnapshot) this.#advance(offset);
  }

  /** A frame that names this subscription. */
  take(frame: ServerFrame): void {
    switch (frame.t) {
      case 'err':
        return this.tell({ kind: 'refused', code: frame.code, title: frame.title, detail: frame.detail });
      case 'snap':
        return this.#snapshot(frame);
      case 'data':
        return this.#data(frame);
      case 'fresh':
        return this.tell({ kind: 'fresh', rows: freshnessOf(frame.rows, this.#ports) });
      case 'gap':
        return this.#gap(frame);
      case 'slow':
        return this.#tellBehind(frame.behind);
    }
  }

  tell(update: SubscriptionUpdate): void {
    this.#listener(update);
  }

  #isLog(): boolean {
    return this.#spec.mode === 'log';
  }

  /** What is incomplete comes again. */
  #letGo(): void {
    this.#inSnapshot = false;
    this.#held = [];
    this.#tellBehind(false);
  }

  #tellBehind(behind: boolean): void {
    if (this.#behind === behind) return;
    this.#behind = behind;
    this.tell({ kind: 'slow', behind });
  }

  #data({ rows, offset, more }: Extract<ServerFrame, { t: 'data' }>): void {
    const came = readingsOf(rows, this.#ports);
    const readings = this.#held.length === 0 ? came : this.#held.concat(came);
    if (more && readings.length <= heldReadingsMax) {
      this.#held = readings;
      return;
    }
    this.#held = [];
    const isProof = this.#isLog() ? this.#due !== 'whole' : this.#due === null && !this.#inSnapshot;
    if (isProof) this.#advance(offset);
    this.tell({ kind: 'readings', readings, offset });
  }

  /** What is left out comes with a snapshot in mode `latest`; in mode `log` being told of the gap is all there is. */
  #gap({ from, to, reason }: Extract<ServerFrame, { t: 'gap' }>): void {
    this.#settled = false;
    this.#inSnapshot = false;
    this.#due = this.#isLog() ? 'changes' : 'whole';
    if (this.#isLog()) this.#advance(to);
    this.tell({ kind: 'gap', from, to, reason });
  }

  /** In mode `log` it closes what was missed; in mode `latest` it is what was missed. */
  #snapshot({ offset, rows, done }: Extract<ServerFrame, { t: 'snap' }>): void {
    const first = !this.#inSnapshot;
    this.#inSnapshot = !done;
    this.tell({ kind: 'snapshot', readings: readingsOf(rows, this.#ports), offset, first, done });
    if (!done) return;
    this.#due = null;
    this.#advance(offset);
    if (this.#settled) return;
    this.#settled = true;
    this.tell({ kind: 'settled' });
  }

  #advance(offset: number): void {
    if (this.#epoch === null) return;
    if (this.#position?.epoch === this.#epoch && this.#position.offset >= offset) return;
    this.#position = { epoch: this.#epoch, offset };
  }
}
