// What sessions hand to the store, in their own words: one change is one row that is put, altered or deleted.

/** What is kept of a message. The payload has memory of its own: a copy of it goes to the writer thread whole. */
export type KeptMessage = { topic: string; payload: Uint8Array; qos: number };

/** A subscription as the broker library hands it over; all but topic and QoS belong to MQTT 5. */
export type Subscription = {
  topic: string;
  qos: number;
  rh?: number;
  rap?: boolean;
  nl?: boolean;
  subscriptionIdentifier?: number;
};

/** `owner` is the credential; `awaySince` is null while the client is connected. Times: see age.ts. */
export type SessionRecord = { owner: string; subscriptions: Subscription[]; awaySince: number | null };

/** A will that was not published yet, and whose it is. */
export type KeptWill = KeptMessage & { owner: string; retain: boolean };

export type SessionChange =
  /** Null: the session is gone, with its queue and its message ids. */
  | { kind: 'session'; client: string; record: SessionRecord | null }
  | { kind: 'queued'; id: number; client: string; at: number; message: KeptMessage }
  /** It was sent under this message id; `released`: and received, so that a PUBREL is all that is left of it. */
  | { kind: 'sent'; id: number; messageId: number; released: boolean }
  | { kind: 'unqueued'; id: number }
  /** A QoS 2 message was taken in and its PUBREL is still to come, or came. */
  | { kind: 'received'; client: string; messageId: number; open: boolean }
  | { kind: 'retained'; topic: string; message: KeptMessage | null }
  | { kind: 'will'; client: string; will: KeptWill | null }
  /** Minutes that the gateway has run. */
  | { kind: 'age'; minutes: number }
  /** The database is not the one that it was: message ids under way in it mean nothing any more. */
  | { kind: 'renewed'; minutes: number };

/** What the database knows at start. */
export type SavedSessions = {
  minutes: number;
  /** False where message ids may be from another time: after a restore, or where history went missing. */
  sameEpoch: boolean;
  sessions: { client: string; record: SessionRecord }[];
  queued: {
    id: number;
    client: string;
    at: number;
    messageId: number | null;
    released: boolean;
    message: KeptMessage;
  }[];
  received: { client: string; messageId: number }[];
  retained: KeptMessage[];
  wills: { client: string; will: KeptWill }[];
};

/** Names the row that a change is about: of two changes to one row only the later has to be written. */
export function rowOf(change: SessionChange): string {
  switch (change.kind) {
    case 'session':
      // Both are written where a session ends and one of the same name begins: the end takes its messages along.
      return `${change.record === null ? 'end' : 'session'} ${change.client}`;
    case 'will':
      return `will ${change.client}`;
    case 'queued':
    case 'sent':
    case 'unqueued':
      return `message ${change.id}`;
    case 'received':
      return `received ${change.messageId} ${change.client}`;
    case 'retained':
      return `retained ${change.topic}`;
    case 'age':
    case 'renewed':
      return change.kind;
  }
}

/** The bytes of a payload in memory of its own, so that neither a socket's chunk nor a pool lives or travels with it. */
export function ownBytes(payload: string | Uint8Array): Buffer {
  const bytes = typeof payload === 'string' ? new TextEncoder().encode(payload) : new Uint8Array(payload);
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
