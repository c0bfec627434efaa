// Import: readings out of a file of any size go the way that live ones go. Invariant: a reading counts as imported
// only once it is committed; a bad line costs that line alone.
// Full: it hands over a slice at a time and has two of them under way at most; while the store is behind, it waits.
import { setTimeout as delay } from 'node:timers/promises';
import { type Code, isDeviceId, isMetricName, limits, type Millis, Refusal, type Value } from '../../contract/index.ts';
import { CsvReader } from './csv-reader.ts';
import {
  type BadLine,
  excerpt,
  type LineReader,
  type LineSink,
  type Target,
  type TransferFormat,
  type Wrong,
} from './lines.ts';
import { NdjsonReader } from './ndjson-reader.ts';

export type ImportPorts = {
  now(): Millis;
  /** True where so many readings have room before the next commit. */
  hasRoom(readings: number): boolean;
  /** Readings that wait for a commit, whoever brought them. */
  waiting(): number;
  findSeries(device: string, metric: string): number | undefined;
  /** Gives a new series its number; 0 where the device has too many. */
  makeSeries(device: string, metric: string): number;
  push(series: number, ts: Millis, receivedAt: Millis, value: Value, flags: number): void;
  /** Calls back when all that was pushed so far is on disk (null) or refused. */
  whenCommitted(settled: (refused: Code | null) => void): void;
  deviceExists(device: string): boolean;
  /** Makes sure that the device is in the registry; false where it may not be. */
  ensureDevice(device: string): boolean;
  isClosing(): boolean;
};

/** What became of an import. `errors` holds the first bad lines; `refused` counts all. */
export type ImportReport = { readings: number; refused: number; errors: BadLine[]; devicesCreated: number };

export type ImportCounters = { imports: number; readings: number; refused: number };

/** Bytes that are read in one go: about a millisecond of work, for devices wait that long. */
const stepBytes = 32 * 1024;
/** The shortest line is `0,d,m,1`; what was kept of the step before comes to it. */
const stepReadingsMax = 16_384;
/** Readings in one slice: enough that a commit costs little for each. */
const sliceReadings = 4_096;
/** Time that the event loop may be held up before others have their turn. */
const holdMsMax = 3;
/** Where more than this waits for a commit, live readings have the way to themselves. */
const waitingMax = 50_000;
const behindMs = 20;
/** Bad lines that are shown. */
const errorsShown = 20;

/** One import that is under way. */
export class Import implements LineSink {
  readonly report: ImportReport = { readings: 0, refused: 0, errors: [], devicesCreated: 0 };
  private readonly ports: ImportPorts;
  private readonly counters: ImportCounters;
  private readonly reader: LineReader;
  private receivedAt = 0;
  private pushed = 0;
  private turnAt = performance.now();
  /** The slice that was handed over last. */
  private handedOver: Promise<Code | null> = Promise.resolve(null);

  constructor(format: TransferFormat, ports: ImportPorts, counters: ImportCounters) {
    this.ports = ports;
    this.counters = counters;
    this.reader = format === 'csv' ? new CsvReader(this) : new NdjsonReader(this);
    counters.imports++;
  }

  /** Takes all of `body` in. Throws Refusal where that cannot go on; what was committed until then stays. */
  async run(body: AsyncIterable<Uint8Array>): Promise<ImportReport> {
    try {
      for await (const chunk of body) {
        for (let at = 0; at < chunk.byteLength; at += stepBytes) {
          await this.haveRoom();
          this.reader.take(chunk.subarray(at, at + stepBytes));
          if (this.pushed >= sliceReadings) await this.endSlice();
          else if (performance.now() - this.turnAt > holdMsMax) await this.giveTurn();
        }
      }
      await this.haveRoom();
      this.reader.end();
    } finally {
      await this.endSlice();
      this.settle(await this.handedOver);
    }
    return this.report;
  }

  target(device: string, metric: string): Target | Wrong {
    const { ports } = this;
    const exists = ports.deviceExists(device);
    let series = exists ? ports.findSeries(device, metric) : undefined;
    if (series !== undefined) return { series };
    const rule = '1 to 128 characters, no / + # or control';
    if (!isDeviceId(device)) return { expected: `a device id: ${rule}, no $ in front`, got: excerpt(device) };
    if (!isMetricName(metric)) return { expected: `a metric: ${rule}`, got: excerpt(metric) };
    if (!exists) {
      if (!ports.ensureDevice(device))
        return { expected: `at most ${limits.devicesMax} devices`, got: excerpt(device) };
      this.report.devicesCreated++;
    }
    series = ports.makeSeries(device, metric);
    if (series !== 0) return { series };
    return { expected: `at most ${limits.metricsPerDeviceMax} metrics a device`, got: excerpt(`${device} ${metric}`) };
  }

  push({ series }: Target, ts: Millis, value: Value): Wrong | null {
    if (ts < 0 || ts > this.receivedAt + limits.clockAheadMsMax) {
      return { expected: 'a time from 1970 to a day ahead at most', got: isoOf(ts) };
    }
    if (typeof value === 'string' && value.length > limits.textLengthMax) {
      return { expected: `a text of at most ${limits.textLengthMax} characters`, got: `${value.length}` };
    }
    this.ports.push(series, ts, this.receivedAt, value, 0);
    this.pushed++;
    return null;
  }

  bad(line: number, { expected, got }: Wrong): void {
    this.report.refused++;
    this.counters.refused++;
    if (this.report.errors.length < errorsShown) this.report.errors.push({ line, expected, got });
  }

  /** Waits until the store has room for a step. */
  private async haveRoom(): Promise<void> {
    const { ports } = this;
    for (;;) {
      if (ports.isClosing()) throw new Refusal('closing');
      if (ports.waiting() <= waitingMax && ports.hasRoom(stepReadingsMax)) break;
      await delay(behindMs);
      this.reader.forget();
    }
    this.receivedAt = ports.now();
  }

  /** Hands over what was pushed, and waits for the slice before it. Throws Refusal where that was refused. */
  private async endSlice(): Promise<void> {
    const before = this.handedOver;
    const count = this.pushed;
    if (count > 0) {
      this.handedOver = new Promise(resolve => {
        this.ports.whenCommitted(refused => {
          if (refused === null) {
            this.report.readings += count;
            this.counters.readings += count;
          }
          resolve(refused);
        });
      });
    }
    this.pushed = 0;
    this.settle(await before);
    await this.giveTurn();
  }

  private settle(refused: Code | null): void {
    if (refused !== null) throw new Refusal(refused, `${this.report.readings} readings were imported before`);
  }

  /** Lets others run. A device or a series may be gone after that. */
  private async giveTurn(): Promise<void> {
    await new Promise(resolve => setImmediate(resolve));
    this.reader.forget();
    this.turnAt = performance.now();
  }
}

const isoOf = (ts: number) => (Math.abs(ts) <= 8.64e15 ? new Date(ts).toISOString() : String(ts));
