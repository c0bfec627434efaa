// How far a value on the screen may be taken as current: the gateway's judgement, and whether the gateway can be heard
// at all. Without a connection that proves itself, nothing is shown as live.
import type { Freshness, Millis } from '@telltale/gateway/contract';

/** What the screen shows. `unconfirmed`: the last that was known, and nobody can say whether it still holds. */
export type ShownFreshness = Freshness | 'unconfirmed';

/** Stale and never stay what they are; live and late need somebody who says so now. */
export function shownFreshness(freshness: Freshness, confirmed: boolean): ShownFreshness {
  if (confirmed || freshness === 'stale' || freshness === 'never') return freshness;
  return 'unconfirmed';
}

/** The gateway sends something at least every heartbeat; a quarter more is allowed for the way. */
const quietFactor = 1.25;

/** True when an open connection has been silent for longer than a heartbeat: open, but proving nothing. */
export function isQuiet(now: Millis, lastHeardAt: Millis | null, heartbeatMs: number): boolean {
  return lastHeardAt === null || now - lastHeardAt > heartbeatMs * quietFactor;
}
