// Upgrades that were refused for want of a sign-in, by address: whoever goes on trying is refused unheard for the rest
// of the minute, before anything is looked up for it ([ACC-11]).
import type { Clock } from '../lib/clock.ts';
import { networkOf } from '../lib/forwarded.ts';

const failuresPerMinuteMax = 60;
const minuteMs = 60_000;
/** Addresses that are remembered; beyond it the minute begins anew for all. */
const addressesMax = 10_000;

export class UpgradeAttempts {
  private minute = 0;
  private readonly failures = new Map<string, number>();
  private readonly clock: Clock;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  isBarred(address: string): boolean {
    this.turn();
    return (this.failures.get(networkOf(address)) ?? 0) >= failuresPerMinuteMax;
  }

  failed(address: string): void {
    this.turn();
    const network = networkOf(address);
    if (this.failures.size >= addressesMax && !this.failures.has(network)) this.failures.clear();
    this.failures.set(network, (this.failures.get(network) ?? 0) + 1);
  }

  private turn(): void {
    const minute = Math.floor(this.clock.now() / minuteMs);
    if (minute !== this.minute) this.failures.clear();
    this.minute = minute;
  }
}
