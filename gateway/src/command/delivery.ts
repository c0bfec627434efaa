// Delivery: a command goes to the one connection that is its device, in the order of the requests, and what it waits for
// comes to an end: its life, an answer, a proof. One that does not answer holds up no other ([CMD-5]).
import { type Command, isOpen, limits, type TransitionCause } from '../contract/index.ts';
import type { Clock } from '../lib/clock.ts';
import { Deadlines } from '../lib/deadlines.ts';
import { inBackground, type Ledger } from './ledger.ts';
import { type Entry, sentAt } from './open-commands.ts';
import type { Proving } from './proving.ts';
import { answerEnd, givesWay, isGoingBack, isNoted, isWaiting, lookAt, proofEndOf } from './waiting.ts';

const never = Number.POSITIVE_INFINITY;
/** A device that has said nothing for so long after its PUBACK is not quick: that it has the command is a step then. */
const notedAfterMs = 1_000;
/** What the log refused is tried again after so long. */
const refusedMs = 1_000;

export type DeliveryPorts = {
  clock: Clock;
  /** True where a connection of the device listens for commands. */
  isReachable(device: string): boolean;
  /** Publishes to the one connection that is the device; false where there is none. */
  send(device: string, command: string, payload: string): boolean;
};

export type DeliveryCounters = Record<'sent' | 'sentAgain' | 'notHandedOver' | 'delivered', number>;

export class Delivery {
  private readonly deadlines: Deadlines<Entry>;
  private readonly ledger: Ledger;
  private readonly proving: Proving;
  private readonly ports: DeliveryPorts;
  private readonly counters: DeliveryCounters;

  constructor(ledger: Ledger, proving: Proving, counters: DeliveryCounters, ports: DeliveryPorts) {
    this.ledger = ledger;
    this.proving = proving;
    this.counters = counters;
    this.ports = ports;
    this.deadlines = new Deadlines(ports.clock, entry => this.due(entry));
  }

  /** Sends what waits for the device, in order; all of it goes into the log with the same commit. */
  async sendWaiting(device: string): Promise<void> {
    const repeated = this.ledger.open.of(device).filter(({ command }) => command.state !== 'queued');
    await Promise.all([this.sendQueued(device), ...repeated.map(entry => this.sendIfDue(entry, 'device-connected'))]);
  }

  /**
   * Sends what was not sent yet, in order; nothing overtakes one that is going back. The device may be there before the
   * ledger hears of it, so that a new request finds others that wait.
   */
  async sendQueued(device: string, newest?: Entry): Promise<void> {
    const due = this.queuedOf(device);
    const outcomes = await Promise.allSettled(
      due.map(entry => this.sendIfDue(entry, entry === newest ? 'requested' : 'device-connected')),
    );
    const refused = outcomes.find(({ status }) => status === 'rejected');
    if (refused === undefined) return;
    // The device may stay, and nothing else would send them: the first one sees when there is room.
    const [first] = this.queuedOf(device);
    if (first !== undefined) this.deadlines.set(first, this.ports.clock.elapsed() + refusedMs);
    throw (refused as PromiseRejectedResult).reason;
  }

  /** What may be sent for the first time, in order. */
  private queuedOf(device: string): Entry[] {
    const waiting = this.ledger.open.of(device).filter(isWaiting);
    const back = waiting.findIndex(isGoingBack);
    return back < 0 ? waiting : waiting.slice(0, back);
  }

  /** It was in nobody's hands: as if it had not been sent, unless its life is over or a later one takes its place. */
  private async takeBack(entry: Entry): Promise<void> {
    const { id, device } = entry.command;
    // In one turn, so that it is not sent between two.
    await this.ledger.inTurn(id, async command => {
      if (command?.state !== 'sent') return;
      const timesBefore = command.transitions.filter(({ cause }) => cause === 'connection').length;
      if (this.isOver(entry)) await this.ledger.move(command, 'expired', 'ttl', {});
      else if (timesBefore >= limits.commandNotHandedOverMax) {
        // A device that comes and goes all day would have it grow with each time.
        await this.ledger.move(command, 'failed', 'connection', {});
      } else {
        await this.ledger.move(command, 'queued', 'connection', { attempts: 0, sentAt: null });
        if (entry.newer !== null) await this.ledger.move(entry.command, 'superseded', 'newer', entry.newer);
      }
    });
    await this.sendQueued(device);
  }

  /** The device has it. Most answer at once, and the log has both with the answer. */
  taken(device: string, id: string): void {
    const entry = this.ledger.open.get(id);
    if (entry === undefined || entry.command.device !== device || entry.sending === null) return;
    if (entry.sending.takenAt !== null) return;
    this.counters.delivered++;
    entry.sending.takenAt = this.ports.clock.now();
    entry.sending.notedAt = this.ports.clock.elapsed() + notedAfterMs;
    this.arm(entry);
  }

  /** Hears of every change that is in the log. Publishing happens here, at once, so that the log's order is kept. */
  moved(command: Command, cause: TransitionCause, entry: Entry): void {
    if (!isOpen(command)) return this.forget(entry);
    switch (command.state) {
      case 'queued':
        // The device may be there by now.
        if (cause === 'approved') inBackground(this.sendIfDue(entry, cause));
        break;
      case 'sent':
        if (cause === 'newer' && entry.sending !== null) entry.sending.retryAt = never;
        else if (cause !== 'newer' && cause !== 'delivered') this.handOver(entry);
        break;
      case 'acknowledged':
      case 'unknown':
        entry.sending ??= sentAt(this.ports.clock.elapsed());
        // Whatever was waited for before, the time for proof begins with the answer.
        if (command.state === 'acknowledged') {
          entry.sending.provingSince = this.ports.clock.elapsed();
          this.proving.answered(entry);
        }
        entry.sending.provingSince ??= this.ports.clock.elapsed();
        this.proving.watch(entry);
        break;
    }
    this.arm(entry);
  }

  /**
   * Takes up a command that was open when the gateway stopped. What it waited for goes on as far as it still can. Only
   * what the device says from now on proves it: of what came before nobody can tell whether it came after the sending.
   */
  resume(entry: Entry): void {
    const { state, attempts, answeredAt, reply } = entry.command;
    if (attempts > 0) {
      entry.sending = sentAt(this.ports.clock.elapsed());
      if (state === 'acknowledged') entry.sending.provingSince = this.elapsedAt(answeredAt);
      // That it is unknown now, a full disk may refuse: what does not answer has an end all the same.
      else if (state === 'unknown' || !reply) entry.sending.provingSince = this.ports.clock.elapsed();
      if (entry.sending.provingSince !== null) this.proving.watch(entry);
    }
    this.arm(entry);
  }

  /** Sees to it that the command is looked at when what it waits for is over: of a new one that is its life. */
  arm(entry: Entry): void {
    if (this.ledger.open.get(entry.command.id) !== entry) return this.forget(entry);
    this.deadlines.set(entry, lookAt(entry) ?? this.ports.clock.elapsed() + refusedMs);
  }

  /** Nothing more is to be done for it. */
  forget(entry: Entry): void {
    this.deadlines.clear(entry);
    this.proving.unwatch(entry);
  }

  close(): void {
    this.deadlines.close();
  }

  /** A life is over when it has gone by, and when the clock says so: the device, too, reads `expiresAt`. */
  private isOver({ command, overAt }: Entry): boolean {
    const { clock } = this.ports;
    return command.expiresAt <= clock.now() || overAt <= clock.elapsed();
  }

  private mayRepeat({ command, overAt }: Entry): boolean {
    return command.attempts <= command.retries && this.ports.clock.elapsed() < overAt;
  }

  /** Sends a command where it may be sent now, for the first time or again. Resolves once that is in the log. */
  async sendIfDue(entry: Entry, cause: TransitionCause): Promise<void> {
    const { id, state, device, attempts, needsApproval } = entry.command;
    const isFirst = state === 'queued';
    if (!isFirst && (!(state === 'sent' || state === 'unknown') || isGoingBack(entry) || !this.mayRepeat(entry)))
      return;
    if (this.isOver(entry)) {
      if (isFirst) await this.ledger.change(id, ['queued'], 'expired', 'ttl');
    } else if (givesWay(entry)) {
      await this.ledger.change(id, ['queued'], 'superseded', 'newer', entry.newer ?? {});
    } else if (!needsApproval && this.ports.isReachable(device)) {
      // Two of these at once must not send it twice.
      await this.ledger.change(id, [state], 'sent', cause, now =>
        now.attempts === attempts && (isFirst || (attempts <= now.retries && !this.hasLater(now)))
          ? { attempts: attempts + 1, proof: null, sentAt: now.sentAt ?? this.ports.clock.now() }
          : null,
      );
    }
  }

  /** True where a later one of its key is there already, though the log does not say so of this one yet. */
  private hasLater({ device, id, supersede }: Command): boolean {
    if (supersede === null) return false;
    return this.ledger.open.some(
      device,
      ({ command, isRefused }) =>
        command.supersede === supersede && command.id > id && !command.needsApproval && !isRefused,
    );
  }

  /** *Sent* is in the log before the publish: after a crash it is known that it may have gone out ([CMD-4]). */
  private handOver(entry: Entry): void {
    const { id, device, name, params, expiresAt, attempts, reply } = entry.command;
    const isOver = this.isOver(entry);
    const payload = JSON.stringify({ name, params, expiresAt });
    if (isOver || this.isOvertaking(entry) || !this.ports.send(device, id, payload)) {
      if (!isOver) this.counters.notHandedOver++;
      if (entry.sending !== null) entry.sending.retryAt = never;
      else inBackground(this.takeBack(entry));
      return;
    }
    this.counters[attempts === 1 ? 'sent' : 'sentAgain']++;
    const lastAt = this.ports.clock.elapsed();
    entry.sending ??= sentAt(lastAt);
    entry.sending.lastAt = lastAt;
    entry.sending.retryAt = this.mayRepeat(entry) ? lastAt + entry.command.retryAfterMs : never;
    entry.sending.provingSince = reply ? null : lastAt;
    this.proving.watch(entry);
  }

  /** True for one that would go out for the first time before another that was asked for earlier. */
  private isOvertaking({ command: { device, id }, sending }: Entry): boolean {
    if (sending !== null) return false;
    return this.ledger.open.some(
      device,
      other => other.command.id < id && isWaiting(other) && !this.isOver(other) && !other.isRefused && !givesWay(other),
    );
  }

  private due(entry: Entry): void {
    // Where the disk is full it is tried again, until the log has it.
    this.come(entry).catch(() => this.deadlines.set(entry, this.ports.clock.elapsed() + refusedMs));
  }

  /** What a command waited for has come to its end. */
  private async come(entry: Entry): Promise<void> {
    const { command, sending } = entry;
    const now = this.ports.clock.elapsed();
    const isProofOver = now >= proofEndOf(entry);
    switch (command.state) {
      case 'queued':
        if (now >= entry.overAt) await this.ledger.change(command.id, ['queued'], 'expired', 'ttl');
        else {
          // What the log refused: one alone asks whether there is room by now.
          const [first = entry] = this.queuedOf(command.device);
          await this.sendIfDue(first, 'device-connected');
          await this.sendQueued(command.device);
        }
        break;
      case 'sent':
        if (sending === null) await this.takeBack(entry);
        else if (!command.reply && isProofOver) await this.judge(entry);
        else if (command.reply && now >= answerEnd(entry)) {
          const isOver = () => (this.ports.clock.elapsed() >= answerEnd(entry) ? {} : null);
          await this.ledger.change(command.id, ['sent'], 'timed-out', 'no-answer', isOver);
        } else if (!isNoted(entry) && now >= sending.notedAt) {
          await this.ledger.change(command.id, ['sent'], 'sent', 'delivered', now =>
            now.deliveredAt === null ? {} : null,
          );
        } else if (now >= sending.retryAt) {
          await this.sendIfDue(entry, 'retry');
          if (entry.command === command) sending.retryAt = never;
        }
        break;
      case 'acknowledged':
        await this.judge(entry);
        break;
      case 'unknown':
        if (isProofOver) await this.judge(entry);
        else {
          // It cannot be sent again any more.
          const end = ({ attempts }: Command) => ({ retries: attempts - 1 });
          await this.ledger.change(command.id, ['unknown'], 'unknown', 'ttl', end);
        }
    }
    this.arm(entry);
  }

  /** The time for proof is over, unless it was sent again while the log was busy with it. */
  private async judge(entry: Entry): Promise<void> {
    const { id, state } = entry.command;
    const verdict = this.proving.verdict(entry);
    const isProofless = verdict.state === 'timed-out';
    const to = isProofless && state === 'unknown' ? 'unknown' : verdict.state;
    await this.ledger.change(id, [state], to, isProofless ? 'no-proof' : 'reading', () =>
      this.ports.clock.elapsed() >= proofEndOf(entry) ? { proof: verdict.proof } : null,
    );
  }

  /** A wall time as elapsed time; now where there is none, or where it is still to come. */
  private elapsedAt(at: number | null): number {
    const { clock } = this.ports;
    return clock.elapsed() - (at === null ? 0 : Math.max(0, clock.now() - at));
  }
}
