// Tickets: each opens one WebSocket, within seconds, as whoever asked for it ([ACC-11]). They are in memory alone.
import { Refusal, type Ticket } from '../contract/index.ts';
import type { Clock } from '../lib/clock.ts';
import { hashSecret, newSecret } from './secrets.ts';

/** A page asks for a ticket and connects at once; a poor line takes seconds for that. */
export const ticketMs = 30_000;
/** Unspent, of one session or token: a page has one connection, and a browser some pages. */
const ticketsPerSecretMax = 20;
/** Unspent, in all. Each costs some hundred bytes. */
const ticketsMax = 10_000;

type Issued<Holder> = { holder: Holder; expiresAt: number };

export class Tickets<Holder extends { hash: string }> {
  /** By the hash of the ticket, in the order in which they were issued, which is that in which they expire. */
  private readonly issued = new Map<string, Issued<Holder>>();
  private readonly clock: Clock;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** Throws Refusal('too_many') where too many wait to be spent. */
  issue(holder: Holder): Ticket {
    this.dropExpired();
    let own = 0;
    for (const { holder: other } of this.issued.values()) if (other.hash === holder.hash) own++;
    if (own >= ticketsPerSecretMax) throw new Refusal('too_many', `at most ${ticketsPerSecretMax} unspent tickets`);
    if (this.issued.size >= ticketsMax) throw new Refusal('too_many', `at most ${ticketsMax} unspent tickets in all`);
    const ticket = newSecret();
    const expiresAt = this.clock.now() + ticketMs;
    this.issued.set(hashSecret(ticket), { holder, expiresAt });
    return { ticket, expiresAt };
  }

  /** Whoever the ticket was issued to, this once; null for any other text. */
  spend(ticket: string): Holder | null {
    const hash = hashSecret(ticket);
    const found = this.issued.get(hash);
    this.issued.delete(hash);
    return found !== undefined && this.holds(found) ? found.holder : null;
  }

  /** A clock that was set back lets no ticket live longer. */
  private holds({ expiresAt }: Issued<Holder>): boolean {
    const leftMs = expiresAt - this.clock.now();
    return leftMs > 0 && leftMs <= ticketMs;
  }

  private dropExpired(): void {
    for (const [hash, issued] of this.issued) {
      if (this.holds(issued)) return;
      this.issued.delete(hash);
    }
  }
}
