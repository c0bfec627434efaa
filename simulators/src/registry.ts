// Speaks with the gateway's REST API, as far as a fleet needs it: registers devices and renews their secrets.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Problem } from '@telltale/gateway/contract';
import { ExpectedFailure, exitStatus, lineReason } from './expected-failure.ts';

/** Attempts while the gateway says that it is busy or that this client is too fast. */
const attemptsMax = 8;
const retryDefaultMs = 1_000;
/** A gateway that asks for a longer pause is asked again after this time all the same. */
const retryHighestMs = 15_000;
const requestTimeoutMs = 20_000;

/** The REST calls of a fleet. */
export type Registry = {
  /** Registers a device. Gives its secret, or null where the device was there already. */
  create(id: string, name: string): Promise<string | null>;
  /** Makes a new secret for a device; the old one is worth nothing from then on. */
  renewSecret(id: string): Promise<string>;
};

/** What a registry client is made from. `url` has no path; `token` is an API token. */
export type RegistrySetup = { url: string; token: string; signal?: AbortSignal };

type Answer = { status: number; body: unknown; retryMs: number };

function retryAfterMs(response: Response): number {
  const seconds = Number(response.headers.get('retry-after') ?? Number.NaN);
  return Number.isFinite(seconds) ? Math.min(seconds * 1000, retryHighestMs) : retryDefaultMs;
}

async function readBody(response: Response): Promise<unknown> {
  try {
    return await response.json();
  } catch {
    return null;
  }
}

/** What the gateway said, for a sentence: its status, and its own words where it gave some. */
function said({ status, body }: Answer): string {
  const problem = typeof body === 'object' && body !== null ? (body as Partial<Problem>) : {};
  const words = [problem.title, problem.detail].filter(part => typeof part === 'string').join(': ');
  return words === '' ? `${status}` : `${status} (${words.slice(0, 300)})`;
}

function unexpected(call: string, expected: string, answer: Answer): ExpectedFailure {
  if (answer.status === 401) {
    return new ExpectedFailure(
      `The gateway refused the token: expected an API token that is valid, it answered ${said(answer)}`,
      exitStatus.configuration,
    );
  }
  if (answer.status === 403) {
    return new ExpectedFailure(
      `The token may not register devices: expected one of an administrator, the gateway answered ${said(answer)}`,
      exitStatus.configuration,
    );
  }
  return new ExpectedFailure(`${call} failed: expected ${expected}, the gateway answered ${said(answer)}`);
}

function secretIn(body: unknown, call: string): string {
  const secret = typeof body === 'object' && body !== null ? (body as { secret?: unknown }).secret : undefined;
  if (typeof secret === 'string' && secret !== '') return secret;
  throw new ExpectedFailure(
    `${call} failed: expected a secret in the answer, got none; is this the gateway's address?`,
  );
}

/** Makes a client; nothing is sent yet. */
export function createRegistry({ url, token, signal }: RegistrySetup): Registry {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };

  const once = async (path: string, body: unknown): Promise<Answer> => {
    const timeout = AbortSignal.timeout(requestTimeoutMs);
    try {
      const response = await fetch(`${url}/api/v1${path}`, {
        method: 'POST',
        headers,
        body: JSON.stringify(body),
        redirect: 'error',
        signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
      });
      return { status: response.status, body: await readBody(response), retryMs: retryAfterMs(response) };
    } catch (error) {
      if (signal?.aborted) throw error;
      const why = timeout.aborted ? `no answer within ${requestTimeoutMs / 1000} s` : lineReason(error);
      throw new ExpectedFailure(`Cannot reach the gateway at ${url}: ${why}`);
    }
  };

  const post = async (path: string, body: unknown): Promise<Answer> => {
    for (let attempt = 1; ; attempt++) {
      const answer = await once(path, body);
      const busy = answer.status === 429 || answer.status === 503;
      if (!busy || attempt === attemptsMax) return answer;
      await sleep(answer.retryMs, undefined, { signal });
    }
  };

  return {
    async create(id, name) {
      const call = `Registering ${id}`;
      const answer = await post('/devices', { id, name });
      if (answer.status === 409) return null;
      if (answer.status !== 201) throw unexpected(call, '201 or 409', answer);
      return secretIn(answer.body, call);
    },
    async renewSecret(id) {
      const call = `Renewing the secret of ${id}`;
      const answer = await post(`/devices/${encodeURIComponent(id)}/secret`, {});
      if (answer.status !== 200) throw unexpected(call, '200', answer);
      return secretIn(answer.body, call);
    },
  };
}
