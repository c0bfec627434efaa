// The events of one viewer: sent in the order of the log, once each; what finds no room waits, up to a limit beyond
// which there is a gap.
import type { GapReason, LiveEvent } from '../contract/index.ts';
import type { EventEntry } from './event-window.ts';
import type { Outlet } from './subscription.ts';

/** Events that wait for a viewer; beyond it the page reads them over REST. */
const eventsWaitingMax = 1_000;

/** An event as a frame. */
export function encodeEvent({ offset, event }: EventEntry): Buffer {
  return Buffer.from(JSON.stringify({ t: 'event', offset, ...event }));
}

type Waiting = { offset: number; frame: Buffer };

export class EventQueue {
  /** Events up to here were sent, or are none of this viewer's. */
  told: number;
  private waiting: Waiting[] = [];
  private held = false;
  private readonly outlet: Pick<Outlet, 'send'> & { hasRoom(): boolean };
  /** Tells the viewer of what it will not be sent. */
  private readonly gap: (from: number, to: number, reason: GapReason) => void;

  constructor(told: number, outlet: EventQueue['outlet'], gap: EventQueue['gap']) {
    this.told = told;
    this.outlet = outlet;
    this.gap = gap;
  }

  /** Older events have to go first: what comes meanwhile waits. */
  hold(): void {
    this.held = true;
  }

  release(): void {
    this.held = false;
  }

  isWaiting(): boolean {
    return this.held || this.waiting.length > 0;
  }

  /** Takes an event that was just committed. */
  take(offset: number, frame: Buffer): void {
    if (!this.isWaiting() && this.outlet.hasRoom()) return this.send(offset, frame);
    this.waiting.push({ offset, frame });
    if (this.waiting.length <= eventsWaitingMax) return;
    const [first] = this.waiting;
    this.waiting = [];
    this.gap((first?.offset ?? 1) - 1, offset, 'slow');
    this.told = offset;
  }

  /** Sends what was missed, up to `head`; `concerns` says which of it the viewer was not sent before. */
  replay(missed: readonly EventEntry[], head: number, concerns: (event: LiveEvent, offset: number) => boolean): void {
    // What was committed since it was asked for came both ways.
    this.waiting = this.waiting.filter(({ offset }) => offset > head);
    for (const entry of missed) {
      if (entry.offset <= head && concerns(entry.event, entry.offset)) this.send(entry.offset, encodeEvent(entry));
    }
    this.told = Math.max(this.told, head);
  }

  /** Sends what waits, as far as there is room; true where nothing waits any more. */
  pump(): boolean {
    if (this.held) return false;
    let sent = 0;
    for (const { offset, frame } of this.waiting) {
      if (!this.outlet.hasRoom()) break;
      this.send(offset, frame);
      sent++;
    }
    this.waiting.splice(0, sent);
    return this.waiting.length === 0;
  }

  private send(offset: number, frame: Buffer): void {
    this.told = Math.max(this.told, offset);
    this.outlet.send(frame, true);
  }
}
