// Corrections: a range of a series can be declared wrong, and that can be taken back. The readings stay as they are; a
// void in force keeps them out of every answer ([STO-7]).
import { Refusal, type Void, type VoidRequest } from '../contract/index.ts';
import type { Clock } from '../lib/clock.ts';
import { ulid } from '../lib/ulid.ts';
import type { SeriesDictionary } from './series.ts';
import { voidsPerSeriesMax } from './sources.ts';
import type { Effect, QueryName } from './statements.ts';

type Body = { body: string };

export type CorrectionPorts = {
  clock: Clock;
  series: Pick<SeriesDictionary, 'find'>;
  query<Row>(name: QueryName, ...params: (string | number)[]): Promise<Row[]>;
  write(effects: Effect[]): Promise<void>;
};

export class Corrections {
  private readonly ports: CorrectionPorts;
  private readonly restoring = new Map<string, Promise<Void>>();

  constructor(ports: CorrectionPorts) {
    this.ports = ports;
  }

  /** Voids [from, to) of a series. Throws Refusal: not_found, too_many. */
  async create({ device, metric, from, to, reason }: VoidRequest, by: string): Promise<Void> {
    const series = this.seriesOf(device, metric);
    const [held] = await this.ports.query<{ count: number }>('void.count', series);
    if ((held?.count ?? 0) >= voidsPerSeriesMax) {
      throw new Refusal('too_many', `expected at most ${voidsPerSeriesMax} voids of one metric`);
    }
    const at = this.ports.clock.now();
    const made: Void = { id: ulid(at), device, metric, from, to, by, reason, at, restored: null };
    await this.save(series, made);
    return made;
  }

  /** Takes a void back. Throws Refusal: not_found, unprocessable where that was done before. */
  async restore(id: string, reason: string, by: string): Promise<Void> {
    const waiting = this.restoring.get(id);
    // Of two at the same moment the second has to see what the first did.
    if (waiting !== undefined) await waiting.catch(() => {});
    const work = this.restoreNow(id, reason, by).finally(() => this.restoring.delete(id));
    this.restoring.set(id, work);
    return work;
  }

  /** Throws Refusal('not_found'). */
  async get(id: string): Promise<Void> {
    const [row] = await this.ports.query<Body>('void.get', id);
    if (row === undefined) throw new Refusal('not_found', `no void has the id ${JSON.stringify(id)}`);
    return JSON.parse(row.body) as Void;
  }

  private async restoreNow(id: string, reason: string, by: string): Promise<Void> {
    const known = await this.get(id);
    if (known.restored !== null) throw new Refusal('unprocessable', `it was restored by ${known.restored.by} already`);
    const restored: Void = { ...known, restored: { by, reason, at: this.ports.clock.now() } };
    await this.save(this.seriesOf(known.device, known.metric), restored);
    return restored;
  }

  /** The newest first, of those before the given id. */
  async list(filter: { device?: string; metric?: string }, before: string, limit: number): Promise<Void[]> {
    const { device, metric } = filter;
    if (device !== undefined && metric !== undefined) {
      const series = this.ports.series.find(device, metric);
      if (series === undefined) return [];
      return parseAll(await this.ports.query<Body>('void.listSeries', series, before, limit));
    }
    // Voids are made by hand: looking through a page more of them is no cost.
    const found: Void[] = [];
    for (let at = before; found.length < limit; ) {
      const page = parseAll(await this.ports.query<Body>('void.list', at, limit));
      found.push(...page.filter(one => (device ?? one.device) === one.device && (metric ?? one.metric) === one.metric));
      const last = page.at(-1);
      if (last === undefined) break;
      at = last.id;
    }
    return found.slice(0, limit);
  }

  private seriesOf(device: string, metric: string): number {
    const series = this.ports.series.find(device, metric);
    if (series === undefined) {
      throw new Refusal('not_found', `${device} never sent a metric called ${JSON.stringify(metric)}`);
    }
    return series;
  }

  private save(series: number, one: Void): Promise<void> {
    return this.ports.write([['void.put', one.id, series, one.from, one.to, JSON.stringify(one)]]);
  }
}

const parseAll = (rows: Body[]) => rows.map(({ body }) => JSON.parse(body) as Void);
