// Sessions on a disk that a test sees into, and can fill; the clock is moved by hand.
import { ManualClock } from '../../../test/instruments/manual-clock.ts';
import type { SavedSessions, SessionChange } from './changes.ts';
import { type ClientName, KeptState } from './kept-state.ts';
import { SessionPersistence } from './persistence.ts';

export class TestSessions {
  readonly clock = new ManualClock();
  /** What was committed, one write after the other. */
  readonly commits: SessionChange[][] = [];
  isFull = false;
  readonly state: KeptState;
  readonly persistence: SessionPersistence;

  constructor(settings: { queueMessagesMax?: number } = {}, saved: Partial<SavedSessions> = {}) {
    this.state = new KeptState(
      { sessionExpiryMs: 7 * 86_400_000, queueExpiryMs: 86_400_000, queueMessagesMax: 1_000, ...settings },
      {
        clock: this.clock,
        save: async changes => {
          if (this.isFull) throw new Error('full');
          this.commits.push(changes);
        },
        ownerOf: ({ id }) => id.split('/')[0] ?? '',
        maySubscribe: (_client, filter) => !filter.startsWith('forbidden'),
      },
    );
    this.persistence = new SessionPersistence(this.state);
    const nothing = { sessions: [], queued: [], received: [], retained: [], wills: [] };
    this.state.load({ minutes: 0, sameEpoch: true, ...nothing, ...saved });
    this.state.open();
  }

  /** A client with a kept session that subscribes, and is gone again. */
  async away(id: string, ...filters: string[]): Promise<ClientName> {
    const client = { id, clean: false };
    this.state.connected(client);
    await this.persistence.addSubscriptions(
      client,
      filters.map(topic => ({ topic, qos: 1 })),
    );
    this.state.disconnected(client);
    return client;
  }

  /** Publishes as the broker does, with readings that are committed at once; resolves with what became of it. */
  publish(
    topic: string,
    payload: string,
    { qos = 1, retain = false, messageId = 1, client = null as ClientName | null } = {},
  ) {
    return new Promise<string | null>(resolve =>
      this.state.takeWith(
        { topic, payload: Buffer.from(payload), qos, retain, messageId },
        client,
        null,
        settled => settled(null),
        resolve,
      ),
    );
  }

  /** Payloads that wait for a client. */
  waiting({ id }: ClientName): string[] {
    return (this.state.sessions.get(id)?.queue.messages ?? []).map(({ payload }) => payload.toString());
  }

  /** Payloads that are retained under the filter. */
  retained(filter: string): string[] {
    return [...this.state.retained.match([filter])].map(({ payload }) => payload.toString()).sort();
  }

  changes(): SessionChange[] {
    return this.commits.flat();
  }

  passDays(days: number): void {
    for (let minute = 0; minute < days * 1_440; minute++) this.clock.advance(60_000);
  }
}
