// The link over long polls: requests one after the other, each answered when there is something to tell, or after a
// while without.
import { type LogAnswer, limits, parsePosition } from '@telltale/gateway/contract';
import { framesOf } from './decode.ts';
import { closeCodeOf } from './http.ts';
import { type Exchange, endWith, type HttpPlatform, type Outcome, openHttpLink } from './http-link.ts';
import { broken, helloTimeoutMs, type Link, type LinkPorts } from './link.ts';

/** What an answer may take longer than it was asked to wait. */
export const answerSlackMs = 10_000;

/** Asks for the log, again and again. */
export function openPollLink(platform: HttpPlatform, ports: LinkPorts): Link {
  return openHttpLink(platform, ports, carry);
}

async function carry(exchange: Exchange): Promise<Outcome> {
  // A page takes a connection for silent that says nothing for longer than a heartbeat. The greeting is no news to the
  // gateway, but it is to the page: it does not wait for more.
  const waitMs = exchange.isGreeted() ? Math.min(limits.pollWaitMsDefault, exchange.heartbeatMs()) : 0;
  exchange.giveUpAfter(exchange.isGreeted() ? waitMs + answerSlackMs : helloTimeoutMs);
  const response = await exchange.post(`/log?wait=${waitMs}`, 'application/json');
  exchange.giveUpAfter(waitMs + answerSlackMs);
  if (!response.ok) return endWith(await closeCodeOf(response));
  const answer = answerOf(await response.text());
  // An answer in another log is for somebody who is greeted there first.
  if (answer === null || (answer.next !== null && exchange.isElsewhere(answer.next))) return endWith(broken);
  exchange.heard();
  const outcome = exchange.take(framesOf(answer.frames));
  if (outcome !== null) return outcome;
  const reached = answer.next === null ? null : parsePosition(answer.next);
  // An answer that names where it ends has told all up to there, as a heartbeat has.
  const full = answer.frames.some(frame => frame.t === 'hb' && frame.storing === false);
  const life = { t: 'hb' as const, now: answer.now, ...(full && { storing: false as const }) };
  if (reached !== null) exchange.take(framesOf({ ...life, offset: reached.offset }));
  return { next: 'request', after: answer.next };
}

function answerOf(text: string): LogAnswer | null {
  try {
    const { frames, now, next } = JSON.parse(text) as Partial<LogAnswer>;
    if (!Array.isArray(frames) || typeof now !== 'number' || next === undefined) return null;
    return { frames, now, next };
  } catch {
    return null;
  }
}
