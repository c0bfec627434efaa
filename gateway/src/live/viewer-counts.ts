// How many connections each user and each address has open, so that one of them leaves room for the others ([ACC-11]).

import { networkOf } from '../lib/forwarded.ts';

export type ViewerLimits = { viewersPerUserMax: number; viewersPerAddressMax: number };

type Whose = { name: string; address: string };

export class ViewerCounts {
  private readonly byUser = new Map<string, number>();
  private readonly byAddress = new Map<string, number>();
  private readonly limits: ViewerLimits;

  constructor(limits: ViewerLimits) {
    this.limits = limits;
  }

  /** Which limit one more would break, or null. */
  brokenBy({ name, address }: Whose): string | null {
    const { viewersPerUserMax, viewersPerAddressMax } = this.limits;
    if ((this.byUser.get(name) ?? 0) >= viewersPerUserMax) return `at most ${viewersPerUserMax} connections of a user`;
    if ((this.byAddress.get(networkOf(address)) ?? 0) < viewersPerAddressMax) return null;
    return `at most ${viewersPerAddressMax} connections from an address`;
  }

  /** Counts one in; returns what counts it out again. */
  add({ name, address }: Whose): () => void {
    const counted: [Map<string, number>, string][] = [
      [this.byUser, name],
      [this.byAddress, networkOf(address)],
    ];
    for (const [counts, key] of counted) counts.set(key, (counts.get(key) ?? 0) + 1);
    return () => {
      for (const [counts, key] of counted) {
        const left = (counts.get(key) ?? 0) - 1;
        if (left > 0) counts.set(key, left);
        else counts.delete(key);
      }
    };
  }
}
