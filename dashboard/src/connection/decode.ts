// Text from the gateway → frames. One message is one frame or an array of frames; what is not a frame is counted.
import type { ServerFrame } from '@telltale/gateway/contract';

const known: Record<ServerFrame['t'], true> = {
  hello: true,
  ok: true,
  err: true,
  def: true,
  snap: true,
  data: true,
  fresh: true,
  event: true,
  gap: true,
  slow: true,
  control: true,
  hb: true,
  pong: true,
  bye: true,
};

export type Decoded = { ok: true; frames: ServerFrame[]; unknown: number } | { ok: false };

/**
 * Reads one message. A kind of frame that is not known is skipped and counted, so that a newer gateway can say more
 * than this page understands; what is no frame at all makes the whole message bad.
 */
export function decode(data: unknown): Decoded {
  if (typeof data !== 'string') return { ok: false };
  try {
    return framesOf(JSON.parse(data));
  } catch {
    return { ok: false };
  }
}

/** The same for what is parsed already: one frame, or an array of them. */
export function framesOf(parsed: unknown): Decoded {
  const frames: ServerFrame[] = [];
  let unknown = 0;
  for (const item of Array.isArray(parsed) ? parsed : [parsed]) {
    if (typeof item !== 'object' || item === null || !('t' in item) || typeof item.t !== 'string') return { ok: false };
    if (Object.hasOwn(known, item.t)) frames.push(item as ServerFrame);
    else unknown += 1;
  }
  return { ok: true, frames, unknown };
}
