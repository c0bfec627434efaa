// Days, weeks and months in every time zone whose clocks change, out of rollups, against dates that Intl gives each
// quarter of an hour: the calendar that the store uses has no part in what is expected.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Bucket, Value } from '../contract/index.ts';
import type { Interval } from './calendar.ts';
import type { Store } from './store.ts';
import { settled, TempStore } from './temp-store.fixture.ts';

const quarter = 15 * 60_000;
const dayMs = 96 * quarter;
/** Twenty to a quarter: few enough for a year, and enough for quarters to be kept as rollups. */
const everyMs = 45_000;
const perQuarter = quarter / everyMs;
const start = Date.UTC(2026, 0, 1);
const days = 365;
const end = start + days * dayMs;

/** Differs from one reading to the next, and from one day to the next, so that a quarter too many shows. */
const valueAt = (ts: number) => Math.round(1_000 * Math.sin(ts / 1e9) + 500 * Math.sin(ts / 3e6)) / 10;

/** Offset from UTC as text, such as GMT+05:30. */
function offsetsOf(zone: string): (ts: number) => string {
  const format = new Intl.DateTimeFormat('en-US', { timeZone: zone, timeZoneName: 'longOffset' });
  return ts => format.format(ts).split(', ')[1] as string;
}

/** What changes in a zone's year, told to the quarter of an hour; empty where nothing does. */
function rulesOf(zone: string): string {
  const offsetAt = offsetsOf(zone);
  let rules = '';
  for (let day = start; day < end; day += dayMs) {
    if (offsetAt(day) === offsetAt(day + dayMs)) continue;
    for (let at = day; at < day + dayMs; at += quarter) {
      const [before, after] = [offsetAt(at), offsetAt(at + quarter)];
      if (before !== after) rules += ` ${at + quarter} ${before} ${after}`;
    }
  }
  return rules;
}

/** The zones whose clocks change within the year, those with the same changes together. */
const groups = [...Map.groupBy(Intl.supportedValuesOf('timeZone'), rulesOf)].flatMap(([rules, zones]) =>
  rules === '' ? [] : [zones],
);

type Quarter = { at: number; first: number; last: number; min: number; max: number };
const quarters: Quarter[] = [];
for (let at = start; at < end; at += quarter) {
  const values = Array.from({ length: perQuarter }, (_, i) => valueAt(at + i * everyMs));
  quarters.push({
    at,
    first: values[0] as number,
    last: values.at(-1) as number,
    min: Math.min(...values),
    max: Math.max(...values),
  });
}

const units = {
  day: (date: string) => date,
  week: (date: string) => {
    const day = Date.parse(`${date}T00:00:00Z`);
    return String(day - ((new Date(day).getUTCDay() + 6) % 7) * dayMs);
  },
  month: (date: string) => date.slice(0, 7),
};
type Unit = keyof typeof units;

/** Buckets of each unit, by the local date of every quarter. No offset is other than a multiple of a quarter today. */
function expectedOf(zone: string): Record<Unit, Bucket[]> {
  const format = new Intl.DateTimeFormat('en-CA', {
    timeZone: zone,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
  });
  const dates = quarters.map(({ at }) => format.format(at));
  const bucketsBy = (keyOf: (date: string) => string) => {
    const buckets = new Map<string, Bucket>();
    const keys = new Map<string, string>();
    for (const [i, { at, first, last, min, max }] of quarters.entries()) {
      const date = dates[i] as string;
      const key = keys.get(date) ?? keyOf(date);
      keys.set(date, key);
      const known = buckets.get(key);
      if (known === undefined) buckets.set(key, [at, perQuarter, min, max, null, first, last]);
      else {
        known[1] += perQuarter;
        known[2] = Math.min(known[2] as number, min);
        known[3] = Math.max(known[3] as number, max);
        known[6] = last;
      }
    }
    return [...buckets.values()];
  };
  return { day: bucketsBy(units.day), week: bucketsBy(units.week), month: bucketsBy(units.month) };
}

/** Zero and minus zero are one least and one greatest value. */
const plain = (bucket: readonly (Value | null)[]) => bucket.map(value => (value === 0 ? 0 : value));

describe('a year of readings', () => {
  const temp = new TempStore();
  let store: Store;
  let series: number;
  beforeAll(async () => {
    store = await temp.open();
    series = store.series.idOf('a', 't');
    for (let day = start; day < end; day += dayMs) {
      temp.clock.set(day + dayMs);
      for (let ts = day; ts < day + dayMs; ts += everyMs) store.push(series, ts, ts, valueAt(ts), 0);
      await settled(store);
    }
    // So late that all windows of 32 days have closed.
    temp.clock.set(end + 40 * dayMs);
    await store.settle();
  });
  afterAll(() => temp.dispose());

  const ask = async (interval: Interval, zone: string) => {
    const range = { series, device: 'a', from: start, to: end, now: end };
    const { buckets, gaps } = await store.buckets({ ...range, interval, zone });
    expect(gaps).toEqual([]);
    return buckets;
  };

  /** By the first zone of a group. */
  const known = new Map<string, Record<Unit, Bucket[]>>();

  async function expectRight(zonesOfGroupMax: number): Promise<Set<number>> {
    const hours = new Set<number>();
    for (const zones of groups) {
      const name = zones[0] as string;
      const expected = known.get(name) ?? expectedOf(name);
      known.set(name, expected);
      for (const zone of zones.slice(0, zonesOfGroupMax)) {
        for (const unit of ['day', 'week', 'month'] as const) {
          const buckets = await ask({ unit, count: 1 }, zone);
          // The first began before the readings did.
          const found = buckets.map((bucket, i) => bucket.with(4, null).with(0, i === 0 ? start : bucket[0]));
          expect(found.map(plain), `${unit} in ${zone}`).toEqual(expected[unit].map(plain));
          if (unit === 'day') for (const [, count] of buckets.slice(1, -1)) hours.add((count * everyMs) / 3_600_000);
        }
      }
    }
    return hours;
  }

  test('[RST-2] in every time zone with daylight saving has days, weeks and months of exactly its readings', async () => {
    expect(groups.length).toBeGreaterThan(10);
    const hours = await expectRight(Number.POSITIVE_INFINITY);
    // Lord Howe moves its clocks by half an hour.
    expect([...hours].sort((a, b) => a - b)).toEqual(expect.arrayContaining([23, 23.5, 24, 24.5, 25]));
  }, 60_000);

  test('[STO-2] of which only rollups are left has the same days, weeks and months', async () => {
    store = await temp.reopen({ retention: [{ device: '*', metric: '*', raw: dayMs }] });
    await store.settle();
    expect((await store.storage()).bytes.readings).toBe(0);
    await expectRight(1);
  }, 60_000);
});
