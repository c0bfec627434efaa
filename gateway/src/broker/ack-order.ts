// Acknowledgements of one connection, in the order in which its messages came (MQTT 3.1.1, 4.6: a receiver of
// PUBLISH packets sends its PUBACKs in that order), though their commits may be known in another.

export type Acknowledge = (error: Error | null) => void;

/** What is told of messages that wait: of this connection, of all. */
export type Account = { add(bytes: number): void; remove(bytes: number): void };

type Waiting = { acknowledge: Acknowledge; bytes: number; outcome: Error | null | undefined };

export class AckOrder {
  private waiting: Waiting[] = [];
  private first = 0;
  private readonly accounts: readonly Account[];
  private readonly fault: (error: Error) => void;

  /** `fault` hears of an acknowledgement that threw: that is one connection's, and must not reach who committed. */
  constructor(accounts: readonly Account[] = [], fault: (error: Error) => void = () => {}) {
    this.accounts = accounts;
    this.fault = fault;
  }

  /** Messages whose outcome is not known, or that wait for one before them. */
  size(): number {
    return this.waiting.length - this.first;
  }

  /** Takes a place in the order for a message of so many bytes. The returned function says what became of the message. */
  enter(acknowledge: Acknowledge, bytes = 0): (outcome: Error | null) => void {
    const place: Waiting = { acknowledge, bytes, outcome: undefined };
    for (const account of this.accounts) account.add(bytes);
    this.waiting.push(place);
    return outcome => {
      place.outcome = outcome;
      this.release();
    };
  }

  private release(): void {
    for (;;) {
      const next = this.waiting[this.first];
      if (next === undefined) break;
      if (next.outcome === undefined) return;
      this.first++;
      for (const account of this.accounts) account.remove(next.bytes);
      // The places behind are given back together, so that releasing costs the same for each.
      if (this.first > 1_000) {
        this.waiting = this.waiting.slice(this.first);
        this.first = 0;
      }
      try {
        next.acknowledge(next.outcome);
      } catch (error) {
        this.fault(error as Error);
      }
    }
    this.waiting = [];
    this.first = 0;
  }
}
