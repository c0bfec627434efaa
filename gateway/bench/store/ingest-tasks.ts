// Pushes readings as fast as they are taken, with rising times, and notes the rate on the way.
import { Clustered } from './clustered.ts';
import { bytesIn } from './folder.ts';
import { OwnStore } from './own-store.ts';
import { Sensors } from './sensors.ts';

export type IngestArgs = {
  dir: string;
  readings: number;
  /** A rate is taken after so many. */
  step: number;
  /** Readings in one commit, for the table; the store decides for itself. */
  perCommit?: number;
};
export type IngestResult = {
  readings: number;
  /** Readings a second, of each step. */
  rates: number[];
  seconds: number;
  commits: number;
  /** CPU time of all threads, microseconds: until the last commit, and with the settling. */
  cpuUs: number;
  cpuSettledUs: number;
  peakRssBytes: number;
  settleSeconds: number | null;
  bytes: number;
};

const series = 1_000;
/** Batches of `series` readings that wait for their commit at most. */
const batchesInFlightMax = 16;
/** Batches that are pushed in one turn of the event loop, so that the next form while those before are committed. */
const batchesInTurn = 4;
/** Values are taken from one long walk that was made beforehand: making them would cost more than storing them. */
const walkLength = 65_536;
const walkStride = 61;

function madeBefore(): Float64Array {
  const sensors = new Sensors('two decimals', 1, 0);
  return Float64Array.from({ length: walkLength }, () => {
    sensors.next();
    return sensors.values[0] as number;
  });
}

/** Source times end about now, so that a gateway that opens the folder later finds them in its past. */
const startOf = (readings: number) => Math.floor(Date.now() / 1_000) * 1_000 - Math.ceil(readings / series) * 1_000;

const cpuUs = () => {
  const { user, system } = process.cpuUsage();
  return user + system;
};

/** Notes the rate each time that another step is through. */
class Steps {
  readonly rates: number[] = [];
  private readonly step: number;
  private nextStep: number;
  private done = 0;
  private at = performance.now();

  constructor(step: number) {
    this.step = this.nextStep = step;
  }

  through(readings: number): void {
    if (readings < this.nextStep) return;
    const now = performance.now();
    this.rates.push(((readings - this.done) / (now - this.at)) * 1_000);
    this.at = now;
    this.done = readings;
    while (this.nextStep <= readings) this.nextStep += this.step;
    process.stderr.write(
      `    ${(readings / 1e6).toFixed(2)} million, ${Math.round(this.rates.at(-1) as number)} readings/s\n`,
    );
  }
}

/** Batches on their way to the disk. */
class InFlight {
  waiting = 0;
  private wake: () => void = () => {};

  ended(): void {
    this.waiting--;
    this.wake();
  }

  /** Resolves when a batch has ended; also after a moment, for room may come without one. */
  async moment(): Promise<void> {
    await new Promise<void>(resolve => {
      const timer = setTimeout(resolve, 10);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

async function pushAll(own: OwnStore, { readings, step }: IngestArgs, startMs: number): Promise<number[]> {
  const { store } = own;
  const ids = own.series(series);
  const walk = madeBefore();
  const steps = new Steps(step);
  const inFlight = new InFlight();
  let committed = 0;
  const settled = (refused: string | null) => {
    if (refused !== null) throw new Error(`the store refused a batch: ${refused}`);
    committed += series;
    steps.through(committed);
    inFlight.ended();
  };
  const batches = Math.ceil(readings / series);
  for (let batch = 0; batch < batches; batch++) {
    while (inFlight.waiting >= batchesInFlightMax || !store.hasRoom(series)) await inFlight.moment();
    const ts = startMs + batch * 1_000;
    own.moveTo(ts);
    for (let s = 0; s < series; s++) {
      store.push(ids[s] as number, ts, ts, walk[(batch + s * walkStride) % walkLength] as number, 0);
    }
    inFlight.waiting++;
    store.whenCommitted(settled);
    if (batch % batchesInTurn === batchesInTurn - 1) await new Promise(resolve => setImmediate(resolve));
  }
  while (inFlight.waiting > 0) await inFlight.moment();
  return steps.rates;
}

export async function ingestOwn(args: IngestArgs): Promise<IngestResult> {
  const startMs = startOf(args.readings);
  const own = await OwnStore.open(args.dir, startMs);
  const cpuBefore = cpuUs();
  const begin = performance.now();
  const rates = await pushAll(own, args, startMs);
  const end = performance.now();
  const cpuAfter = cpuUs();
  const settled = await own.settle();
  const settleSeconds = settled ? (performance.now() - end) / 1_000 : null;
  const cpuSettled = cpuUs();
  const { commits } = own.store.counters;
  await own.close();
  return {
    readings: args.readings,
    rates,
    seconds: (end - begin) / 1_000,
    commits,
    cpuUs: cpuAfter - cpuBefore,
    cpuSettledUs: cpuSettled - cpuBefore,
    peakRssBytes: process.resourceUsage().maxRSS * 1_024,
    settleSeconds,
    bytes: bytesIn(args.dir),
  };
}

export async function ingestClustered(args: IngestArgs): Promise<IngestResult> {
  const { dir, readings, step, perCommit = series } = args;
  const startMs = startOf(readings);
  const table = new Clustered(dir);
  const walk = madeBefore();
  const steps = new Steps(step);
  const cpuBefore = cpuUs();
  const begin = performance.now();
  let commits = 0;
  table.begin();
  for (let i = 0; i < readings; i++) {
    const batch = Math.floor(i / series);
    const s = i % series;
    table.add(s + 1, startMs + batch * 1_000, walk[(batch + s * walkStride) % walkLength] as number);
    if ((i + 1) % perCommit !== 0 && i + 1 < readings) continue;
    table.commit();
    commits++;
    steps.through(i + 1);
    if (i + 1 < readings) table.begin();
  }
  const end = performance.now();
  const cpu = cpuUs() - cpuBefore;
  table.close();
  return {
    readings,
    rates: steps.rates,
    seconds: (end - begin) / 1_000,
    commits,
    cpuUs: cpu,
    cpuSettledUs: cpu,
    peakRssBytes: process.resourceUsage().maxRSS * 1_024,
    settleSeconds: 0,
    bytes: bytesIn(dir),
  };
}
