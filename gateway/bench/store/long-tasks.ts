// One metric at 1 Hz for a long time: made through the store and as a table, and scanned raw in the same process.
import { Clustered } from './clustered.ts';
import { OwnStore } from './own-store.ts';
import { median } from './report.ts';
import { type SensorKind, Sensors } from './sensors.ts';

/** The metric that is asked for. */
export const device = 'device-0';
export const metric = 'metric-0';

export type LongArgs = { dir: string; seconds: number; startMs: number };
export type LongResult = { seconds: number; settled: boolean };
export type ScanArgs = { dir: string; from: number; to: number };
export type ScanResult = { readings: number; rates: number[] };
export type Range = { name: string; from: number; to: number };
export type TableArgs = LongArgs & { ranges: Range[]; points: number; month: Range };
export type TableResult = { medians: { name: string; ms: number }[]; scanRate: number };

const kind: SensorKind = 'two decimals';
const readingsPerCommit = 10_000;

export async function longOwn({ dir, seconds, startMs }: LongArgs): Promise<LongResult> {
  const begin = performance.now();
  const own = await OwnStore.open(dir, startMs);
  const [id = 0] = own.series(1);
  const sensors = new Sensors(kind, 1, startMs);
  for (let second = 0; second < seconds; second++) {
    sensors.next();
    const ts = sensors.ts[0] as number;
    own.store.push(id, ts, ts, sensors.values[0] as number, 0);
    if ((second + 1) % readingsPerCommit !== 0) continue;
    own.moveTo(ts);
    await own.store.flush();
  }
  const settled = await own.settle();
  await own.close();
  return { seconds: (performance.now() - begin) / 1_000, settled };
}

/** No rollup is this short and no hour divides by it, so that every reading has to be decoded. */
const scanIntervalMs = 37_000;
const bucketsInPart = 15_000;
const scans = 5;

export async function longScan({ dir, from, to }: ScanArgs): Promise<ScanResult> {
  const own = await OwnStore.open(dir, to);
  const series = own.store.series.find(device, metric);
  if (series === undefined) throw new Error(`${device} has no ${metric} in ${dir}`);
  const rates: number[] = [];
  let readings = 0;
  for (let scan = 0; scan < scans + 1; scan++) {
    const begin = performance.now();
    readings = 0;
    for (let start = from; start < to; start += bucketsInPart * scanIntervalMs) {
      const end = Math.min(start + bucketsInPart * scanIntervalMs, to);
      const call = { series, device, from: start, to: end, now: to, interval: { ms: scanIntervalMs }, zone: 'UTC' };
      const { buckets } = await own.store.buckets(call);
      for (const [, count] of buckets) readings += count;
    }
    // The first one brings files and code into memory.
    if (scan > 0) rates.push((readings / (performance.now() - begin)) * 1_000);
  }
  await own.close();
  return { readings, rates };
}

function fill(table: Clustered, seconds: number, startMs: number): void {
  const sensors = new Sensors(kind, 1, startMs);
  table.begin();
  for (let second = 0; second < seconds; second++) {
    sensors.next();
    table.add(1, sensors.ts[0] as number, sensors.values[0] as number);
    if ((second + 1) % 100_000 !== 0) continue;
    table.commit();
    table.begin();
  }
  table.commit();
  table.db.pragma('wal_checkpoint(TRUNCATE)');
}

/** Each aggregate over a year takes seconds: fewer of them than of the requests to the gateway. */
const tableRequests = 5;

export async function longClustered(args: TableArgs): Promise<TableResult> {
  const table = new Clustered(args.dir);
  fill(table, args.seconds, args.startMs);
  const aggregate = table.db.prepare(
    `SELECT (ts - ?) / ?, min(value), max(value), avg(value), count(*) FROM reading
     WHERE series = 1 AND ts >= ? AND ts < ? GROUP BY 1`,
  );
  const medians = args.ranges.map(({ name, from, to }) => {
    // Whole numbers as bigint: a double would make the division one of doubles.
    const [start, end, width] = [from, to, Math.ceil((to - from) / args.points)].map(BigInt);
    const times = Array.from({ length: tableRequests + 1 }, () => {
      const begin = performance.now();
      aggregate.all(start, width, start, end);
      return performance.now() - begin;
    });
    return { name, ms: median(times.slice(1)) };
  });
  const raw = table.db.prepare('SELECT ts, value FROM reading WHERE series = 1 AND ts >= ? AND ts < ?').raw();
  const rates = Array.from({ length: tableRequests + 1 }, () => {
    const begin = performance.now();
    let readings = 0;
    for (const _row of raw.iterate(args.month.from, args.month.to)) readings++;
    return (readings / (performance.now() - begin)) * 1_000;
  });
  table.close();
  return { medians, scanRate: median(rates.slice(1)) };
}
