// A limit on how often something happens, with room for a burst: tokens come back at a steady rate, and what happens
// takes some. Times are handed in, in milliseconds; a clock that is set back gives and takes nothing.

export type Rate = {
  perSecond: number;
  /** Tokens that a full bucket has. */
  burst: number;
};

export class TokenBucket {
  private tokens: number;
  private at: number;
  private readonly rate: Rate;

  constructor(rate: Rate, now: number) {
    this.rate = rate;
    this.tokens = rate.burst;
    this.at = now;
  }

  /** Takes a token; false, and nothing taken, where there is none. */
  tryTake(now: number): boolean {
    this.refill(now);
    if (this.tokens < 1) return false;
    this.tokens--;
    return true;
  }

  /** Takes so many for what has happened already, if need be on credit; returns the milliseconds until that is paid. */
  spend(count: number, now: number): number {
    this.refill(now);
    this.tokens -= count;
    return this.tokens >= 0 ? 0 : (-this.tokens / this.rate.perSecond) * 1_000;
  }

  /** Milliseconds until the next token is there. */
  untilNext(now: number): number {
    this.refill(now);
    return this.tokens >= 1 ? 0 : ((1 - this.tokens) / this.rate.perSecond) * 1_000;
  }

  /** True where it is as it was when it was made. */
  isFull(now: number): boolean {
    this.refill(now);
    return this.tokens >= this.rate.burst;
  }

  private refill(now: number): void {
    const passed = now - this.at;
    this.at = now;
    if (passed > 0) this.tokens = Math.min(this.rate.burst, this.tokens + (passed / 1_000) * this.rate.perSecond);
  }
}

/** Buckets that are looked at when one has to go: so many more have room after that, as a rule. */
const lookedAtMax = 100;

/** Buckets by name or address, at most `keysMax` of them; full ones, which are as good as new, go with the oldest. */
export class TokenBuckets {
  private readonly buckets = new Map<string, TokenBucket>();
  private readonly rate: Rate;
  private readonly keysMax: number;

  constructor(rate: Rate, keysMax: number) {
    this.rate = rate;
    this.keysMax = keysMax;
  }

  /** The bucket of a key. It may be held for as long as one likes; while it is in use it is found again. */
  of(key: string, now: number): TokenBucket {
    const known = this.buckets.get(key);
    if (known !== undefined) return known;
    if (this.buckets.size >= this.keysMax) this.makeRoom(now);
    const bucket = new TokenBucket(this.rate, now);
    this.buckets.set(key, bucket);
    return bucket;
  }

  size(): number {
    return this.buckets.size;
  }

  /** The oldest goes in any case, and of those behind it, as far as is looked, those that nobody would miss. */
  private makeRoom(now: number): void {
    let looked = 0;
    for (const [key, bucket] of this.buckets) {
      if (looked === 0 || bucket.isFull(now)) this.buckets.delete(key);
      if (++looked >= lookedAtMax) break;
    }
  }
}
