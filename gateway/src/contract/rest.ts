// Bodies of the REST API under /api/v1. The OpenAPI document is generated from schemas that are checked against
// these types; errors are application/problem+json (RFC 9457).
import type { Code, FieldProblem } from './codes.ts';
import type { Command } from './command.ts';
import type { StateChange } from './control.ts';
import type { Expectation } from './proof.ts';
import type { Freshness, Millis, Presence, Value, ValueType } from './words.ts';

/** RFC 9457 problem. `code` is a key of the table in codes.ts. */
export type Problem = {
  type: string;
  title: string;
  status: number;
  code: Code;
  detail?: string;
  /** Each field that was wrong: what was expected, and what came. */
  errors?: FieldProblem[];
};

/** A page of any list: `next` is the cursor of the page that follows, null at the end. */
export type Page<Item> = { items: Item[]; next: string | null };

/** Opens one WebSocket, once, until `expiresAt`; offered as a subprotocol with `ticketProtocolPrefix` before it. */
export type Ticket = { ticket: string; expiresAt: Millis };

export type Device = {
  id: string;
  name: string;
  /** What scopes go by, set by an administrator; in order, each once. */
  tags: string[];
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

/** The newest reading of a metric. Of one that was announced and has none (`never`) only its unit is known. */
export type LatestValue = {
  metric: string;
  unit: string | null;
  type: ValueType | null;
  ts: Millis | null;
  value: Value | null;
  receivedAt: Millis | null;
  freshness: Freshness;
  /** What the freshness is judged by: the usual time between two readings, learned or configured. */
  cadenceMs: number | null;
};
export type Latest = { device: string; presence: Presence; now: Millis; values: LatestValue[] };

/** Why there is nothing: the device was away, the gateway was down, what came was refused, it was let go of, or it is damaged. */
export const historyGapReasons = [
  'device-offline',
  'gateway-down',
  'payload-rejected',
  'retention',
  'damaged',
] as const;
export type HistoryGap = { from: Millis; to: Millis; reason: (typeof historyGapReasons)[number] };

/** A range of a series that somebody declared wrong: kept, and left out of every answer until it is restored. */
export type Void = {
  id: string;
  device: string;
  metric: string;
  from: Millis;
  to: Millis;
  by: string;
  reason: string;
  at: Millis;
  restored: { by: string; reason: string; at: Millis } | null;
};
export type VoidRequest = { device: string; metric: string; from: Millis; to: Millis; reason: string };
export type RestoreRequest = { reason: string };
export type VoidPage = Page<Void>;

type HistoryHead = {
  device: string;
  metric: string;
  unit: string | null;
  from: Millis;
  to: Millis;
  gaps: HistoryGap[];
  /** Those in force that touch the range. */
  voids: Void[];
};
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
};

/** What the history takes on disk, what is written, and when it will be full. Bytes are of the file system. */
export type Storage = {
  now: Millis;
  bytes: {
    /** The database as it lies there, and its write-ahead log. */
    file: number;
    wal: number;
    /** Parts of the file. */
    log: number;
    readings: number;
    rollups: number;
    free: number;
  };
  /** Readings that are kept, the log's included; of those that were sealed more than once each copy counts. */
  readings: number;
  /** Source time of the oldest reading that is kept, null where there is none. */
  oldest: Millis | null;
  /** `store.diskBudget`, null where the disk itself is the limit. */
  diskBudget: number | null;
  /** Free on the file system of the data folder. */
  diskFree: number;
  /** When budget or disk will be used up at the rate of the last days; null where that cannot be told yet, or never. */
  fullAt: Millis | null;
  written: {
    /** Since midnight UTC. */
    today: number;
    /** `store.writtenPerDay`, null where there is no limit. */
    perDayMax: number | null;
    /** At the rate of the last day, or of what there is of it. */
    perDay: number;
    /** The interval between commits as it is now, stretched where the day's allowance asks for it. */
    commitIntervalMs: number;
    /** `store.cardEndurance`, and how many years a card of it lasts at this rate. */
    cardEndurance: number;
    cardYears: number | null;
  };
};
export type SeriesStorage = {
  device: string;
  metric: string;
  readings: number;
  bytes: number;
};
export type SeriesStoragePage = Page<SeriesStorage>;

export type CommandRequest = {
  name: string;
  params?: unknown;
  ttlMs?: number;
  reason?: string;
  /** What has to be seen for it to count as done; `withinMs` is ten seconds where left out. */
  expect?: ExpectationAsk | ExpectationAsk[];
  /** Of those with the same key only the last one waits for the device. */
  supersede?: string;
  /** How often it may be sent again without an answer, and after which time; 0, the default, is at most once. */
  retries?: number;
  retryAfterMs?: number;
  /** False for a device that does not answer; something has to be expected then. */
  reply?: boolean;
  /** The device's id once more, typed by who sends something dangerous. */
  confirm?: string;
};
export type ExpectationAsk = Omit<Expectation, 'withinMs'> & { withinMs?: number };
export type StateChangePage = Page<StateChange>;

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
