// A position as one word: the `id` of an SSE message, `Last-Event-ID`, and `after` and `next` of the long poll.
// Form: `epoch:offset`, then where there is more to say `:events` and `:seen`.

/** How far a connection over HTTP has come, for all its subscriptions. */
export type StreamPosition = {
  epoch: string;
  /** Readings up to here were sent. */
  offset: number;
  /** Events up to here were sent: never less than `offset`. */
  events: number;
  /** What was told of freshness, and of who else is there, in the gateway's own words; null where that is not known. */
  seen: string | null;
};

/** What a position looks like; `parsePosition` says whether it is one. */
export const positionForm = /^([\w-]{1,64}):(\d{1,16})(?::(\d{0,16}))?(?::([\w.-]{0,64}))?$/;

/** Writes a position; a part that says nothing is left out. */
export function formatPosition({ epoch, offset, events, seen }: StreamPosition): string {
  const ahead = events > offset ? String(events) : '';
  const head = `${epoch}:${offset}`;
  if (seen !== null) return `${head}:${ahead}:${seen}`;
  return ahead === '' ? head : `${head}:${ahead}`;
}

/** Reads a position; null where it is none. */
export function parsePosition(text: string): StreamPosition | null {
  const [, epoch, offsetText, eventsText, seen] = positionForm.exec(text) ?? [];
  if (epoch === undefined) return null;
  const offset = Number(offsetText);
  const events = eventsText ? Number(eventsText) : offset;
  if (!Number.isSafeInteger(offset) || !Number.isSafeInteger(events)) return null;
  return { epoch, offset, events: Math.max(events, offset), seen: seen ? seen : null };
}
