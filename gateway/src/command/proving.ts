// Proof: whether the device's own readings show what a command was expected to do ([CMD-6]). A reading counts where it
// came after the command was sent, and was not taken before that by the device's own clock, as far as that is known.
import { type Command, meets, type Proof, type Value } from '../contract/index.ts';
import type { Clock } from '../lib/clock.ts';
import type { Entry, Sending } from './open-commands.ts';

/** The readings of one commit, as the store has them; times are Unix milliseconds. */
export type Readings = {
  readonly count: number;
  series(i: number): number;
  ts(i: number): number;
  receivedAt(i: number): number;
  value(i: number): Value;
};

export type ProvingPorts = {
  clock: Clock;
  seriesName(series: number): { device: string; metric: string } | undefined;
  /** How far a device's clock is ahead of the gateway's, by the readings that came quickest; null where none did. */
  clockAheadMs(device: string): number | null;
};

/** What came of a command whose time for proof is over. */
export type Verdict = { state: 'verified' | 'contradicted' | 'timed-out'; proof: Proof[] };

/** When the readings of a command cannot decide any more, in milliseconds after its answer. */
export const provingMs = ({ expect }: Pick<Command, 'expect'>): number =>
  Math.max(0, ...expect.map(({ withinMs }) => withinMs));

/** A clock may be so far behind without a doubt whether it is that, or what the device sends is old. */
const behindMs = 1_000;
/** By so much one reading is on its way longer than another. */
const jitterMs = 100;

export class Proving {
  /** By device, the commands that wait for its readings. Readings of all others cost one look-up. */
  private readonly watched = new Map<string, Set<Entry>>();
  private readonly ports: ProvingPorts;
  private readonly proved: (entry: Entry, proof: Proof[]) => void;

  /** `proved` is called as soon as every expectation of a command is met. */
  constructor(ports: ProvingPorts, proved: (entry: Entry, proof: Proof[]) => void) {
    this.ports = ports;
    this.proved = proved;
  }

  /** Looks at the device's readings from now on. */
  watch(entry: Entry): void {
    const { command, sending } = entry;
    const { device, expect } = command;
    if (expect.length === 0 || sending === null || sending.newest !== null) return;
    sending.newest = expect.map(() => null);
    // Of a clock that nothing was heard of yet, what was kept for an hour would look like one that is an hour behind.
    sending.clockAheadMs = this.ports.clockAheadMs(device) ?? 0;
    const others = this.watched.get(device) ?? new Set();
    this.watched.set(device, others.add(entry));
  }

  /** The device says that it is done only now: what did not fit before says nothing against it. */
  answered({ sending }: Entry): void {
    if (sending?.newest) sending.newest = sending.newest.map(proof => (proof?.met === true ? proof : null));
  }

  unwatch(entry: Entry): void {
    const { device } = entry.command;
    const others = this.watched.get(device);
    others?.delete(entry);
    if (others?.size === 0) this.watched.delete(device);
  }

  /** Takes in the readings of a commit. */
  readings(run: Readings): void {
    if (this.watched.size === 0) return;
    for (let i = 0; i < run.count; i++) {
      const name = this.ports.seriesName(run.series(i));
      const entries = name === undefined ? undefined : this.watched.get(name.device);
      if (name === undefined || entries === undefined) continue;
      for (const entry of entries) {
        if (this.take(entry, name.metric, run.ts(i), run.receivedAt(i), run.value(i))) this.decide(entry);
      }
    }
  }

  /** What the readings came to. Nothing that tells is no proof, and no contradiction either. */
  verdict(entry: Entry): Verdict {
    const proof = proofOf(entry);
    if (proof.every(({ met }) => met)) return { state: 'verified', proof };
    const isContradicted = proof.some(({ met, value }) => !met && value !== null);
    return { state: isContradicted ? 'contradicted' : 'timed-out', proof };
  }

  private decide(entry: Entry): void {
    if (entry.sending?.newest?.every(proof => proof?.met === true)) this.proved(entry, proofOf(entry));
  }

  /** Notes a reading where it counts for one of the expectations, and says whether it did. */
  private take(entry: Entry, metric: string, ts: number, receivedAt: number, value: Value): boolean {
    const { command, sending } = entry;
    if (sending === null || sending.newest === null || !this.counts(sending, ts, receivedAt)) return false;
    const { newest, provingSince } = sending;
    const now = this.ports.clock.elapsed();
    let counted = false;
    for (const [i, expectation] of command.expect.entries()) {
      if (expectation.metric !== metric) continue;
      if (provingSince !== null && now > provingSince + expectation.withinMs) continue;
      if (ts < (newest[i]?.ts ?? Number.NEGATIVE_INFINITY)) continue;
      newest[i] = { metric, ts, value, met: meets(expectation, value) };
      counted = true;
    }
    return counted;
  }

  /** Both times as they went by: a clock that was set in between does not matter. */
  private counts(sending: Sending, ts: number, receivedAt: number): boolean {
    const { clock } = this.ports;
    const arrivedAt = clock.elapsed() - Math.max(0, clock.now() - receivedAt);
    if (arrivedAt <= sending.firstAt) return false;
    const known = sending.clockAheadMs ?? 0;
    const ahead = Math.max(known, ts - receivedAt);
    sending.clockAheadMs = ahead;
    // The clock is less far behind than it seemed: rather, the device sends what it had kept, and this is of that, too.
    if (known < -behindMs && ahead > known + jitterMs) sending.keptUntil = Math.max(sending.keptUntil, ts);
    if (ts <= sending.keptUntil) return false;
    const takenAt = arrivedAt - Math.max(0, receivedAt - (ts - ahead));
    return takenAt > sending.firstAt;
  }
}

function proofOf({ command, sending }: Entry): Proof[] {
  return command.expect.map(({ metric }, i) => sending?.newest?.[i] ?? { metric, ts: null, value: null, met: false });
}
