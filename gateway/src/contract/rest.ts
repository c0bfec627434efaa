// Bodies of the REST API under /api/v1. The OpenAPI document is generated from schemas that are checked against
// these types; errors are application/problem+json (RFC 9457).
import type { Code } from './codes.ts';
import type { Command } from './command.ts';
import type { Freshness, Millis, Presence, Role, Value, ValueType } from './words.ts';

/** RFC 9457 problem. `code` is a key of the table in codes.ts. */
export type Problem = {
  type: string;
  title: string;
  status: number;
  code: Code;
  detail?: string;
  /** Each field that was wrong: what was expected, and what came. */
  errors?: { where: string; expected: string; got: string }[];
};

/** A page of any list: `next` is the cursor of the page that follows, null at the end. */
export type Page<Item> = { items: Item[]; next: string | null };

export type SignInRequest = { name: string; password: string } | { code: string };
export type Session = { user: string; role: Role; expiresAt: Millis };

export type Device = {
  id: string;
  name: string;
  createdAt: Millis;
  presence: Presence;
  /** Facts and reported state that the device published last. */
  attributes: Record<string, Value>;
  /** Number of metrics seen. */
  metrics: number;
  /** Receive time of the newest reading, null where there is none. */
  lastReadingAt: Millis | null;
};
export type DeviceCreated = Device & { secret: string };

export type LatestValue = {
  metric: string;
  unit: string | null;
  type: ValueType;
  ts: Millis;
  value: Value;
  receivedAt: Millis;
  freshness: Freshness;
  /** What the freshness is judged by: the usual time between two readings. */
  cadenceMs: number | null;
};
export type Latest = { device: string; presence: Presence; now: Millis; values: LatestValue[] };

type HistoryHead = { device: string; metric: string; unit: string | null; from: Millis; to: Millis };
export type HistoryReadings = HistoryHead & { readings: [ts: Millis, value: Value][]; next: string | null };

export const bucketColumns = ['start', 'count', 'min', 'max', 'mean', 'first', 'last'] as const;
/** min, max and mean are null for buckets without a number in them (text). */
export type Bucket = [
  start: Millis,
  count: number,
  min: number | null,
  max: number | null,
  mean: number | null,
  first: Value,
  last: Value,
];
/** Buckets without readings are left out. */
export type HistoryBuckets = HistoryHead & {
  interval: string;
  columns: typeof bucketColumns;
  buckets: Bucket[];
  gaps: { from: Millis; to: Millis; reason: string }[];
};

export type CommandRequest = {
  name: string;
  params?: unknown;
  ttlMs?: number;
  reason?: string;
};
export type CommandPage = Page<Command>;

export type DeadLetter = {
  id: number;
  at: Millis;
  device: string | null;
  topic: string;
  code: Code;
  hint: string;
  /** The first bytes of the payload, as text where it is text, else as hex after `0x`. */
  payload: string;
  payloadBytes: number;
};
export type DeadLetterPage = Page<DeadLetter> & {
  /** All that were refused since the gateway started, kept or not. */
  refused: number;
};

export type Health = { ok: boolean; checks: Record<string, { ok: boolean; detail?: string }> };
