// A gateway's log in memory, and what one viewer of it has been sent: the rules of the live protocol in their simplest
// form, so that what a client made of them can be compared with what is true.
import {
  type Freshness,
  formatPosition,
  type LiveEvent,
  parsePosition,
  type ServerFrame,
  type SnapRow,
  type SubscriptionAsk,
} from '@telltale/gateway/contract';

export type ModelReading = { device: string; metric: string; seq: number; offset: number };
type Latest = ModelReading & { freshness: Exclude<Freshness, 'never'>; agedAt: number };

/** So few that what a handful of series brings comes in parts. */
const rowsPerFrame = 2;

/** Each reading has a number of its own for time and value. */
export class ModelLog {
  epoch = 'E1';
  /** Offset of the oldest entry that is kept. */
  first = 1;
  head = 0;
  readings: ModelReading[] = [];
  events: { offset: number; event: LiveEvent }[] = [];
  latest = new Map<string, Latest>();
  /** Counts changes of freshness. */
  aged = 0;
  #seq = 0;

  commit(names: readonly { device: string; metric: string }[]): void {
    this.head += 1;
    for (const { device, metric } of names) {
      this.#seq += 1;
      const reading = { device, metric, seq: this.#seq, offset: this.head };
      this.readings.push(reading);
      this.latest.set(`${device}/${metric}`, { ...reading, freshness: 'live', agedAt: 0 });
    }
  }

  tell(event: LiveEvent): void {
    this.head += 1;
    this.events.push({ offset: this.head, event });
    if (event.kind !== 'device' || event.change !== 'deleted') return;
    for (const [key, { device }] of this.latest) if (device === event.device) this.latest.delete(key);
  }

  age(freshness: 'late' | 'stale'): void {
    const oldest = [...this.latest.values()].find(each => each.freshness !== freshness);
    if (oldest === undefined) return;
    this.aged += 1;
    oldest.freshness = freshness;
    oldest.agedAt = this.aged;
  }

  trim(): void {
    this.first = this.head + 1;
  }

  /** A restore: another log, which knows less. */
  beginAnew(): void {
    this.epoch = `E${Number(this.epoch.slice(1)) + 1}`;
    this.head = 1;
    this.first = 1;
    this.readings = [];
    this.events = [];
    for (const key of [...this.latest.keys()].slice(0, 2)) this.latest.delete(key);
    for (const latest of this.latest.values()) latest.offset = 0;
  }
}

type Sub = {
  ask: SubscriptionAsk;
  /** Everything up to here was sent; where a snapshot is due, it is from after this. */
  cursor: number;
  /** Changes of freshness up to this one were told; null where that is not known. */
  seen: number | null;
  due: 'whole' | 'changes' | null;
  gap: 'epoch' | 'trimmed' | null;
};

export const covers = ({ device }: Pick<SubscriptionAsk, 'device'>, name: string) => device?.includes(name) ?? true;

/** One connection, or one request. */
export class ModelViewer {
  readonly subs = new Map<string, Sub>();
  readonly #log: ModelLog;
  readonly #epoch: string;
  readonly #indices = new Map<string, number>();
  readonly #firstIndex: number;
  /** Events up to here were sent. */
  #events: number;

  /** Indices of series begin at `firstIndex`: those of another viewer mean nothing to this one. */
  constructor(log: ModelLog, firstIndex: number) {
    this.#log = log;
    this.#epoch = log.epoch;
    this.#firstIndex = firstIndex;
    this.#events = log.head;
  }

  isOfThisLog(): boolean {
    return this.#epoch === this.#log.epoch;
  }

  /** Begins a subscription, at `after` where it says nothing of its own. */
  ask(ask: SubscriptionAsk, after: string | undefined = undefined): void {
    const log = this.#log;
    const reached = after === undefined ? null : parsePosition(after);
    const since = ask.since ?? reached;
    const sub: Sub = { ask, cursor: log.head, seen: log.aged, due: 'whole', gap: null };
    this.subs.set(ask.sub, sub);
    if (since === null) return;
    sub.cursor = since.offset;
    if (since.epoch !== log.epoch || since.offset > log.head) {
      sub.gap = 'epoch';
      return;
    }
    sub.due = 'changes';
    sub.seen = ask.since === undefined && reached?.seen ? Number(reached.seen) : null;
    this.#events = Math.min(this.#events, ask.since === undefined ? (reached?.events ?? since.offset) : since.offset);
    if (ask.mode === 'log' && since.offset + 1 < log.first) sub.gap = 'trimmed';
  }

  /** The position that everything was sent up to; 0 where a subscription has none. */
  safe(): number {
    const subs = [...this.subs.values()];
    if (subs.some(({ due, gap }) => due === 'whole' || gap !== null)) return 0;
    return Math.min(this.#log.head, ...subs.map(({ cursor }) => cursor));
  }

  /** Where to go on; null where a snapshot is still to come. */
  next(): string | null {
    const subs = [...this.subs.values()];
    if (subs.some(({ due, gap }) => due === 'whole' || gap !== null)) return null;
    const isSeen = subs.every(({ due }) => due === null);
    const seen = isSeen ? String(Math.min(this.#log.aged, ...subs.map(sub => sub.seen ?? 0))) : null;
    return formatPosition({ epoch: this.#epoch, offset: this.safe(), events: this.#events, seen });
  }

  /** What was not sent yet: events, then the rows of the subscriptions that are `picked`. */
  flush(picked: (sub: string) => boolean = () => true): ServerFrame[] {
    const frames = this.#eventFrames();
    for (const [name, sub] of this.subs) if (picked(name)) frames.push(...this.#rowFrames(sub));
    return frames;
  }

  /** Events that were still to come are left out. */
  overflow(): ServerFrame[] {
    const from = this.#events;
    this.#events = this.#log.head;
    return from < this.#log.head ? [{ t: 'gap', from, to: this.#log.head, reason: 'slow' }] : [];
  }

  #eventFrames(): ServerFrame[] {
    const from = this.#events;
    this.#events = this.#log.head;
    if (from + 1 < this.#log.first) return [{ t: 'gap', from, to: this.#log.head, reason: 'trimmed' }];
    return this.#log.events
      .filter(
        ({ offset, event }) => offset > from && [...this.subs.values()].some(({ ask }) => covers(ask, event.device)),
      )
      .map(({ offset, event }) => ({ t: 'event', offset, ...event }));
  }

  #rowFrames(sub: Sub): ServerFrame[] {
    const frames: ServerFrame[] = [];
    const { ask } = sub;
    const isLog = ask.mode === 'log';
    if (sub.gap !== null) {
      frames.push({ t: 'gap', sub: ask.sub, from: sub.cursor, to: this.#log.head, reason: sub.gap });
      Object.assign(sub, { gap: null, due: 'whole', cursor: this.#log.head });
    }
    if (sub.due === 'whole') frames.push(...this.#snapFrames(sub, () => true));
    // What was committed since a log begins, or since its gap, comes one by one after the snapshot.
    if (isLog) frames.push(...this.#logFrames(sub));
    else if (sub.due === null) frames.push(...this.#latestFrames(sub));
    const hasAged = ({ freshness, agedAt }: Latest) => freshness !== 'live' && agedAt > (sub.seen ?? -1);
    const hasChanged = (latest: Latest) => latest.offset > sub.cursor || hasAged(latest);
    if (sub.due === 'changes') frames.push(...this.#snapFrames(sub, isLog ? hasAged : hasChanged));
    Object.assign(sub, { cursor: this.#log.head, seen: this.#log.aged, due: null });
    return frames;
  }

  #snapFrames({ ask, due, cursor }: Sub, isDue: (latest: Latest) => boolean): ServerFrame[] {
    const fitting = this.#covered(ask).filter(isDue);
    const rows = fitting.map(({ seq, freshness, ...name }): SnapRow => [this.#index(name), seq, seq, freshness]);
    const offset = ask.mode === 'log' && due === 'whole' ? cursor : this.#log.head;
    const parts = Math.max(1, Math.ceil(rows.length / rowsPerFrame));
    return [
      this.#define(fitting),
      ...partsOf(rows, parts).map((part, index): ServerFrame => {
        return { t: 'snap', sub: ask.sub, offset, rows: part, done: index === parts - 1 };
      }),
    ];
  }

  #logFrames({ ask, cursor }: Sub): ServerFrame[] {
    const missed = this.#log.readings.filter(({ device, offset }) => offset > cursor && covers(ask, device));
    return [...new Set(missed.map(({ offset }) => offset))].flatMap((offset): ServerFrame[] => {
      const entry = missed.filter(reading => reading.offset === offset);
      const rows = entry.map(({ seq, ...name }): [number, number, number] => [this.#index(name), seq, seq]);
      const parts = Math.ceil(rows.length / rowsPerFrame);
      return [
        this.#define(entry),
        ...partsOf(rows, parts).map((part, index): ServerFrame => {
          const isLast = index === parts - 1;
          const head = { t: 'data' as const, sub: ask.sub, rows: part };
          return isLast ? { ...head, offset } : { ...head, offset: offset - 1, more: true };
        }),
      ];
    });
  }

  #latestFrames({ ask, cursor, seen }: Sub): ServerFrame[] {
    const frames: ServerFrame[] = [];
    const newer = this.#covered(ask).filter(({ offset }) => offset > cursor);
    if (newer.length > 0) {
      const rows = newer.map(({ seq, freshness, ...name }): [number, number, number, Freshness?] =>
        freshness === 'live' ? [this.#index(name), seq, seq] : [this.#index(name), seq, seq, freshness],
      );
      frames.push(this.#define(newer), { t: 'data', sub: ask.sub, offset: this.#log.head, rows });
    }
    const aged = this.#covered(ask).filter(({ agedAt }) => agedAt > (seen ?? 0));
    if (aged.length > 0) {
      const rows = aged.map(({ freshness, ...name }): [number, Freshness] => [this.#index(name), freshness]);
      frames.push(this.#define(aged), { t: 'fresh', sub: ask.sub, offset: this.#log.head, rows });
    }
    return frames;
  }

  #covered(ask: SubscriptionAsk): Latest[] {
    return [...this.#log.latest.values()].filter(({ device }) => covers(ask, device));
  }

  #index({ device, metric }: { device: string; metric: string }): number {
    const key = `${device}/${metric}`;
    const index = this.#indices.get(key) ?? this.#firstIndex + this.#indices.size;
    this.#indices.set(key, index);
    return index;
  }

  #define(names: readonly { device: string; metric: string }[]): ServerFrame {
    const series = names.map(name => [this.#index(name), name.device, name.metric, null, 'number']);
    return { t: 'def', series: series as [number, string, string, null, 'number'][] };
  }
}

function partsOf<Row>(rows: readonly Row[], parts: number): Row[][] {
  return Array.from({ length: parts }, (_, index) => rows.slice(index * rowsPerFrame, (index + 1) * rowsPerFrame));
}
