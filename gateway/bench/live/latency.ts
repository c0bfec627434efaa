// From the moment a publish was due to the frame at the viewer: 5,000 messages a second over 500 devices, 50 viewers
// that each watch ten of them in mode `log`, so that every message counts.
import { startGateway } from '../programs.ts';
import { heading, line, median, note, percentile } from '../store/report.ts';
import { delaysOf, openPublisher } from './publisher.ts';
import { RawViewer } from './raw-viewer.ts';

const devices = 500;
const viewers = 50;
const rate = 5_000;
const warmupSeconds = 2;

type Variant = { name: string; set: string[]; intervalMs?: number; p50Max: number; p99Max: number };
const variants: Variant[] = [
  { name: 'default settings', set: [], p50Max: 40, p99Max: 100 },
  { name: 'commitIntervalMs 0, flush 0', set: ['store.commitIntervalMs=0'], intervalMs: 0, p50Max: 5, p99Max: 20 },
];

async function measure({ set, intervalMs }: Variant, seconds: number) {
  const gateway = await startGateway(devices, set);
  const delays: number[] = [];
  let countFrom = Number.POSITIVE_INFINITY;
  try {
    const publisher = await openPublisher({
      ...gateway,
      rate,
      seconds: seconds + warmupSeconds,
    });
    const perViewer = devices / viewers;
    const opened = await Promise.all(
      Array.from({ length: viewers }, (_, i) => {
        const device = gateway.credentials.slice(i * perViewer, (i + 1) * perViewer).map(([id]) => id);
        return RawViewer.open(
          gateway.http,
          gateway.token,
          { sub: 's', mode: 'log', device, intervalMs },
          (frame, now) => {
            if (now >= countFrom) for (const delay of delaysOf(frame, now)) delays.push(delay);
          },
        );
      }),
    );
    countFrom = performance.now() + warmupSeconds * 1_000;
    const { messages, lateP99 } = await publisher.run();
    const wanted = messages;
    for (let turn = 0; turn < 200 && rowsOf(opened) < wanted; turn++) await new Promise(done => setTimeout(done, 10));
    const received = rowsOf(opened);
    publisher.close();
    for (const viewer of opened) viewer.close();
    return { p50: percentile(delays, 0.5), p99: percentile(delays, 0.99), missing: wanted - received, lateP99 };
  } finally {
    await gateway.stop();
  }
}

const rowsOf = (viewers: readonly RawViewer[]) => viewers.reduce((sum, { rows }) => sum + rows, 0);

/** Runs both settings in turns and prints medians. */
export async function benchLatency({ rounds, seconds }: { rounds: number; seconds: number }): Promise<void> {
  heading(
    `latency: ${rate} messages/s over ${devices} devices, ${viewers} viewers of ${devices / viewers} devices each`,
  );
  const results = variants.map(() => [] as Awaited<ReturnType<typeof measure>>[]);
  for (let round = 0; round < rounds; round++) {
    const order = variants.map((_, i) => (round % 2 === 0 ? i : variants.length - 1 - i));
    for (const i of order) results[i]?.push(await measure(variants[i] as Variant, seconds));
  }
  for (const [i, { name, p50Max, p99Max }] of variants.entries()) {
    const runs = results[i] ?? [];
    const raw = (of: 'p50' | 'p99') => `raw ${runs.map(run => run[of].toFixed(1)).join(' ')}`;
    line(`${name}: p50`, median(runs.map(({ p50 }) => p50)), 'ms', raw('p50'), { most: p50Max });
    line(`${name}: p99`, median(runs.map(({ p99 }) => p99)), 'ms', raw('p99'), { most: p99Max });
    const missing = runs.reduce((sum, run) => sum + run.missing, 0);
    note(
      `missing rows: ${missing}; the generator was late by ${runs.map(({ lateP99 }) => lateP99.toFixed(1)).join(' ')} ms (p99)`,
    );
  }
}
