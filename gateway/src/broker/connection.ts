// A device connection as the broker's hooks see it.
import type { Client, PublishPacket } from 'aedes';
import type { AckOrder } from './ack-order.ts';
import type { FrameGuard } from './guard/frame-guard.ts';
import type { HandedOver } from './hand-overs.ts';
import type { Identity } from './permissions.ts';
import type { Receiving } from './sessions/received.ts';

/** What Aedes's type leaves out. */
export type Connection = Omit<Client, 'conn'> & {
  id: string;
  conn: FrameGuard;
  will: PublishPacket | null;
  subscriptions: Record<string, { qos: 0 | 1 | 2 }>;
  version: number;
  _disconnected: boolean;
  /** The message id of the next publish to the client. */
  _nextId: number;
};

/** What the broker knows of a connection that is signed in. */
export type State = {
  identity: Identity;
  acks: AckOrder;
  /** QoS 2 publishes that wait for their commit, where no session is kept. */
  receiving: Receiving;
  /** What the gateway itself handed over, by the id of the PUBACK that is waited for, oldest first. */
  handed: Map<number, HandedOver>;
  /** Filters that were granted. */
  filters: Set<string>;
  /** The topic that was allowed last; most devices use the same one again and again. */
  allowedTopic: string;
};
