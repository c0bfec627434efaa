// The live protocol, `telltale.v1.json`: every frame in both directions. One text message is one frame or an array
// of frames. SPEC.md says what each means and when it is not sent.

import type { Code } from './codes.ts';
import type { CommandState, TransitionCause } from './command.ts';
import type { DesiredChange, DeviceControl } from './control.ts';
import type { Proof } from './proof.ts';
import type { CommandRequest } from './rest.ts';
import type { Freshness, Millis, Position, Presence, Role, Value, ValueType } from './words.ts';

/** The WebSocket subprotocol that a client must offer. */
export const subprotocol = 'telltale.v1.json';
/** Offered beside it by a page that signs in with a ticket, which follows ([ACC-11]). */
export const ticketProtocolPrefix = 'telltale.ticket.';
export const protocolVersion = 1;

export const modes = ['latest', 'log'] as const;
/** `latest`: the newest value of each series. `log`: every reading. */
export type Mode = (typeof modes)[number];

export const gapReasons = ['slow', 'trimmed', 'epoch'] as const;
/** Why a part of the log was not delivered. */
export type GapReason = (typeof gapReasons)[number];

/**
 * Series index, source time, value. The index is defined by a `def` frame before its first use. A newest value that is
 * not live when it is sent also says its freshness; one that is newer than the last and says nothing is live.
 */
export type Row = [series: number, ts: Millis, value: Value, freshness?: Freshness];
/** A row of a snapshot always says it. A metric that was announced and never sent has neither time nor value. */
export type SnapRow =
  | [series: number, ts: Millis, value: Value, freshness: Freshness]
  | [series: number, ts: null, value: null, freshness: 'never'];
export type SeriesDef = [series: number, device: string, metric: string, unit: string | null, type: ValueType];

/** How frames travel: `ws` both ways; `sse` and `poll` from the gateway alone, commands then go over REST. */
export const transports = ['ws', 'sse', 'poll'] as const;
export type Transport = (typeof transports)[number];

/** What a subscription wants. */
export type SubscriptionAsk = {
  /** The client's own name for the subscription; a second one of the same name replaces the first. */
  sub: string;
  /** Patterns with `*`; left out means all. */
  device?: string[];
  metric?: string[];
  mode?: Mode;
  /** The least time between two `data` frames, `live.flushIntervalMs` where left out; 0 is with every commit. */
  intervalMs?: number;
  /** Where to go on; left out begins with a snapshot. */
  since?: Position;
};

export type ClientFrame =
  | ({ t: 'sub'; id?: number } & SubscriptionAsk)
  | { t: 'unsub'; id?: number; sub: string }
  /** `key` is an idempotency key: a repeated request is one command ([CMD-4]). */
  | ({ t: 'cmd'; id: number; device: string; key?: string } & CommandRequest)
  /** Sets fields of a device's desired state, as `PATCH` does ([CMD-9]); `version` is that of `If-Match`. */
  | ({ t: 'desired'; id: number; device: string; version?: number | '*' } & DesiredChange)
  | { t: 'ping'; id?: number };

export type HelloFrame = {
  t: 'hello';
  v: number;
  epoch: string;
  offset: number;
  /** The gateway's clock, so that ages are right on a page whose clock is not. */
  now: Millis;
  heartbeatMs: number;
  transport: Transport;
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
      /** Who asked for the command. */
      by: string;
      group?: string;
      /** Which of its transitions this is, from 1 on; and how often it was sent by now. */
      step: number;
      attempts: number;
      /** Since when it is known that the device has it, where it is. */
      deliveredAt?: Millis;
      /** The device's answer, where the state brings one. */
      result?: unknown;
      error?: string;
      proof?: Proof[];
    }
  | { kind: 'desired'; device: string; version: number; fields: Record<string, Value | null>; by: string; at: Millis }
  | { kind: 'device'; device: string; change: 'created' | 'changed' | 'deleted'; at: Millis };

export type ServerFrame =
  | HelloFrame
  /** `version` is that of a desired state that was changed. */
  | { t: 'ok'; id?: number; sub?: string; command?: string; version?: number }
  | { t: 'err'; id?: number; sub?: string; code: Code; status: number; title: string; detail?: string }
  | { t: 'def'; series: SeriesDef[] }
  | { t: 'snap'; sub: string; offset: number; rows: SnapRow[]; done: boolean }
  /** With `more` the rest of what came together follows, up to the next frame without it. */
  | { t: 'data'; sub: string; offset: number; rows: Row[]; more?: true }
  /** Freshness changed without a new reading. A reading newer than the last makes its series `live`, unsaid. */
  | { t: 'fresh'; sub: string; offset: number; rows: [series: number, freshness: Freshness][] }
  | ({ t: 'event'; offset: number } & LiveEvent)
  /** Readings of a subscription that are not delivered; without one, events of all of them. */
  | { t: 'gap'; sub?: string; from: number; to: number; reason: GapReason }
  /** The viewer cannot take all of a subscription as it comes (`behind`), or can again. */
  | { t: 'slow'; sub: string; offset: number; behind: boolean }
  /** Who else is there, and who has the device: to viewers with a subscription to this device alone. No event of the log. */
  | ({ t: 'control' } & DeviceControl)
  /** `storing: false`: nothing can be stored now, and what devices send is not taken. */
  | { t: 'hb'; offset: number; now: Millis; storing?: false }
  | { t: 'pong'; id?: number; offset: number; now: Millis }
  | { t: 'bye'; code: Code; retryMs?: number };

/** Body of `POST /stream` and `POST /log`: all that one connection asks for. */
export type StreamRequest = {
  subs: SubscriptionAsk[];
  /** The position that the connection before told last, as `position.ts` writes it. */
  after?: string;
};

/** The answer of the long poll. */
export type LogAnswer = {
  frames: ServerFrame[];
  /** The gateway's clock at the end of the answer. */
  now: Millis;
  /** What to ask for next, as `after`; null where a snapshot was broken off. */
  next: string | null;
};
