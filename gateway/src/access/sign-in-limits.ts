// How often somebody may try to sign in: by address, by name, and by name for one-time passwords. The one place that
// knows what counts the attempts.
import { Refusal } from '../contract/index.ts';
import type { Clock } from '../lib/clock.ts';
import { networkOf } from '../lib/forwarded.ts';
import { TokenBuckets } from '../lib/token-bucket.ts';

const attemptsPerMinute = 10;
/** Whoever has the password has a million one-time passwords before them: ten an hour leave them decades. */
const wrongCodesPerHour = 10;
/** Names, and addresses, whose attempts are counted; each costs some hundred bytes. */
const countedMax = 10_000;
/** Names are cut to this for counting; a longer one is nobody's. */
const nameLengthMax = 128;
/** Names and addresses remembered from which somebody signed in; the oldest goes first. */
const knownPlacesMax = 10_000;

const attemptRate = { perSecond: attemptsPerMinute / 60, burst: attemptsPerMinute };
const wrongCodeRate = { perSecond: wrongCodesPerHour / 3_600, burst: wrongCodesPerHour };

export class SignInLimits {
  private readonly byAddress = new TokenBuckets(attemptRate, countedMax);
  private readonly byName = new TokenBuckets(attemptRate, countedMax);
  private readonly wrongCodes = new TokenBuckets(wrongCodeRate, countedMax);
  private readonly knownPlaces = new Set<string>();
  private readonly clock: Clock;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** Counts an attempt from an address. Throws Refusal('too_many') beyond the limit. */
  address(address: string): void {
    this.take(this.byAddress, networkOf(address));
  }

  /**
   * Counts an attempt on a name. From an address where this name signed in before it has a count of its own, so that
   * strangers who try the name all day do not lock its owner out.
   */
  name(name: string, address: string): void {
    const place = placeOf(name, address);
    this.take(this.byName, this.knownPlaces.has(place) ? place : name.slice(0, nameLengthMax));
  }

  /** Remembers that the name signed in from there. */
  signedIn(name: string, address: string): void {
    const place = placeOf(name, address);
    this.knownPlaces.delete(place);
    if (this.knownPlaces.size >= knownPlacesMax) {
      const oldest = this.knownPlaces.values().next().value;
      if (oldest !== undefined) this.knownPlaces.delete(oldest);
    }
    this.knownPlaces.add(place);
  }

  /** Counts a one-time password that is about to be looked at. Throws Refusal('too_many') beyond the limit. */
  code(name: string): void {
    const now = this.clock.elapsed();
    if (this.wrongCodes.of(name, now).tryTake(now)) return;
    throw new Refusal('too_many', `at most ${wrongCodesPerHour} wrong one-time passwords an hour`);
  }

  /** It was right: it does not count. */
  codeRight(name: string): void {
    this.wrongCodes.forget(name);
  }

  private take(attempts: TokenBuckets, key: string): void {
    const now = this.clock.elapsed();
    if (attempts.of(key, now).tryTake(now)) return;
    throw new Refusal('too_many', `at most ${attemptsPerMinute} attempts to sign in a minute`);
  }
}

const placeOf = (name: string, address: string) => JSON.stringify([name.slice(0, nameLengthMax), networkOf(address)]);
