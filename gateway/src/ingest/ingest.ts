// The ingest stage: what a device published becomes readings that are on their way to disk.
// Invariant: `settled` is called once for each message, and with null only when all of it is committed ([ING-1]); a
// payload that cannot be understood counts as taken in, and goes to the dead letters ([ING-2]).
// Full: where the store has no room the message is refused whole, unacknowledged, and the device keeps it.
import { isUtf8 } from 'node:buffer';
import { type Code, type CommandAnswer, isMetricName, limits, type Millis, type Value } from '../contract/index.ts';
import { type Convention, type Decoded, type Fault, fault, type Target } from './convention.ts';
import { DeadLetterBox, type DeadLetterPorts } from './dead-letters.ts';
import { native } from './native.ts';
import { isPlausible } from './timestamp.ts';

/** Topics remembered with what they are for. A fleet uses a few for each device. */
const topicsKnownMax = 200_000;
/** How far ahead of receive time consecutive readings without a time of their own may be pushed. */
const assignedAheadMsMax = 1_000;

export type IngestPorts = DeadLetterPorts & {
  /** True where so many readings have room before the next commit. */
  hasRoom(readings: number): boolean;
  findSeries(device: string, metric: string): number | undefined;
  /** Gives a new series its number; 0 where the device has too many. */
  makeSeries(device: string, metric: string): number;
  push(series: number, ts: Millis, receivedAt: Millis, value: Value, flags: number): void;
  /** Calls back when all that was pushed so far is on disk (null) or refused. */
  whenCommitted(settled: (refused: Code | null) => void): void;
  /** Flags of a reading, as the store keeps them. */
  flags: { timeAssigned: number; clockImpossible: number };
  /** Makes sure that the device is in the registry; false where it may not be. */
  ensureDevice(device: string): boolean;
  presence(device: string, online: boolean, isWill: boolean): Promise<void>;
  attributes(device: string, values: Map<string, Value>): Promise<void>;
  answer(device: string, command: string, answer: CommandAnswer): Promise<void>;
};

export type Message = {
  topic: string;
  payload: Uint8Array;
  receivedAt: Millis;
  isWill: boolean;
  /** The open profile relays topics that no convention knows; elsewhere such a message is a dead letter. */
  strayAllowed: boolean;
};

export type IngestCounters = {
  messages: number;
  readings: number;
  deadLetters: number;
  clockImpossible: number;
  refused: number;
};

export class Ingest {
  readonly counters: IngestCounters = { messages: 0, readings: 0, deadLetters: 0, clockImpossible: 0, refused: 0 };
  private readonly letters: DeadLetterBox;
  private readonly conventions: readonly Convention[] = [native];
  private readonly targets = new Map<string, { convention: Convention; target: Target }>();
  private readonly decoded: Decoded = { metrics: [], times: [], values: [] };
  /** Series of what was decoded, in its order. */
  private readonly series: number[] = [];
  /** By series: the last time that was given to a reading which brought none. */
  private readonly assigned: (number | undefined)[] = [];
  private readonly ports: IngestPorts;

  constructor(ports: IngestPorts) {
    this.ports = ports;
    this.letters = new DeadLetterBox(ports);
  }

  /** Takes a message in. `settled(null)`: committed, acknowledge it. `settled(code)`: refused, do not. */
  take(message: Message, settled: (refused: Code | null) => void): void {
    this.counters.messages++;
    const known = this.targetOf(message.topic);
    if (known === null) {
      settled(null);
      return;
    }
    const { convention, target } = known;
    if (target.kind === 'stray') {
      if (message.strayAllowed) settled(null);
      else this.refuseLetter(message, target.device, fault('topic_unknown', target.hint), settled);
      return;
    }
    const text = textOf(message.payload);
    if (text === null) {
      this.refuseLetter(message, target.device, fault('payload_not_utf8', 'expected UTF-8 text'), settled);
    } else if (!this.ports.ensureDevice(target.device)) settled('too_many');
    else if (target.kind === 'readings') this.takeReadings(message, convention, target, text, settled);
    else this.takeControl(message, convention, target, text, settled);
  }

  private targetOf(topic: string): { convention: Convention; target: Target } | null {
    const known = this.targets.get(topic);
    if (known !== undefined) return known;
    for (const convention of this.conventions) {
      const target = convention.target(topic);
      if (target === null) continue;
      const found = { convention, target };
      // Answers have a topic each; remembering them would only push out what comes again.
      if (target.kind !== 'answer') {
        if (this.targets.size >= topicsKnownMax) this.targets.clear();
        this.targets.set(topic, found);
      }
      return found;
    }
    return null;
  }

  private takeReadings(
    message: Message,
    convention: Convention,
    target: Target & { kind: 'readings' },
    text: string,
    settled: (refused: Code | null) => void,
  ): void {
    const { decoded } = this;
    decoded.metrics.length = decoded.times.length = decoded.values.length = 0;
    const outcome = convention.readings(target, text, decoded);
    if (!outcome.ok) {
      this.refuseLetter(message, target.device, outcome, settled);
      return;
    }
    const count = decoded.values.length;
    // Nothing but nulls: there is nothing to commit.
    if (count === 0) return settled(null);
    if (!this.ports.hasRoom(count)) {
      this.counters.refused++;
      settled('store_busy');
      return;
    }
    const wrong = this.findSeries(target.device, count);
    if (wrong !== null) {
      this.refuseLetter(message, target.device, wrong, settled);
      return;
    }
    for (let i = 0; i < count; i++) this.pushReading(this.series[i] as number, i, message.receivedAt);
    this.counters.readings += count;
    this.ports.whenCommitted(settled);
  }

  /** Finds or makes the series of all that was decoded, before any of it is filed. A name is checked when it is new. */
  private findSeries(device: string, count: number): Fault | null {
    for (let i = 0; i < count; i++) {
      const metric = this.decoded.metrics[i] as string;
      if (this.ports.findSeries(device, metric) === undefined && !isMetricName(metric)) {
        return fault('metric_name', `expected 1 to 128 characters, no / + # or control, got ${JSON.stringify(metric)}`);
      }
    }
    for (let i = 0; i < count; i++) {
      const metric = this.decoded.metrics[i] as string;
      let series = this.ports.findSeries(device, metric);
      if (series === undefined) {
        series = this.ports.makeSeries(device, metric);
        if (series === 0) return fault('metric_limit', `at most ${limits.metricsPerDeviceMax} metrics a device`);
      }
      this.series[i] = series;
    }
    return null;
  }

  /** Files one decoded reading: under its own time, or where that is missing or impossible under receive time. */
  private pushReading(series: number, i: number, receivedAt: Millis): void {
    const { flags } = this.ports;
    const time = this.decoded.times[i] as number | null;
    const value = this.decoded.values[i] as Value;
    if (time !== null && isPlausible(time, receivedAt)) {
      this.ports.push(series, time, receivedAt, value, 0);
      return;
    }
    if (time !== null) this.counters.clockImpossible++;
    const flag = time === null ? flags.timeAssigned : flags.clockImpossible;
    this.ports.push(series, this.assignTime(series, receivedAt), receivedAt, value, flag);
  }

  /** Receive time; readings of the same millisecond get consecutive ones, or the same time would make them one. */
  private assignTime(series: number, receivedAt: Millis): Millis {
    const following = (this.assigned[series] ?? 0) + 1;
    const ts = following > receivedAt && following <= receivedAt + assignedAheadMsMax ? following : receivedAt;
    this.assigned[series] = ts;
    return ts;
  }

  private takeControl(
    message: Message,
    convention: Convention,
    target: Exclude<Target, { kind: 'readings' | 'stray' }>,
    text: string,
    settled: (refused: Code | null) => void,
  ): void {
    // A retained status or will that is being cleared carries nothing.
    if (text === '' && target.kind === 'status') {
      settled(null);
      return;
    }
    const work = this.applyControl(message, convention, target, text);
    if ('ok' in work) {
      this.refuseLetter(message, target.device, work, settled);
      return;
    }
    settleWith(work, settled);
  }

  private applyControl(
    message: Message,
    convention: Convention,
    target: Exclude<Target, { kind: 'readings' | 'stray' }>,
    text: string,
  ): Promise<void> | Fault {
    switch (target.kind) {
      case 'status': {
        const status = convention.status(text);
        return status.ok ? this.ports.presence(target.device, status.online, message.isWill) : status;
      }
      case 'attributes': {
        const values = new Map<string, Value>();
        const outcome = convention.attributes(text, values);
        return outcome.ok ? this.ports.attributes(target.device, values) : outcome;
      }
      case 'answer': {
        const outcome = convention.answer(text);
        return outcome.ok ? this.ports.answer(target.device, target.command, outcome.answer) : outcome;
      }
    }
  }

  private refuseLetter(
    message: Message,
    device: string,
    { code, hint }: Fault,
    settled: (refused: Code | null) => void,
  ): void {
    this.counters.deadLetters++;
    settleWith(this.letters.add({ device, topic: message.topic, code, hint }, message.payload), settled);
  }
}

/** Only the store's refusal holds back the acknowledgement; what a person would be told is not the device's fault. */
function settleWith(work: Promise<void>, settled: (refused: Code | null) => void): void {
  work.then(
    () => settled(null),
    error => {
      const { code } = error as { code?: Code };
      settled(code === 'store_full' || code === 'store_busy' ? code : null);
    },
  );
}

function textOf(payload: Uint8Array): string | null {
  if (!isUtf8(payload)) return null;
  return Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength).toString();
}
