// Doubles that are decimals of few places are integers and a power of ten; the few that are not are kept beside them.
import { exactMax } from './integers.ts';

/** More places than any sensor has would make the integers larger than the doubles are. */
export const placesMax = 9;

const powers = Array.from({ length: placesMax + 1 }, (_, places) => 10 ** places);

/** `10^places`, exact. */
export function powerOf(places: number): number {
  return powers[places] as number;
}

/** Integers of `places` decimals. `odd` are the places of doubles that are no such decimals. */
export type Decimals = { places: number; integers: Float64Array; odd: number[] };

function fits(value: number, power: number): boolean {
  const integer = Math.round(value * power);
  return integer / power === value && integer <= exactMax && integer >= -exactMax && (value !== 0 || 1 / value > 0);
}

/** The fewest places that all but `oddMax` of these need, or -1 where there is no such number. */
function placesOf(x: Float64Array, oddMax: number): number {
  let places = 0;
  let power = 1;
  let odd = 0;
  for (let i = 0; i < x.length; i++) {
    const value = x[i] as number;
    if (fits(value, power)) continue;
    let more = places + 1;
    while (more <= placesMax && !fits(value, powerOf(more))) more++;
    if (more <= placesMax) {
      places = more;
      power = powerOf(places);
    } else if (++odd > oddMax) return -1;
  }
  return places;
}

/** These doubles as decimals, or null where more than one in sixteen is none. */
export function asDecimals(x: Float64Array): Decimals | null {
  const n = x.length;
  const oddMax = n >>> 4;
  const places = placesOf(x, oddMax);
  if (places < 0) return null;
  const power = powerOf(places);
  const integers = new Float64Array(n);
  const odd: number[] = [];
  let before = 0;
  for (let i = 0; i < n; i++) {
    const value = x[i] as number;
    if (fits(value, power)) {
      // Adding 0 makes a 0 of the -0 that small negative numbers round to; it cannot be one by itself.
      before = Math.round(value * power) + 0;
    } else if (odd.push(i) > oddMax) return null;
    // In place of an odd one stands its neighbour, which costs the least.
    integers[i] = before;
  }
  return { places, integers, odd };
}
