// A thousand viewers on one dashboard of twenty metrics at ten changes a second each, the gateway on one core. Then the
// same with one more viewer that reads at a tenth of the speed: the others must not notice.
import { startGateway } from '../programs.ts';
import { heading, line, median, note, percentile } from '../store/report.ts';
import { cpuSecondsOf, pinToOtherCore } from './machine.ts';
import { delaysOf, openPublisher } from './publisher.ts';
import { RawViewer } from './raw-viewer.ts';

const viewers = 1_000;
const metrics = 20;
const changesPerSecond = 10;
/** Viewers whose frames are decoded; the others are counted. */
const sampled = 50;
const warmupSeconds = 2;
/** A viewer at a tenth of the speed reads for so long, then sleeps nine times as long. */
const slowReadMs = 100;

type Phase = { slow: boolean; intervalMs?: number };

async function measure({ slow, intervalMs }: Phase, seconds: number) {
  const gateway = await startGateway(metrics, [], [], 0);
  const delays: number[] = [];
  let countFrom = Number.POSITIVE_INFINITY;
  const timers: NodeJS.Timeout[] = [];
  try {
    const publisher = await openPublisher({
      ...gateway,
      rate: metrics * changesPerSecond,
      seconds: seconds + warmupSeconds,
    });
    const ask = { sub: 'dashboard', mode: 'log' as const, intervalMs };
    const opened: RawViewer[] = [];
    for (let i = 0; i < viewers; i++) {
      const look = (frame: Buffer, now: number) => {
        if (now >= countFrom) for (const delay of delaysOf(frame, now)) delays.push(delay);
      };
      opened.push(await RawViewer.open(gateway.http, gateway.token, ask, i % (viewers / sampled) === 0 ? look : null));
    }
    if (slow) timers.push(...slowDown(await RawViewer.open(gateway.http, gateway.token, ask)));
    const cpuBefore = cpuSecondsOf(gateway.pid);
    countFrom = performance.now() + warmupSeconds * 1_000;
    const { messages } = await publisher.run();
    const cpu = (cpuSecondsOf(gateway.pid) - cpuBefore) / (seconds + warmupSeconds);
    const behind = () => opened.filter(({ rows, isOpen }) => !isOpen || rows < messages).length;
    for (let turn = 0; turn < 100 && behind() > 0; turn++) await new Promise(done => setTimeout(done, 10));
    const result = {
      p50: percentile(delays, 0.5),
      p99: percentile(delays, 0.99),
      behind: behind(),
      complaints: opened.reduce((sum, { complaints }) => sum + complaints, 0),
      cpu,
    };
    publisher.close();
    for (const viewer of opened) viewer.close();
    return result;
  } finally {
    for (const timer of timers) clearInterval(timer);
    await gateway.stop();
  }
}

function slowDown({ socket }: RawViewer): NodeJS.Timeout[] {
  socket.pause();
  const timer = setInterval(() => {
    socket.resume();
    setTimeout(() => socket.pause(), slowReadMs);
  }, slowReadMs * 10);
  return [timer];
}

/** Runs the phases in turns and prints medians. */
export async function benchFanout({ rounds, seconds }: { rounds: number; seconds: number }): Promise<void> {
  pinToOtherCore();
  heading(
    `fan-out: ${viewers} viewers of ${metrics} metrics at ${changesPerSecond} changes/s each, gateway on one core`,
  );
  const phases: [string, Phase][] = [
    ['default flush', { slow: false }],
    ['default flush, one slow viewer more', { slow: true }],
    ['flush 100 ms', { slow: false, intervalMs: 100 }],
  ];
  const results = phases.map(() => [] as Awaited<ReturnType<typeof measure>>[]);
  for (let round = 0; round < rounds; round++) {
    const order = phases.map((_, i) => (round % 2 === 0 ? i : phases.length - 1 - i));
    for (const i of order) results[i]?.push(await measure((phases[i] as [string, Phase])[1], seconds));
  }
  const of = (i: number, what: 'p50' | 'p99' | 'cpu') => (results[i] ?? []).map(run => run[what]);
  for (const [i, [name]] of phases.entries()) {
    const runs = results[i] ?? [];
    const behind = runs.reduce((sum, run) => sum + run.behind, 0);
    const complaints = runs.reduce((sum, run) => sum + run.complaints, 0);
    line(`${name}: viewers that fell behind`, behind, '', `told of a gap or of being slow: ${complaints}`, { most: 0 });
    line(`${name}: p50`, median(of(i, 'p50')), 'ms');
    line(
      `${name}: p99`,
      median(of(i, 'p99')),
      'ms',
      `raw ${of(i, 'p99')
        .map(p99 => p99.toFixed(1))
        .join(' ')}`,
    );
    line(`${name}: CPU`, median(of(i, 'cpu')), 'cores');
  }
  const ratios = of(1, 'p99').map((slow, i) => slow / (of(0, 'p99')[i] as number));
  line('p99 with a slow viewer to p99 without', median(ratios), '', `raw ${ratios.map(r => r.toFixed(2)).join(' ')}`, {
    most: 1.1,
  });
  note('each round is a fresh gateway; the generator and all viewers share the other core');
}
