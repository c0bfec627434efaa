// Takes commands in: each is carried out once however often it arrives, none after its time, and every one gets an
// answer. The broker may deliver the same command twice (QoS 1), and the gateway may send it again, so the id decides.
// How soon, and how truly, is up to the device's faults. When too many are put off, a further one is refused.
import type { CommandAnswer, Millis } from '@telltale/gateway/contract';
import type { Conduct } from './faults/fault.ts';

/** Answers remembered for repeats. The gateway has at most 100 commands of one device under way. */
const rememberedMax = 200;
/** What is put off at once: commands that are not carried out yet, and answers that are not given yet. */
const putOffMax = 200;
const busy = JSON.stringify({ ok: false, error: `busy: ${putOffMax} commands wait already` });

/** What the inbox needs of the device that it sits in. */
export type InboxPorts = {
  conduct(expiresAt: Millis, nowMs: Millis): Conduct;
  perform(name: string, params: unknown): CommandAnswer;
  now(): Millis;
  /** Does something after a while; never, where the device is switched off before. */
  later(afterMs: Millis, task: () => void): void;
  answer(id: string, answer: string): void;
  /** Told after each command that was answered with ok, and before any answer that takes longer. */
  carriedOut(): void;
  /** Cuts the line, and stays away for so long. */
  cut(awayMs: Millis): void;
  /** Told once for each delivery. */
  counted(repeated: boolean): void;
};

type Order = { name: string; params: unknown; expiresAt: Millis };

/** Reads the payload of a command; a text says what is wrong with it. */
function readOrder(payload: string): Order | string {
  let body: unknown;
  try {
    body = JSON.parse(payload);
  } catch {
    return 'expected a command as JSON, got something else';
  }
  if (typeof body !== 'object' || body === null) return 'expected a JSON object with name, params and expiresAt';
  const { name, params, expiresAt } = body as Record<string, unknown>;
  if (typeof name !== 'string') return 'expected name to be a text';
  if (typeof expiresAt !== 'number') return 'expected expiresAt to be a time in Unix milliseconds';
  return { name, params, expiresAt };
}

/** The commands that one device has seen. */
export class CommandInbox {
  readonly #ports: InboxPorts;
  /** Command id to the answer that was given. */
  readonly #answers = new Map<string, string>();
  /** Ids of those that are taken in and not carried out. */
  readonly #underWay = new Set<string>();
  #putOff = 0;

  constructor(ports: InboxPorts) {
    this.#ports = ports;
  }

  /** Takes one delivery of the command `id`. */
  take(id: string, payload: string): void {
    const { conduct, now, answer, counted } = this.#ports;
    const order = readOrder(payload);
    const conducted = conduct(typeof order === 'string' ? now() : order.expiresAt, now());
    const known = this.#answers.get(id);
    counted(known !== undefined || this.#underWay.has(id));
    if (this.#underWay.has(id)) return;
    if (this.#putOff >= putOffMax) return answer(id, known ?? busy);
    if (known !== undefined) return this.#answer(id, known, conducted);
    this.#underWay.add(id);
    this.#after(conducted.beforeMs, () => this.#carryOut(id, order, conducted));
  }

  #carryOut(id: string, order: Order | string, conduct: Conduct): void {
    this.#underWay.delete(id);
    const { carriedOut, cut } = this.#ports;
    const { dies } = conduct;
    // Who dies before it is carried out has forgotten it; when it is sent again it is new.
    if (dies !== null && !dies.carriedOut) return cut(dies.awayMs);
    const decided: CommandAnswer = conduct.lies ? { ok: true } : this.#decide(order);
    const answer = JSON.stringify(decided);
    this.#remember(id, answer);
    if (dies !== null) return cut(dies.awayMs);
    this.#answer(id, answer, conduct);
    if (decided.ok) carriedOut();
  }

  #answer(id: string, text: string, { answersAfterMs }: Conduct): void {
    for (const afterMs of answersAfterMs) this.#after(afterMs, () => this.#ports.answer(id, text));
  }

  #after(ms: Millis, task: () => void): void {
    if (ms <= 0) return task();
    this.#putOff++;
    this.#ports.later(ms, () => {
      this.#putOff--;
      task();
    });
  }

  #remember(id: string, answer: string): void {
    this.#answers.set(id, answer);
    if (this.#answers.size <= rememberedMax) return;
    const [oldest] = this.#answers.keys();
    if (oldest !== undefined) this.#answers.delete(oldest);
  }

  #decide(order: Order | string): CommandAnswer {
    if (typeof order === 'string') return { ok: false, error: order };
    const lateMs = Math.round(this.#ports.now() - order.expiresAt);
    if (lateMs >= 0)
      return { ok: false, error: `expired: it came ${lateMs} ms after its time, and was not carried out` };
    return this.#ports.perform(order.name, order.params);
  }
}
