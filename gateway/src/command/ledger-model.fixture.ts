// The reference model of the ledger, made from SPEC.md alone: what is known of each command from outside (who asked,
// what was handed over, what the device said and reported, what the clock did), and from that the states that it may be
// in. `judge` says where the ledger is in another.
import { type Command, type CommandAnswer, commandTransitions, isOpen, meets, type Value } from '../contract/index.ts';
import { type Facts, newFacts, type Reading } from './ledger-facts.fixture.ts';
import type { World } from './ledger-world.fixture.ts';

/** Within this time a PUBACK that is followed by no answer is in the log, as long as the command is on its way. */
const takenMsMax = 2_000;
/** How long a device may take to answer at the least. */
const answerMsMin = 10_000;

export class LedgerModel {
  readonly complaints: string[] = [];
  /** A full disk refused something, and the ledger may be behind until the next start. */
  wasRefused = false;
  /** After a start, and after a late answer, the clock is all that tells what came first. */
  private clockWasSet = false;
  private readonly facts = new Map<string, Facts>();
  private readonly world: () => World;
  /** The last record of each command that the log took. */
  private readonly before = new Map<string, Command>();

  constructor(world: () => World) {
    this.world = world;
  }

  /** Ids that were handed over, oldest first. */
  handedOver(device: string): string[] {
    return [...this.facts]
      .filter(([, { asked, handed }]) => asked.device === device && handed.length > 0)
      .map(([id]) => id);
  }

  ids(): string[] {
    return [...this.before.keys()];
  }

  saving(command: Command): void {
    const { clock } = this.world();
    if (this.facts.has(command.id)) return this.decided(command);
    this.expect(command.state === 'queued' && command.transitions.length === 1, command.id, 'begins as queued');
    this.facts.set(command.id, newFacts(command, clock.elapsed() + command.expiresAt - command.createdAt));
  }

  saved(command: Command, refused: boolean): void {
    const facts = this.of(command.id);
    if (refused) {
      this.wasRefused = true;
      facts.blurred = true;
      return;
    }
    const known = this.before.get(command.id);
    // One that somebody has to agree to takes the place of others once they did.
    if ((known?.needsApproval ?? true) && !command.needsApproval) this.supersede(facts);
    this.expect(
      known === undefined || commandTransitions[known.state].includes(command.state),
      command.id,
      `from ${known?.state} to ${command.state} is not in the table`,
    );
    // One whose first step was refused is there with the next one that was taken, and has both.
    const isFirst = known === undefined && facts.blurred;
    const before = isFirst ? command.transitions.slice(0, -1) : (known?.transitions ?? []);
    this.expect(
      JSON.stringify(command.transitions.slice(0, -1)) === JSON.stringify(before),
      command.id,
      'every step is kept, and adds one',
    );
    const now = this.world().clock.elapsed();
    if (command.state === 'sent' && known?.attempts !== command.attempts) {
      facts.sentAt = now;
      facts.restarted = false;
    }
    if (facts.answer !== null && command.answeredAt !== null && known?.answeredAt === null) facts.answer.at = now;
    this.before.set(command.id, structuredClone(command));
  }

  sending(device: string, id: string, taken: boolean): void {
    const { clock, stored } = this.world();
    const facts = this.of(id);
    const record = stored.get(id);
    this.expect(record?.state === 'sent', id, 'is handed over before the log says that it was sent');
    this.expect(device === facts.asked.device, id, 'goes to another device');
    this.expect(clock.elapsed() < facts.overAt, id, 'is handed over after its life went by');
    this.expect(clock.now() < facts.asked.expiresAt, id, 'is handed over after the clock says that it expired');
    this.expect(!facts.cancelled, id, 'is handed over though it was withdrawn');
    this.expect(facts.superseded !== 'yes', id, 'is handed over though a later one took its place');
    this.expect(!facts.asked.needsApproval || facts.approved, id, 'is handed over though nobody agreed');
    const again = facts.handed.length > 0;
    this.expect(facts.handed.length <= facts.asked.retries, id, 'is handed over too often');
    this.expect(!again || !facts.isLate, id, 'is sent again though a later one of its key is there');
    // Back in the queue, it was to give way to the later one.
    const wasBack = record?.transitions.some(({ cause }) => cause === 'connection') ?? false;
    this.expect(!wasBack || again || !facts.isLate, id, 'is handed over though a later one of its key waits behind it');
    if (!again && taken) this.inOrder(facts, id);
    if (!taken) return;
    if (!again) facts.sentWall = clock.now();
    facts.restarted = false;
    facts.handed.push(clock.elapsed());
  }

  /** The device's PUBACK: when it came, and since when that has to be in the log. */
  taken(id: string): void {
    const facts = this.facts.get(id);
    if (facts === undefined || facts.handed.length === 0 || facts.takenBy !== null) return;
    facts.takenBy = this.world().clock.elapsed() + takenMsMax;
  }

  answered(device: string, id: string, answer: CommandAnswer): void {
    const facts = this.facts.get(id);
    if (facts === undefined || facts.asked.device !== device || facts.answer !== null) return;
    if (facts.handed.length === 0) {
      // It was perhaps sent by a gateway that was killed right then.
      const { stored, underWay } = this.world();
      if (underWay > 0 || stored.get(id)?.state !== 'queued') facts.blurred = true;
      return;
    }
    facts.answer = { ok: answer.ok, at: this.world().clock.elapsed() };
    facts.blurred ||= facts.readings.some(({ at }) => at === facts.answer?.at);
    // Of a device that is said not to answer, and does: whether the time for proof begins anew is left open.
    if (!facts.asked.reply) facts.blurred = true;
    this.prove(facts);
  }

  reading(device: string, metric: string, value: Value, ts: number): void {
    const at = this.world().clock.elapsed();
    for (const facts of this.facts.values()) {
      if (facts.asked.device !== device || Number.isNaN(facts.decidedWall)) continue;
      const isNew = facts.handed.length > 0 && ts >= facts.sentWall;
      // After a start the log alone tells when it was sent, which is when that was decided.
      if (!isNew && ts >= facts.decidedWall) facts.early.push({ metric, value, ts, at });
      // Whether it was taken before or after cannot be told within the same millisecond.
      if (isNew && ts === facts.sentWall) facts.blurred ||= facts.asked.expect.some(each => each.metric === metric);
      // Which of the two came first cannot be told.
      facts.blurred ||= facts.answer?.at === at && facts.asked.expect.some(each => each.metric === metric);
      // At the very end of its time it may count or not.
      facts.blurred ||= facts.asked.expect.some(each => this.windowEnd(facts, each.withinMs) === at);
      if (isNew || (facts.blurred && facts.handed.length > 0)) facts.readings.push({ metric, value, ts, at });
      this.prove(facts);
    }
  }

  cancelled(id: string): void {
    this.expect(this.of(id).handed.length === 0, id, 'is withdrawn though it was handed over');
    this.of(id).cancelled = true;
  }

  approved(id: string): void {
    this.of(id).approved = true;
  }

  restarted(): void {
    const { clock } = this.world();
    const wall = clock.now();
    for (const [id, facts] of this.facts) {
      // What the log had not taken was never there.
      const record = this.world().stored.get(id);
      if (record === undefined) {
        this.facts.delete(id);
        continue;
      }
      // How long it was down is what the clock says.
      const leftMs = Math.max(record.updatedAt, record.createdAt) > wall ? 0 : facts.asked.expiresAt - wall;
      if (isOpen(record)) facts.overAt = clock.elapsed() + leftMs;
      if (record.deliveredAt === null) facts.takenBy = null;
      // An answer that the log had not taken was not acknowledged to the device, which sends it again.
      if (record.answeredAt === null) facts.answer = null;
      if (record.proof === null) facts.provedAt = null;
      facts.approved &&= !record.needsApproval;
      facts.later = [...this.world().stored.values()].some(
        ({ device, supersede, needsApproval, id: newer }) =>
          device === record.device &&
          supersede !== null &&
          supersede === record.supersede &&
          !needsApproval &&
          newer > id,
      );
      facts.handedBefore = facts.handed.length;
      if (record.state === 'sent') facts.restarted = true;
      if (record.state === 'sent' && facts.handed.length === 0) facts.blurred = true;
      if (facts.asked.expect.length > 0 && facts.handed.length > 0) {
        facts.blurred = true;
        facts.readings.push(...facts.early);
      }
      if (facts.superseded === 'yes' && record.state === 'queued') facts.superseded = 'perhaps';
      if (facts.cancelled && record.state === 'queued') this.complain(id, 'was withdrawn, and the log does not say so');
    }
  }

  /** The clock was set: the readings' times and the gateway's do not belong together any more. */
  clockSet(): void {
    this.clockWasSet = true;
    for (const facts of this.facts.values()) {
      if (facts.asked.expect.length > 0) facts.blurred = true;
    }
  }

  /** Compares all commands with the ledger's; while commits are under way only what is certain even then. */
  judge(): void {
    const { clock, stored, underWay } = this.world();
    for (const [id, facts] of this.facts) {
      const record = stored.get(id);
      facts.wasExpired ||= clock.now() >= facts.asked.expiresAt;
      if (record === undefined || underWay > 0) continue;
      // An answer to what was never handed over is no device's.
      if (!facts.blurred || facts.handed.length > 0) this.evidence(facts, record);
      // Whether one that could not be handed over again begins a further time for proof is left open.
      const { asked, handed, sentAt } = facts;
      if (!asked.reply && handed.length > 0 && handed.at(-1) !== sentAt) facts.blurred = true;
      if (facts.blurred) continue;
      const allowed = this.allowed(facts);
      const seen = record.transitions.map(({ state, cause }) => `${state} (${cause})`).join(' ');
      this.expect(allowed.includes(record.state), id, `may be ${allowed.join(' or ') || 'nothing'}, and went ${seen}`);
      const isDue = facts.takenBy !== null && clock.elapsed() >= facts.takenBy && record.state === 'sent';
      this.expect(!isDue || record.deliveredAt !== null, id, 'the device has it, and the log does not say so');
      this.expect(
        record.deliveredAt === null || facts.takenBy !== null || record.answeredAt !== null,
        id,
        'is called delivered, and the device said nothing',
      );
      if (facts.answer !== null) {
        this.expect(record.answeredAt !== null, id, `was answered, and that is not kept: ${seen}`);
      }
    }
  }

  private allowed(facts: Facts): Command['state'][] {
    const { clock, reachable } = this.world();
    const { asked, handed } = facts;
    if (facts.cancelled) return ['cancelled'];
    if (handed.length > 0) return this.afterSending(facts);
    if (facts.superseded === 'yes') return ['superseded'];
    if (clock.elapsed() >= facts.overAt)
      return facts.superseded === 'perhaps' ? ['expired', 'superseded'] : ['expired'];
    const waiting: Command['state'][] = ['queued'];
    if (facts.superseded === 'perhaps') waiting.push('superseded');
    facts.wasExpired ||= clock.now() >= asked.expiresAt;
    if (facts.wasExpired) waiting.push('expired');
    // There and not sent: it waits for nothing, unless the clock says, or has said, that it is over.
    const isDue = reachable.has(asked.device) && (!asked.needsApproval || facts.approved) && !facts.wasExpired;
    return isDue ? waiting.filter(state => state !== 'queued') : waiting;
  }

  private afterSending(facts: Facts): Command['state'][] {
    const { clock } = this.world();
    const now = clock.elapsed();
    const { asked, answer, handed } = facts;
    const firstAt = handed[0] as number;
    const lastAt = Math.max(firstAt, facts.sentAt);
    if (facts.provedAt !== null) return ['verified'];
    if (answer !== null && !answer.ok) return asked.reply ? ['rejected'] : ['rejected', 'contradicted', 'timed-out'];
    if (answer !== null && asked.expect.length === 0) return ['acknowledged'];
    const provingMs = Math.max(0, ...asked.expect.map(({ withinMs }) => withinMs));
    if (answer !== null && asked.reply) return now < answer.at + provingMs ? ['acknowledged'] : [this.verdict(facts)];
    if (facts.restarted) return ['unknown'];
    if (!asked.reply) {
      const waits: Command['state'][] = answer === null ? ['sent'] : ['acknowledged', 'sent'];
      const over: Command['state'][] = [this.verdict(facts), 'acknowledged'];
      return now < lastAt + provingMs ? waits : over;
    }
    const { overAt } = facts;
    // Of one that could not be handed over again after a start it is not known how long the device has had.
    const leastAt = handed.length > facts.handedBefore ? Math.max(overAt, firstAt + answerMsMin) : overAt;
    if (now < leastAt) return ['sent'];
    const timedOut: Command['state'][] = ['timed-out', 'contradicted'];
    return now < Math.max(overAt, lastAt + answerMsMin) ? ['sent', ...timedOut] : timedOut;
  }

  private verdict(facts: Facts): 'contradicted' | 'timed-out' {
    const isUnmet = facts.asked.expect.some(expectation => {
      const newest = this.newest(facts, expectation.metric, this.windowEnd(facts, expectation.withinMs));
      // What did not fit before the answer says nothing against it.
      const isEarly = newest !== undefined && facts.answer !== null && newest.at < facts.answer.at;
      return newest !== undefined && !meets(expectation, newest.value) && !isEarly;
    });
    return isUnmet ? 'contradicted' : 'timed-out';
  }

  private windowEnd({ answer, asked, sentAt }: Facts, withinMs: number): number {
    if (!asked.reply) return sentAt + withinMs;
    return answer === null ? Number.POSITIVE_INFINITY : answer.at + withinMs;
  }

  private newest({ readings }: Facts, metric: string, until: number): Reading | undefined {
    return readings
      .filter(reading => reading.metric === metric && reading.at < until)
      .reduce<Reading | undefined>(
        (newest, next) => (newest === undefined || next.ts >= newest.ts ? next : newest),
        undefined,
      );
  }

  /** Notes the first moment at which all that was expected was seen. */
  private prove(facts: Facts): void {
    const { asked, answer } = facts;
    if (asked.expect.length === 0 || facts.provedAt !== null || (answer !== null && !answer.ok)) return;
    const { stored, underWay } = this.world();
    const state = stored.get(asked.id)?.state;
    // Its end may have been decided already.
    if (underWay > 0) facts.blurred = true;
    if (state === 'timed-out' || state === 'contradicted' || state === 'rejected') {
      if (answer?.at !== this.world().clock.elapsed()) return;
      // A late answer opens it again; whether readings from before it count then is left open.
      facts.blurred = true;
      return;
    }
    const isMet = asked.expect.every(expectation => {
      const newest = this.newest(facts, expectation.metric, this.windowEnd(facts, expectation.withinMs));
      return newest !== undefined && meets(expectation, newest.value);
    });
    if (isMet) facts.provedAt = this.world().clock.elapsed();
  }

  /** What has to be there for a verdict, however it came about. */
  private evidence({ asked, readings, handed }: Facts, { id, state, proof, attempts }: Command): void {
    if (handed.length === 0) {
      this.expect(
        !['acknowledged', 'rejected', 'verified', 'contradicted'].includes(state) || attempts > 0,
        id,
        `is ${state} and was never sent`,
      );
    } else {
      this.expect(
        !['queued', 'expired', 'cancelled', 'superseded'].includes(state),
        id,
        `is ${state} though it was handed over`,
      );
    }
    if (state === 'verified') {
      const isShown = asked.expect.every(each =>
        readings.some(one => one.metric === each.metric && meets(each, one.value)),
      );
      this.expect(
        (isShown || this.clockWasSet) && asked.expect.length > 0,
        id,
        'is verified, and no reading after it was sent shows it',
      );
      this.expect(proof?.every(({ met }) => met) ?? false, id, 'is verified by a proof that does not meet');
    }
    if (state === 'contradicted') {
      const isShown = asked.expect.some(each =>
        readings.some(one => one.metric === each.metric && !meets(each, one.value)),
      );
      this.expect(isShown || this.clockWasSet, id, 'is contradicted, and no reading after it was sent shows it');
      this.expect(proof?.some(({ met }) => !met) ?? false, id, 'is contradicted by a proof that meets');
    }
  }

  private supersede(newer: Facts): void {
    const { supersede, device, id } = newer.asked;
    if (supersede === null) return;
    for (const facts of this.facts.values()) {
      if (facts.asked.device !== device || facts.asked.supersede !== supersede || facts.asked.id >= id) continue;
      facts.later = true;
      const { underWay, stored } = this.world();
      const state = stored.get(facts.asked.id)?.state;
      // One that is called sent goes out, or waits again.
      const isOut = facts.handed.length > 0 || (state !== 'queued' && state !== 'sent');
      if (isOut || facts.superseded === 'yes') continue;
      const isCertain =
        state === 'queued' && underWay === 0 && this.world().clock.elapsed() < facts.overAt && !facts.cancelled;
      facts.superseded = isCertain ? 'yes' : 'perhaps';
    }
  }

  /** Nothing older that could go may still wait where it goes out for the first time. */
  private inOrder(facts: Facts, id: string): void {
    const { clock, stored } = this.world();
    for (const [otherId, other] of this.facts) {
      if (otherId >= id || other.asked.device !== facts.asked.device || other.handed.length > 0) continue;
      // One that somebody had to agree to goes when they did.
      const state = stored.get(otherId)?.state;
      const waits = (state === 'queued' || state === 'sent') && !other.asked.needsApproval;
      const isOver = clock.elapsed() >= other.overAt || clock.now() >= other.asked.expiresAt;
      const isOut = isOver || other.cancelled || other.superseded !== 'no' || other.blurred;
      this.expect(!waits || isOut, id, `overtakes ${otherId}`);
    }
  }

  private decided(command: Command): void {
    const facts = this.of(command.id);
    const isSending = command.state === 'sent' && command.transitions.at(-1)?.cause !== 'delivered';
    if (isSending) facts.isLate = facts.later;
    if (isSending && command.attempts === 1) facts.decidedWall = this.world().clock.now();
    const { device, name, expiresAt, by } = facts.asked;
    const isSame =
      command.device === device && command.name === name && command.expiresAt === expiresAt && command.by === by;
    this.expect(isSame, command.id, 'is another command than was asked for');
  }

  private of(id: string): Facts {
    const facts = this.facts.get(id);
    if (facts === undefined) throw new Error(`nobody asked for ${id}`);
    return facts;
  }

  private expect(isTrue: boolean, id: string, otherwise: string): void {
    if (!isTrue) this.complain(id, otherwise);
  }

  private complain(id: string, what: string): void {
    this.complaints.push(`${id.slice(-6)} ${what}`);
  }
}
