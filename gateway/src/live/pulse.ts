// Whether the peer of a pipe is still there, and when it is to be told that the gateway is ([LIV-5]).
import type { Transport } from '../contract/index.ts';

/** What is due at a tick. */
export type Beat = {
  /** Nothing was heard for two heartbeats: it is gone. */
  lost: boolean;
  /** It is to be asked for a sign of life. */
  ask: boolean;
  /** Nothing was sent for a heartbeat. */
  tell: boolean;
  /** It is time to look whether the sign-in still holds. */
  check: boolean;
};

export class Pulse {
  readonly openedAt: number;
  heardAt: number;
  sentAt: number;
  private askedAt: number;
  private checkedAt: number;
  private readonly heartbeatMs: number;
  private readonly transport: Transport;

  constructor(transport: Transport, heartbeatMs: number, now: number) {
    this.transport = transport;
    this.heartbeatMs = heartbeatMs;
    this.openedAt = this.heardAt = this.sentAt = this.askedAt = this.checkedAt = now;
  }

  /** Called every `tickMs`; what would be late with the next tick is due now. */
  beat(now: number, tickMs: number): Beat {
    const { heartbeatMs } = this;
    // Over HTTP nothing comes from the peer, and an answer that is still to come needs no heartbeat.
    const isWs = this.transport === 'ws';
    const ask = isWs && now - this.askedAt >= heartbeatMs - tickMs;
    if (ask) this.askedAt = now;
    const check = now - this.checkedAt >= heartbeatMs;
    if (check) this.checkedAt = now;
    return {
      lost: isWs && now - this.heardAt >= 2 * heartbeatMs - tickMs,
      ask,
      tell: this.transport !== 'poll' && now - this.sentAt >= heartbeatMs - tickMs,
      check,
    };
  }
}
