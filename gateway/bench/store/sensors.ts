// Sensors that are the same in every run: a random walk with noise on top, from a seed.

export type SensorKind = 'two decimals, jitter' | 'two decimals' | 'doubles' | 'constants and booleans';

/** Uniform numbers in [0, 1) from a seed (mulberry32). */
function uniform(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Normally distributed numbers of sigma 1 (Box and Muller). */
function normal(random: () => number): () => number {
  let spare: number | null = null;
  return () => {
    if (spare !== null) {
      const kept = spare;
      spare = null;
      return kept;
    }
    const radius = Math.sqrt(-2 * Math.log(1 - random()));
    const angle = 2 * Math.PI * random();
    spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  };
}

const jitterSigmaMs = 2;
/** A switch turns about once in ten minutes. */
const switchChance = 1 / 600;

/** So many series at 1 Hz. `next` moves them all on by a second. */
export class Sensors {
  /** Source times, Unix ms, and values, by series from 0. */
  readonly ts: Float64Array;
  readonly values: (number | boolean)[];
  private readonly kind: SensorKind;
  private readonly walk: Float64Array;
  private readonly sigmaWalk: Float64Array;
  private readonly sigmaNoise: Float64Array;
  private readonly random: () => number;
  private readonly gauss: () => number;
  private second: number;

  constructor(kind: SensorKind, series: number, startMs: number, seed = 20_261_122) {
    this.kind = kind;
    this.random = uniform(seed);
    this.gauss = normal(this.random);
    this.second = Math.floor(startMs / 1_000) - 1;
    this.ts = new Float64Array(series);
    this.walk = Float64Array.from({ length: series }, () => 10 + 40 * this.random());
    this.sigmaWalk = Float64Array.from({ length: series }, () => 0.01 + 0.01 * this.random());
    this.sigmaNoise = Float64Array.from({ length: series }, () => 0.01 + 0.01 * this.random());
    this.values = Array.from(this.walk, (at, s) => (s % 2 === 0 ? Math.round(at * 100) / 100 : false));
  }

  next(): void {
    this.second++;
    const { kind, gauss, random, sigmaNoise, sigmaWalk, ts, values, walk } = this;
    const full = this.second * 1_000;
    const jitter = kind === 'two decimals, jitter';
    for (let s = 0; s < ts.length; s++) {
      ts[s] = jitter ? full + Math.round(jitterSigmaMs * gauss()) : full;
      if (kind === 'constants and booleans') {
        if (s % 2 === 1 && random() < switchChance) values[s] = !values[s];
        continue;
      }
      const at = (walk[s] as number) + (sigmaWalk[s] as number) * gauss();
      walk[s] = at;
      const value = at + (sigmaNoise[s] as number) * gauss();
      values[s] = kind === 'doubles' ? value : Math.round(value * 100) / 100;
    }
  }
}
