import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { HistoryGap, Value, Void } from '../contract/index.ts';
import type { ApiPorts, Missing } from './context.ts';
import { fakePorts, makeApp, voided } from './fake-ports.fixture.ts';

type Reading = [ts: number, value: Value];
type Store = { readings: Reading[]; pageRows?: number; gapsOfPage?: boolean } & Partial<Missing>;

const gap = (from: number, to: number, reason: HistoryGap['reason'] = 'device-offline'): HistoryGap => ({
  from,
  to,
  reason,
});
const voidOf = (from: number, to: number, more: Partial<Void> = {}): Void => ({ ...voided('1'), from, to, ...more });
const iso = (ts: number) => new Date(ts).toISOString();

/**
 * History that answers pages of `pageRows`. Gaps are cut to what was asked for, or with `gapsOfPage` to what the page
 * covers: the API has to get along with either.
 */
function readingsOf({ readings, gaps = [], voids = [], pageRows = 10_000, gapsOfPage = false }: Store) {
  return async ({ from, to }: { from: number; to: number }) => {
    const inRange = readings.filter(([ts]) => ts >= from && ts < to);
    const page = inRange.slice(0, pageRows);
    const more = inRange.length > pageRows;
    const end = gapsOfPage && more ? (page.at(-1) as Reading)[0] + 1 : to;
    return {
      readings: page,
      more,
      gaps: gaps
        .map(whole => ({ ...whole, from: Math.max(whole.from, from), to: Math.min(whole.to, end) }))
        .filter(cut => cut.from < cut.to),
      voids: voids.filter(whole => whole.from < end && whole.to > from),
    };
  };
}

async function get(history: Partial<ApiPorts['history']>, query: string): Promise<string> {
  const fake = fakePorts();
  Object.assign(fake.ports.history, history);
  const response = await makeApp(fake).ask(`/api/v1/history?device=a&metric=t${query}`, { as: 'viewer' });
  expect(response.status).toBe(200);
  return response.text();
}

const csvOf = async (store: Store, from: number, to: number) => {
  const text = await get({ readings: readingsOf(store) }, `&from=${from}&to=${to}&format=csv`);
  expect(text.endsWith('\r\n')).toBe(true);
  return text.slice(0, -2).split('\r\n');
};

describe('readings as CSV', () => {
  test('[RST-2] have each gap as a line of its own at its place in time', async () => {
    const readings: Reading[] = [
      [1_000, 21.5],
      [5_000, 'say "x"'],
      [9_000, true],
    ];
    const gaps = [gap(1_001, 5_000), gap(6_000, 7_000, 'gateway-down')];
    expect(await csvOf({ readings, gaps }, 0, 10_000)).toEqual([
      'ts,time,value,until,reason',
      `1000,${iso(1_000)},21.5,,`,
      `1001,${iso(1_001)},,${iso(5_000)},device-offline`,
      `5000,${iso(5_000)},"say ""x""",,`,
      `6000,${iso(6_000)},,${iso(7_000)},gateway-down`,
      `9000,${iso(9_000)},true,,`,
    ]);
  });

  test('[RST-2] have the gaps of a range without a reading', async () => {
    expect(await csvOf({ readings: [], gaps: [gap(0, 10, 'retention')] }, 0, 10)).toEqual([
      'ts,time,value,until,reason',
      `0,${iso(0)},,${iso(10)},retention`,
    ]);
  });

  test('[STO-7] have each void as a line that says who did it and why', async () => {
    const voids = [voidOf(2_000, 3_000, { by: 'ada', reason: 'probe "out",\nin the sun' })];
    expect(await csvOf({ readings: [[4_000, 1]], voids }, 0, 10_000)).toEqual([
      'ts,time,value,until,reason',
      `2000,${iso(2_000)},,${iso(3_000)},"voided by ada: probe ""out"",\nin the sun"`,
      `4000,${iso(4_000)},1,,`,
    ]);
  });

  test('[STO-7] tell of a void that reaches over the range within the range', async () => {
    const lines = await csvOf({ readings: [[60, 1]], voids: [voidOf(0, 55), voidOf(70, 900, { id: '2' })] }, 50, 100);
    expect(lines.slice(1)).toEqual([
      `50,${iso(50)},,${iso(55)},"voided by ada: probe in the sun"`,
      `60,${iso(60)},1,,`,
      `70,${iso(70)},,${iso(100)},"voided by ada: probe in the sun"`,
    ]);
  });

  test('[RST-2] tell of a gap once, however many pages it reaches over', async () => {
    const readings: Reading[] = [1, 2, 3, 4, 5].map(ts => [ts, ts]);
    const lines = await csvOf({ readings, gaps: [gap(0, 8)], voids: [voidOf(2, 9)], pageRows: 1 }, 0, 10);
    expect(lines.slice(1).map(line => line.replace(/,.*,(?=[^,]*$)/, ' '))).toEqual([
      '0 device-offline',
      '1 ',
      '2 "voided by ada: probe in the sun"',
      '2 ',
      '3 ',
      '4 ',
      '5 ',
    ]);
  });
});

describe('the seams of pages', () => {
  const range = { from: 0, to: 60 };
  const instant = fc.integer({ min: -5, max: 65 });
  const span = fc.tuple(instant, instant).filter(([from, to]) => from < to);
  const stores = fc.record({
    readings: fc
      .uniqueArray(fc.integer({ min: 0, max: 59 }), { maxLength: 30 })
      .map(times => times.sort((a, b) => a - b).map((ts): Reading => [ts, ts])),
    gaps: fc
      .array(fc.tuple(span, fc.constantFrom('device-offline' as const, 'gateway-down' as const)), { maxLength: 4 })
      .map(list => list.map(([[from, to], reason]) => gap(from, to, reason)).sort((a, b) => a.from - b.from)),
    voids: fc
      .array(span, { maxLength: 3 })
      .map(list => list.map(([from, to], i) => voidOf(from, to, { id: String(i), by: `u${i}` }))),
  });

  test('[RST-2] leave no trace: in CSV gaps and readings are as of one page', async () => {
    await fc.assert(
      fc.asyncProperty(stores, fc.integer({ min: 1, max: 10 }), async (store, pageRows) => {
        const whole = await csvOf(store, range.from, range.to);
        expect(await csvOf({ ...store, pageRows }, range.from, range.to)).toEqual(whole);
      }),
      { numRuns: 150 },
    );
  });

  test('[RST-2] are seamless where gaps are told a page at a time: in CSV no instant of a gap is there twice', async () => {
    const instantsOf = (lines: string[]) =>
      lines.slice(1).flatMap(line => {
        const [ts, , , until, reason] = line.split(',') as [string, string, string, string, string];
        if (until === '') return [];
        const length = Date.parse(until) - Number(ts);
        return Array.from({ length }, (_, i) => `${Number(ts) + i} ${reason}`);
      });
    await fc.assert(
      fc.asyncProperty(stores, fc.integer({ min: 1, max: 10 }), async (store, pageRows) => {
        const whole = await csvOf(store, range.from, range.to);
        const paged = await csvOf({ ...store, pageRows, gapsOfPage: true }, range.from, range.to);
        const told = instantsOf(paged);
        expect(new Set(told).size).toBe(told.length);
        expect([...told].sort()).toEqual(instantsOf(whole).sort());
        const times = paged.slice(1).map(line => Number.parseInt(line, 10));
        expect(times).toEqual([...times].sort((a, b) => a - b));
      }),
      { numRuns: 150 },
    );
  });
});

describe('buckets', () => {
  const buckets: ApiPorts['history']['buckets'] = async () => ({
    buckets: [
      [0, 2, 1, 3, 2, 1, 3],
      [120_000, 1, null, null, null, 'on', 'on'],
    ],
    gaps: [gap(60_000, 120_000, 'gateway-down')],
    voids: [voidOf(180_000, 190_000)],
    intervalMs: 60_000,
  });

  test('[RST-2] as CSV have each gap at its place', async () => {
    const text = await get(
      { buckets: async ask => ({ ...(await buckets(ask)), voids: [] }) },
      '&interval=1m&from=0&format=csv',
    );
    expect(text.split('\r\n')).toEqual([
      'start,count,min,max,mean,first,last,until,reason',
      '0,2,1,3,2,1,3,,',
      `60000,,,,,,,${iso(120_000)},gateway-down`,
      '120000,1,,,,"on","on",,',
      '',
    ]);
  });

  test('[STO-7] as CSV have each void at its place', async () => {
    const text = await get({ buckets }, '&interval=1m&from=0&format=csv');
    expect(text).toContain(`\r\n180000,,,,,,,${iso(190_000)},"voided by ada: probe in the sun"\r\n`);
  });

  test('by points are as wide as the store chose, and the answer says so', async () => {
    const answer = JSON.parse(await get({ buckets }, '&points=7&from=0'));
    expect(answer.interval).toBe('60000ms');
    expect(answer).not.toHaveProperty('intervalMs');
  });
});

describe('as JSON', () => {
  const missing = { gaps: [gap(1, 2)], voids: [voidOf(3, 4)] };

  test('[RST-2] readings and buckets both tell gaps', async () => {
    const readings = JSON.parse(await get({ readings: async () => ({ readings: [], more: false, ...missing }) }, ''));
    expect(readings).toMatchObject({ gaps: missing.gaps, next: null });
    expect(readings).not.toHaveProperty('more');
    const buckets = JSON.parse(await get({ buckets: async () => ({ buckets: [], ...missing }) }, '&interval=1h'));
    expect(buckets).toMatchObject({ gaps: missing.gaps, interval: '1h' });
  });

  test('[STO-7] readings and buckets both tell what was left out, by whom and why', async () => {
    const readings = await get({ readings: async () => ({ readings: [], more: false, ...missing }) }, '');
    const buckets = await get({ buckets: async () => ({ buckets: [], ...missing }) }, '&interval=1h');
    for (const text of [readings, buckets]) expect(JSON.parse(text).voids).toEqual(missing.voids);
  });
});
