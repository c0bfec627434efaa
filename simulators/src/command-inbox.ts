// Takes commands in: each is carried out once however often it arrives, none after its time, and every one gets an
// answer. The broker may deliver the same command twice (QoS 1), so the id decides.
import type { CommandAnswer, Millis } from '@telltale/gateway/contract';

/** Answers remembered for repeats. The gateway has at most 100 commands of one device under way. */
const rememberedMax = 200;

/** What became of one delivery. */
export type Handled = { answer: string; repeated: boolean };

/** Carries out a command by name. */
export type Perform = (name: string, params: unknown) => CommandAnswer;

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
  readonly #perform: Perform;
  /** Command id to the answer that was given. Made with the first command: most devices never get one. */
  #answers: Map<string, string> | null = null;

  constructor(perform: Perform) {
    this.#perform = perform;
  }

  /** Handles one delivery of the command `id` at `nowMs` and gives the answer to send, as JSON. */
  handle(id: string, payload: string, nowMs: Millis): Handled {
    this.#answers ??= new Map();
    const known = this.#answers.get(id);
    if (known !== undefined) return { answer: known, repeated: true };
    const answer = JSON.stringify(this.#decide(payload, nowMs));
    this.#answers.set(id, answer);
    if (this.#answers.size > rememberedMax) {
      const [oldest] = this.#answers.keys();
      if (oldest !== undefined) this.#answers.delete(oldest);
    }
    return { answer, repeated: false };
  }

  #decide(payload: string, nowMs: Millis): CommandAnswer {
    const order = readOrder(payload);
    if (typeof order === 'string') return { ok: false, error: order };
    const lateMs = Math.round(nowMs - order.expiresAt);
    if (lateMs >= 0)
      return { ok: false, error: `expired: it came ${lateMs} ms after its time, and was not carried out` };
    return this.#perform(order.name, order.params);
  }
}
