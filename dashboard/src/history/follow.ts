// What a feed listens to: the readings of its metric, and its device's coming and going. No reading tells that a
// device went away; its presence does, and the gateway then has the reason.
import type { Clock, Connection, SubscriptionSpec, SubscriptionUpdate } from '../connection/index.ts';
import { createReload } from './reload.ts';

/** A chart is drawn more seldom than this; no reading is left out for it. */
const chartIntervalMs = 250;
/** A device that comes back sends at once; what is asked this much later says why it was away. */
const presenceDelayMs = 1_500;

export type FollowPorts = { connection: Pick<Connection, 'subscribe' | 'listen'>; clock: Clock };
export type Follower = {
  take(update: SubscriptionUpdate): void;
  /** The device came or went a moment ago. */
  presence(): void;
};

/** Listens until the function it returns is called. */
export function follow(
  { device, metric }: { device: string; metric: string },
  { connection, clock }: FollowPorts,
  follower: Follower,
): () => void {
  const spec: SubscriptionSpec = { device: [device], metric: [metric], mode: 'log', intervalMs: chartIntervalMs };
  const unsubscribe = connection.subscribe(spec, follower.take);
  const later = createReload(clock, presenceDelayMs, follower.presence);
  const unlisten = connection.listen({
    event: event => event.kind === 'presence' && event.device === device && later.soon(),
  });
  return () => {
    unsubscribe();
    unlisten();
    later.cancel();
  };
}
