// A command over REST, where the link carries none: what the gateway answers becomes the frame that it would have sent.
import { type Code, codes } from '@telltale/gateway/contract';
import { type HttpOptions, post, readObject } from './http.ts';
import type { AnswerFrame, CommandFrame } from './link.ts';

/**
 * Resolves with null where nobody knows whether the gateway took it: the network failed, or something between answered.
 * A key is always sent, so that whatever repeats the request on its way cannot make it two commands ([CMD-4]).
 */
export async function postCommand(
  http: HttpOptions,
  { id, device, key, name, params, ttlMs, reason }: CommandFrame,
  random: () => number,
): Promise<AnswerFrame | null> {
  const path = `/devices/${encodeURIComponent(device)}/commands`;
  const headers = { 'idempotency-key': key ?? newKey(random) };
  try {
    const response = await post(http, path, { name, params, ttlMs, reason }, { headers });
    const answer = await readObject(response);
    if (response.ok) return typeof answer?.id === 'string' ? { t: 'ok', id, command: answer.id } : null;
    return answer === null ? null : refusal(id, response.status, answer);
  } catch {
    return null;
  }
}

function refusal(id: number, status: number, { code, title, detail }: Record<string, unknown>): AnswerFrame | null {
  if (typeof code !== 'string' || !Object.hasOwn(codes, code)) return null;
  const known = code as Code;
  return {
    t: 'err',
    id,
    code: known,
    status,
    title: typeof title === 'string' ? title : codes[known].title,
    ...(typeof detail === 'string' ? { detail } : {}),
  };
}

function newKey(random: () => number): string {
  return Array.from({ length: 32 }, () => Math.floor(random() * 16).toString(16)).join('');
}
