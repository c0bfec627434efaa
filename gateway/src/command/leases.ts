// Leases: a person may have a device for himself for a while, so that two do not fight over it ([CMD-11]).
// Invariant: a device has one holder at the most, and none a moment longer than was asked for. In memory alone, so that
// a restart frees every device: whoever works on one has a page that takes it again, and a lock that outlives the
// gateway would keep people out for no reason that anybody still knows.
// Full: there is one lease for a device, and so as many as there may be devices.
import { type Lease, type LeaseRequest, limits, personOf, Refusal } from '../contract/index.ts';
import type { Clock, Timer } from '../lib/clock.ts';
import type { Requester } from './command.ts';

/** Those that are over are looked for no more often than this. Whether one still holds is asked of the clock itself. */
const sweepMsMin = 100;

/** What happened to a lease, for the audit trail. `by` is null where nobody did it. */
export type LeaseStep = {
  what: 'taken' | 'taken-over' | 'released' | 'ended';
  device: string;
  at: number;
  by: string | null;
  from: string | null;
  reason: string | null;
  detail: { holder: string; cause?: 'time' | 'device-deleted'; before?: string };
};

export type LeasePorts = {
  clock: Clock;
  /** Keeps what was done; renewals are not told. */
  record(step: LeaseStep): void;
  /** Another has the device now, or nobody, or its holder has it for longer. */
  changed(device: string): void;
};

export type LeaseCounters = Record<'taken' | 'takenOver' | 'renewed' | 'released' | 'ended' | 'refused', number>;

type Held = { holder: string; since: number; overAt: number; reason: string | null };

export class Leases {
  readonly counters: LeaseCounters = { taken: 0, takenOver: 0, renewed: 0, released: 0, ended: 0, refused: 0 };
  private readonly held = new Map<string, Held>();
  private timer: (Timer & { at: number }) | null = null;
  private readonly ports: LeasePorts;

  constructor(ports: LeasePorts) {
    this.ports = ports;
  }

  /** Who has the device now, or null. */
  of(device: string): Lease | null {
    const held = this.holding(device);
    return held === null ? null : this.tell(held);
  }

  /**
   * Takes a device that is there, or prolongs one's own lease, whose reason stays where none is given. Throws
   * Refusal('controlled') where another person has it, unless it is to be taken over, which needs a reason.
   */
  take(
    device: string,
    { ttlMs = limits.leaseMsDefault, reason, takeOver = false }: LeaseRequest,
    { by, from }: Requester,
  ): Lease {
    const { clock } = this.ports;
    const holder = personOf(by);
    const before = this.holding(device);
    const isOwn = before?.holder === holder;
    if (before !== null && !isOwn) this.needTakeOver(before, takeOver, reason);
    const now = clock.now();
    const held: Held = {
      holder,
      since: isOwn ? before.since : now,
      overAt: clock.elapsed() + ttlMs,
      reason: reason ?? (isOwn ? before.reason : null),
    };
    this.held.set(device, held);
    this.arm(held.overAt);
    if (isOwn) {
      this.counters.renewed++;
    } else {
      this.counters[before === null ? 'taken' : 'takenOver']++;
      const detail = { holder, ...(before !== null && { before: before.holder }) };
      const what = before === null ? 'taken' : 'taken-over';
      this.ports.record({ what, device, at: now, by, from, reason: held.reason, detail });
    }
    this.ports.changed(device);
    return this.tell(held);
  }

  /**
   * Gives one's own lease back; `any` ends another's, too. Nothing to give back is as good. Throws
   * Refusal('controlled') where another person has it.
   */
  release(device: string, { by, from }: Requester, any = false): void {
    const held = this.holding(device);
    if (held === null) return;
    const isOwn = held.holder === personOf(by);
    if (!isOwn && !any) throw this.refusal(held);
    this.held.delete(device);
    this.counters[isOwn ? 'released' : 'ended']++;
    const { holder } = held;
    const at = this.ports.clock.now();
    this.ports.record({ what: isOwn ? 'released' : 'ended', device, at, by, from, reason: null, detail: { holder } });
    this.ports.changed(device);
  }

  /** Throws Refusal('controlled') where another person than the one behind `by` has the device. */
  check(device: string, by: string): void {
    const held = this.holding(device);
    if (held !== null && held.holder !== personOf(by)) throw this.refusal(held);
  }

  /** A device that is gone is nobody's. */
  deviceDeleted(device: string): void {
    if (this.holding(device) !== null) this.end(device, 'device-deleted');
  }

  count(): number {
    return this.held.size;
  }

  close(): void {
    this.timer?.cancel();
    this.timer = null;
  }

  private needTakeOver(before: Held, takeOver: boolean, reason: string | undefined): void {
    if (!takeOver) throw this.refusal(before);
    if (reason === undefined) {
      throw new Refusal('bad_request', `reason: expected why the device is taken from ${before.holder}, got none`);
    }
  }

  private refusal(held: Held): Refusal {
    this.counters.refused++;
    const { by, until, reason } = this.tell(held);
    const why = reason === null ? '' : ` (${reason})`;
    return new Refusal('controlled', `${by} controls it until ${new Date(until).toISOString()}${why}`);
  }

  private holding(device: string): Held | null {
    const held = this.held.get(device);
    return held === undefined || this.leftMs(held) <= 0 ? null : held;
  }

  /** What is left, as it goes by: a wall clock that is set neither prolongs nor cuts a lease ([RUN-3]). */
  private leftMs({ overAt }: Held): number {
    return overAt - this.ports.clock.elapsed();
  }

  private tell(held: Held): Lease {
    const { holder, since, reason } = held;
    return { by: holder, since, until: Math.round(this.ports.clock.now() + this.leftMs(held)), reason };
  }

  private end(device: string, cause: 'time' | 'device-deleted'): void {
    const held = this.held.get(device);
    if (held === undefined) return;
    this.held.delete(device);
    this.counters.ended++;
    const { holder } = held;
    const at = this.ports.clock.now();
    this.ports.record({ what: 'ended', device, at, by: null, from: null, reason: null, detail: { holder, cause } });
    this.ports.changed(device);
  }

  /** One timer for all: it is set to the first that will be over. */
  private arm(at: number): void {
    if (this.timer !== null && this.timer.at <= at) return;
    this.timer?.cancel();
    const waitMs = Math.max(at - this.ports.clock.elapsed(), sweepMsMin);
    this.timer = { at, ...this.ports.clock.after(waitMs, () => this.sweep()) };
  }

  private sweep(): void {
    this.timer = null;
    let next = Number.POSITIVE_INFINITY;
    for (const [device, held] of this.held) {
      if (this.leftMs(held) <= 0) this.end(device, 'time');
      else next = Math.min(next, held.overAt);
    }
    if (next < Number.POSITIVE_INFINITY) this.arm(next);
  }
}
