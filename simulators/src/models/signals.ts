// The pieces that physical signals are made of: lag, drift, the time of day, and the rounding of real sensors.
import type { Random } from '../random.ts';

const daySeconds = 86_400;

/** `value` after it followed `target` for `dtS` seconds with the time constant `tauS`. */
export function approach(value: number, target: number, dtS: number, tauS: number): number {
  return target + (value - target) * Math.exp(-dtS / tauS);
}

/** `value` moved towards `target` by at most `step`. */
export function moveTowards(value: number, target: number, step: number): number {
  return value < target ? Math.min(target, value + step) : Math.max(target, value - step);
}

/** `value`, kept from `low` to `high`. */
export function clamp(value: number, low: number, high: number): number {
  return Math.max(low, Math.min(value, high));
}

/** `value` as a sensor with this many decimals shows it. Never minus zero. */
export function round(value: number, decimals: number): number {
  const scale = 10 ** decimals;
  return Math.round(value * scale) / scale + 0;
}

/** Seconds after midnight, `dtS` seconds later. */
export function laterInDay(secondOfDay: number, dtS: number): number {
  return (secondOfDay + dtS) % daySeconds;
}

/** A smooth daily swing from -1 to 1 that is highest at `peakHour`. */
export function dailySwing(secondOfDay: number, peakHour: number): number {
  return Math.cos(((secondOfDay / daySeconds) * 24 - peakHour) * (Math.PI / 12));
}

/** A bump of height 1 around `hour`, about `widthHours` wide to each side. */
export function dailyBump(secondOfDay: number, hour: number, widthHours: number): number {
  const apart = Math.abs(secondOfDay / 3600 - hour);
  const distance = Math.min(apart, 24 - apart) / widthHours;
  return Math.exp(-distance * distance);
}

/** How high the sun stands, 0 at night to 1 at noon of a day with twelve hours of light. */
export function sunlight(secondOfDay: number): number {
  return Math.max(0, dailySwing(secondOfDay, 12));
}

/** A value that drifts around zero and always comes back (an Ornstein-Uhlenbeck process). */
export class Drift {
  readonly #random: Random;
  readonly #tauS: number;
  readonly #deviation: number;
  value: number;

  /** Drifts with this standard deviation, and forgets where it was after about `tauS` seconds. */
  constructor(random: Random, tauS: number, deviation: number) {
    this.#random = random;
    this.#tauS = tauS;
    this.#deviation = deviation;
    this.value = random.gaussian(0, deviation);
  }

  /** Drifts on for `dtS` seconds and gives the new value, which stays within four deviations. */
  step(dtS: number): number {
    const kept = Math.exp(-dtS / this.#tauS);
    const fresh = this.#random.gaussian(0, this.#deviation * Math.sqrt(1 - kept * kept));
    const limit = 4 * this.#deviation;
    this.value = clamp(this.value * kept + fresh, -limit, limit);
    return this.value;
  }
}
