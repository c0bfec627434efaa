// Sending one command: the key is kept until the gateway has answered clearly, so that asking again after a broken
// connection cannot send it twice.

import type { Command, CommandRequest } from '@telltale/gateway/contract';
import { useRef, useState } from 'preact/hooks';
import { ApiError } from '../history/rest.ts';
import { useApp } from '../ui/app-context.ts';

/**
 * True where nobody knows whether the gateway took the command: no answer, one from something in between, or a fault
 * of the gateway. Only its own refusal says that nothing was taken.
 */
export function isUncertain(error: unknown): boolean {
  return !(error instanceof ApiError && error.kind === 'problem' && error.status !== null && error.status < 500);
}

/** `randomUUID` is missing on pages without TLS, and a plant's network often has none. */
function newKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), byte => byte.toString(16).padStart(2, '0')).join('');
}

export type Sending<Request = CommandRequest> = {
  readonly busy: boolean;
  /** Null where the last attempt went well, or none was made. */
  readonly error: unknown;
  /** True when the gateway has the command. The same request again, after an uncertain end, is the same command. */
  send(request: Request): Promise<boolean>;
};

/** `sent` gets the command as the gateway's log has it. */
export function useSending(device: string, sent: (command: Command) => void): Sending {
  const { api } = useApp();
  return useKeyedSending((request: CommandRequest, key) => api.sendCommand(device, request, key), sent);
}

/** The same for whatever is asked for with a key. */
export function useKeyedSending<Request, Answer>(
  ask: (request: Request, key: string) => Promise<Answer>,
  sent: (answer: Answer) => void,
): Sending<Request> {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const pending = useRef<{ key: string; content: string } | null>(null);

  const send = async (request: Request) => {
    const content = JSON.stringify(request);
    if (pending.current?.content !== content) pending.current = { key: newKey(), content };
    setBusy(true);
    setError(null);
    try {
      sent(await ask(request, pending.current.key));
      pending.current = null;
      return true;
    } catch (failure) {
      if (!isUncertain(failure)) pending.current = null;
      setError(failure);
      return false;
    } finally {
      setBusy(false);
    }
  };
  return { busy, error, send };
}
