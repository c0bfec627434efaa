// Seeded randomness: the same seed and names give the same numbers, on every machine, for ever. Each device draws
// from streams of its own name, so a device that is added changes nothing for the others.

const unit = 1 / 4_294_967_296;

/** Four 32-bit words out of a text (FNV-1a with four offsets, each finished so that near texts end far apart). */
function wordsOf(text: string): [number, number, number, number] {
  const word = (offset: number): number => {
    let hash = offset;
    for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
    hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
    return (hash ^ (hash >>> 16)) >>> 0;
  };
  return [word(0x811c9dc5), word(0x9e3779b9), word(0x243f6a88), word(0xb7e15162)];
}

/** One stream of numbers (the sfc32 generator: four words of state, period of at least 2^32). */
export class Random {
  #a: number;
  #b: number;
  #c: number;
  #count = 1;
  /** The second number of a Gaussian pair, kept for the next call. */
  #spare: number | null = null;

  /** The stream of this seed that the names lead to. */
  constructor(seed: number, ...names: string[]) {
    const [a, b, c, d] = wordsOf(`${seed}/${names.join('/')}`);
    this.#a = a;
    this.#b = b;
    this.#c = c ^ d;
    // The first numbers still look like the seed.
    for (let i = 0; i < 12; i++) this.next();
  }

  /** Evenly from 0 up to, not including, 1. */
  next(): number {
    const sum = (this.#a + this.#b + this.#count) | 0;
    this.#count = (this.#count + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0;
    return (sum >>> 0) * unit;
  }

  /** Evenly from `low` up to, not including, `high`. */
  between(low: number, high: number): number {
    return low + this.next() * (high - low);
  }

  /** A whole number from `low` to `high`, both included. */
  whole(low: number, high: number): number {
    return low + Math.floor(this.next() * (high - low + 1));
  }

  /** True once in 1/`probability` calls. */
  chance(probability: number): boolean {
    return this.next() < probability;
  }

  /** True when an event that comes every `everyS` seconds on average falls into a span of `dtS` seconds. */
  happens(dtS: number, everyS: number): boolean {
    return this.next() < 1 - Math.exp(-dtS / everyS);
  }

  /** A waiting time for an event that comes every `mean` on average, in the unit of `mean`. */
  wait(mean: number): number {
    return -Math.log(1 - this.next()) * mean;
  }

  /** Normally distributed (Marsaglia's polar method). */
  gaussian(mean = 0, deviation = 1): number {
    if (this.#spare !== null) {
      const spare = this.#spare;
      this.#spare = null;
      return mean + spare * deviation;
    }
    let x: number;
    let y: number;
    let square: number;
    do {
      x = this.next() * 2 - 1;
      y = this.next() * 2 - 1;
      square = x * x + y * y;
    } while (square >= 1 || square === 0);
    const scale = Math.sqrt((-2 * Math.log(square)) / square);
    this.#spare = y * scale;
    return mean + x * scale * deviation;
  }
}
