// The newest events of the log, for viewers that come back: from memory, and further back from the log, once for all
// who ask. Nobody is sent more than a few hundred: with more it is quicker to read how things are.
import type { LiveEvent } from '../contract/index.ts';

/** Events a viewer is sent at most of what it missed; beyond it there is a gap, and the page reads them over REST. */
export const eventsMissedMax = 1_000;
/** Events kept in memory, some hundred bytes each. */
const eventsKeptMax = 10_000;
/** How much further back is read than was asked, so that the next who asks finds it there. */
const readAheadEntries = 1_000;

export type EventEntry = { offset: number; event: LiveEvent };

export type EventWindowPorts = {
  /** Offset of the oldest entry that the log still has. */
  firstOffset(): number;
  /** Events after the offset, in order; at most `max`, and `through` is how far they reach. */
  readEvents(after: number, max: number): Promise<{ events: EventEntry[]; through: number }>;
};

export class EventWindow {
  private events: EventEntry[] = [];
  /** All events after this offset are in `events`. */
  private from: number;
  private extending: Promise<boolean> | null = null;
  private readonly ports: EventWindowPorts;

  /** Begins empty at the offset of the last entry. */
  constructor(head: number, ports: EventWindowPorts) {
    this.from = head;
    this.ports = ports;
  }

  /** Adds what was committed, in order. */
  add(entry: EventEntry): void {
    this.events.push(entry);
    if (this.events.length <= eventsKeptMax) return;
    const dropped = this.events.splice(0, eventsKeptMax / 2);
    this.from = dropped.at(-1)?.offset ?? this.from;
  }

  /** The events after an offset; null where they are too many, or the store cannot answer now. */
  async since(after: number): Promise<EventEntry[] | null> {
    while (after < this.from) {
      if (this.events.length > eventsMissedMax) return null;
      this.extending ??= this.extend(after).finally(() => {
        this.extending = null;
      });
      if (!(await this.extending)) return null;
    }
    let begin = this.events.length;
    while (begin > 0 && (this.events[begin - 1] as EventEntry).offset > after) begin--;
    const missed = this.events.slice(begin);
    return missed.length > eventsMissedMax ? null : missed;
  }

  /** Reads back to `after` and a little further; false where that is not possible. */
  private async extend(after: number): Promise<boolean> {
    const until = this.from;
    const begin = Math.min(after, Math.max(after - readAheadEntries, this.ports.firstOffset() - 1, 0));
    const older: EventEntry[] = [];
    let at = begin;
    while (at < until) {
      const page = await this.ports.readEvents(at, eventsMissedMax).catch(() => null);
      if (page === null) return false;
      older.push(...page.events.filter(({ offset }) => offset <= until));
      // Where the page has nothing, or reaches further, that was all.
      if (page.through <= at || page.through >= until) break;
      at = page.through;
      if (older.length > eventsMissedMax + readAheadEntries) return false;
    }
    this.events = [...older, ...this.events];
    this.from = begin;
    return true;
  }
}
