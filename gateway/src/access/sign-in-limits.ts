// How often somebody may try to sign in: by address, by name, and by name for one-time passwords. The one place that
// knows what counts the attempts.
import { RateLimiterMemory } from 'rate-limiter-flexible';
import { Refusal } from '../contract/index.ts';

const attemptsPerMinute = 10;
/** Whoever has the password has a million one-time passwords before them: ten an hour leave them decades. */
const wrongCodesPerHour = 10;
/** Names are cut to this for counting; a longer one is nobody's. */
const nameLengthMax = 128;
/** Names and addresses remembered from which somebody signed in; the oldest goes first. */
const knownPlacesMax = 10_000;

export class SignInLimits {
  private readonly byAddress = new RateLimiterMemory({ points: attemptsPerMinute, duration: 60 });
  private readonly byName = new RateLimiterMemory({ points: attemptsPerMinute, duration: 60 });
  private readonly wrongCodes = new RateLimiterMemory({ points: wrongCodesPerHour, duration: 3_600 });
  private readonly knownPlaces = new Set<string>();

  /** Counts an attempt from an address. Rejects with Refusal('too_many') beyond the limit. */
  address(address: string): Promise<void> {
    return take(this.byAddress, address);
  }

  /**
   * Counts an attempt on a name. From an address where this name signed in before it has a count of its own, so that
   * strangers who try the name all day do not lock its owner out.
   */
  name(name: string, address: string): Promise<void> {
    const place = placeOf(name, address);
    return take(this.byName, this.knownPlaces.has(place) ? place : name.slice(0, nameLengthMax));
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

  /** Counts a one-time password that is about to be looked at. Rejects with Refusal('too_many') beyond the limit. */
  async code(name: string): Promise<void> {
    try {
      await this.wrongCodes.consume(name);
    } catch {
      throw new Refusal('too_many', `at most ${wrongCodesPerHour} wrong one-time passwords an hour`);
    }
  }

  /** It was right: it does not count. */
  async codeRight(name: string): Promise<void> {
    await this.wrongCodes.delete(name);
  }
}

const placeOf = (name: string, address: string) => JSON.stringify([name.slice(0, nameLengthMax), address]);

async function take(limiter: RateLimiterMemory, key: string): Promise<void> {
  try {
    await limiter.consume(key);
  } catch {
    throw new Refusal('too_many', `at most ${attemptsPerMinute} attempts to sign in a minute`);
  }
}
