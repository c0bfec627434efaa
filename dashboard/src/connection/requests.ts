// Commands that wait for their `ok` or `err`. Each is answered exactly once, and "no answer" is an answer of its own:
// the command may have been taken or not, so it is never called a failure.
import type { Code, ServerFrame } from '@telltale/gateway/contract';
import type { Clock } from './clock.ts';

/** More than a person can have under way; a program that sends faster than answers come stops here. */
const requestsMax = 256;
/** The gateway answers after one commit; past this it is in trouble. */
export const requestTimeoutMs = 15_000;

export type CommandOutcome =
  /** It is in the log. That says nothing about the device yet. */
  | { ok: true; command: string }
  | { ok: false; why: 'refused'; code: Code; title: string; detail: string | undefined }
  /** Not sent: there is no connection, or too much waits already. */
  | { ok: false; why: 'not-sent' }
  /** Sent, and the connection was lost or silent. Sending again with the same key is safe. */
  | { ok: false; why: 'unanswered' };

export type Requests = {
  /** Takes an id and hands it to `send`. */
  ask(send: (id: number) => boolean): Promise<CommandOutcome>;
  take(frame: Extract<ServerFrame, { t: 'ok' | 'err' }>): boolean;
  /** What was asked under `id` will not be answered. */
  unanswered(id: number): void;
  /** The connection ended: nothing that waits will be answered. */
  lost(): void;
};

/** `nextId` is shared with the other frames of the connection that carry an id. */
export function createRequests(clock: Clock, nextId: () => number): Requests {
  const waiting = new Map<number, (outcome: CommandOutcome) => void>();

  return {
    ask(send) {
      if (waiting.size >= requestsMax) return Promise.resolve({ ok: false, why: 'not-sent' });
      const id = nextId();
      if (!send(id)) return Promise.resolve({ ok: false, why: 'not-sent' });
      return new Promise(resolve => {
        const cancel = clock.after(requestTimeoutMs, () => settle({ ok: false, why: 'unanswered' }));
        const settle = (outcome: CommandOutcome) => {
          cancel();
          waiting.delete(id);
          resolve(outcome);
        };
        waiting.set(id, settle);
      });
    },

    take(frame) {
      const settle = frame.id === undefined ? undefined : waiting.get(frame.id);
      if (settle === undefined) return false;
      if (frame.t === 'err') {
        settle({ ok: false, why: 'refused', code: frame.code, title: frame.title, detail: frame.detail });
      } else {
        settle(frame.command === undefined ? { ok: false, why: 'unanswered' } : { ok: true, command: frame.command });
      }
      return true;
    },

    unanswered(id) {
      waiting.get(id)?.({ ok: false, why: 'unanswered' });
    },

    lost() {
      for (const settle of [...waiting.values()]) settle({ ok: false, why: 'unanswered' });
    },
  };
}
