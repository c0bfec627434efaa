// Speaks with the gateway's REST API: waits where the gateway is busy, and says in one sentence what went wrong.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Problem } from '@telltale/gateway/contract';
import { ExpectedFailure, exitStatus, lineReason } from './expected-failure.ts';

/** Attempts while the gateway says that it is busy or that this client is too fast. */
const attemptsMax = 8;
const retryDefaultMs = 1_000;
/** A gateway that asks for a longer pause is asked again after this time all the same. */
const retryHighestMs = 15_000;
const requestTimeoutMs = 20_000;

/** What a client is made from. `url` has no path; `token` is an API token. */
export type RestSetup = { url: string; token: string; signal?: AbortSignal };

/** An answer that came; `retryMs` is how long to wait before asking again. */
export type Answer = { status: number; body: unknown; retryMs: number };

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

/** Sends a request. Throws `ExpectedFailure` where the gateway cannot be reached. */
export type Request = (method: 'GET' | 'POST' | 'PUT', path: string, body?: unknown) => Promise<Answer>;

/** The sentence for an answer that was not expected. */
export function unexpected(call: string, expected: string, answer: Answer): ExpectedFailure {
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

/** Makes a client; nothing is sent yet. */
export function createRest({ url, token, signal }: RestSetup): Request {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };

  const once: Request = async (method, path, body) => {
    const timeout = AbortSignal.timeout(requestTimeoutMs);
    try {
      const response = await fetch(`${url}/api/v1${path}`, {
        method,
        headers,
        ...(body !== undefined && { body: JSON.stringify(body) }),
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

  return async (method, path, body) => {
    for (let attempt = 1; ; attempt++) {
      const answer = await once(method, path, body);
      const busy = answer.status === 429 || answer.status === 503;
      if (!busy || attempt === attemptsMax) return answer;
      await sleep(answer.retryMs, undefined, { signal });
    }
  };
}
