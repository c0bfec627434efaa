// The live protocol, `telltale.v1.json`: every frame in both directions. One text message is one frame or an array
// of frames. SPEC.md says what each means and when it is not sent.

import type { Code } from './codes.ts';
import type { CommandState, TransitionCause } from './command.ts';
import type { Freshness, Millis, Position, Presence, Role, Value, ValueType } from './words.ts';

/** The WebSocket subprotocol that a client must offer. */
export const subprotocol = 'telltale.v1.json';
export const protocolVersion = 1;

export const modes = ['latest', 'log'] as const;
/** `latest`: the newest value of each series. `log`: every reading. */
export type Mode = (typeof modes)[number];

export const gapReasons = ['slow', 'trimmed', 'epoch'] as const;
/** Why a part of the log was not delivered. */
export type GapReason = (typeof gapReasons)[number];

/** Series index, source time, value. The index is defined by a `def` frame before its first use. */
export type Row = [series: number, ts: Millis, value: Value];
/** A row of a snapshot also says how fresh its value is. */
export type SnapRow = [series: number, ts: Millis, value: Value, freshness: Freshness];
export type SeriesDef = [series: number, device: string, metric: string, unit: string | null, type: ValueType];

export type ClientFrame =
  | {
      t: 'sub';
      id?: number;
      /** The client's own name for the subscription; a second `sub` of the same name replaces the first. */
      sub: string;
      /** Patterns with `*`; left out means all. */
      device?: string[];
      metric?: string[];
      mode?: Mode;
      since?: Position;
    }
  | { t: 'unsub'; id?: number; sub: string }
  | {
      t: 'cmd';
      id: number;
      device: string;
      name: string;
      params?: unknown;
      ttlMs?: number;
      /** Idempotency key: a repeated request is one command ([CMD-4]). */
      key?: string;
      reason?: string;
    }
  | { t: 'ping'; id?: number };

export type HelloFrame = {
  t: 'hello';
  v: number;
  epoch: string;
  offset: number;
  /** The gateway's clock, so that ages are right on a page whose clock is not. */
  now: Millis;
  heartbeatMs: number;
  user: string;
  role: Role;
  limits: { frameBytesMax: number; subscriptionsMax: number; rowsPerFrameMax: number };
};

/** An event of the log as viewers see it. */
export type LiveEvent =
  | ({ kind: 'presence'; device: string; at: Millis } & Presence)
  | {
      kind: 'command';
      device: string;
      command: string;
      name: string;
      state: CommandState;
      at: Millis;
      cause: TransitionCause;
      by: string;
      /** The device's answer, where the state brings one. */
      result?: unknown;
      error?: string;
    }
  | { kind: 'device'; device: string; change: 'created' | 'changed' | 'deleted'; at: Millis };

export type ServerFrame =
  | HelloFrame
  | { t: 'ok'; id?: number; sub?: string; command?: string }
  | { t: 'err'; id?: number; sub?: string; code: Code; status: number; title: string; detail?: string }
  | { t: 'def'; series: SeriesDef[] }
  | { t: 'snap'; sub: string; offset: number; rows: SnapRow[]; done: boolean }
  | { t: 'data'; sub: string; offset: number; rows: Row[] }
  /** Freshness changed without a new reading. A reading newer than the last makes its series `live`, unsaid. */
  | { t: 'fresh'; sub: string; offset: number; rows: [series: number, freshness: Freshness][] }
  | ({ t: 'event'; offset: number } & LiveEvent)
  | { t: 'gap'; sub: string; from: number; to: number; reason: GapReason }
  | { t: 'hb'; offset: number; now: Millis }
  | { t: 'pong'; id?: number; offset: number; now: Millis }
  | { t: 'bye'; code: Code; retryMs?: number };
