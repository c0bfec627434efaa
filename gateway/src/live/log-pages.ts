// Pages of the log for all who catch up. A thousand viewers that lost the same gateway come back at nearly the same
// place: they share what is read, and what is encoded of it for their channel.
import type { Channel, SeriesName } from './channel.ts';
import { encodeRow, type Readings } from './readings.ts';
import type { RoundRow } from './round.ts';

/** Pages kept; each has at most some thousands of readings. */
const pagesMax = 32;
/** Whoever is no further than this behind a page that is being read waits for it instead of reading one of its own. */
const worthWaitingEntries = 1_000;

export type LogPagesPorts = {
  readLog(after: number): Promise<{ runs: Readings[]; through: number }>;
  seriesName(series: number): SeriesName | undefined;
};

/** The readings of the entries after `after` up to `through`. */
export class LogPage {
  readonly after: number;
  readonly through: number;
  private readonly runs: readonly Readings[];
  private readonly nameOf: LogPagesPorts['seriesName'];
  private readonly encoded = new WeakMap<Channel, RoundRow[]>();

  constructor(after: number, through: number, runs: readonly Readings[], nameOf: LogPagesPorts['seriesName']) {
    this.after = after;
    this.through = through;
    this.runs = runs;
    this.nameOf = nameOf;
  }

  /** Its rows for a channel, in order. */
  rowsFor(channel: Channel): readonly RoundRow[] {
    const known = this.encoded.get(channel);
    if (known !== undefined) return known;
    const rows: RoundRow[] = [];
    const covers = new Map<number, boolean>();
    for (const run of this.runs) {
      for (let i = 0; i < run.count; i++) {
        const series = run.series(i);
        let fits = covers.get(series);
        if (fits === undefined) {
          const name = this.nameOf(series);
          fits = name !== undefined && channel.covers(name);
          covers.set(series, fits);
        }
        if (!fits) continue;
        rows.push({ series, offset: run.offset, text: encodeRow(series, run.ts(i), run.value(i)) });
      }
    }
    this.encoded.set(channel, rows);
    return rows;
  }
}

export class LogPages {
  private pages: LogPage[] = [];
  private readonly reading = new Map<number, Promise<LogPage>>();
  private readonly ports: LogPagesPorts;

  constructor(ports: LogPagesPorts) {
    this.ports = ports;
  }

  /** A page that has the entry behind `after`, where there is one; rejects where the store cannot answer now. */
  async read(after: number): Promise<LogPage> {
    for (;;) {
      const known = this.pages.find(page => page.after <= after && after < page.through);
      if (known !== undefined) return known;
      const near = [...this.reading].find(([from]) => from <= after && after - from < worthWaitingEntries);
      if (near === undefined) return this.start(after);
      const page = await near[1];
      if (page.after === after) return page;
    }
  }

  private start(after: number): Promise<LogPage> {
    const page = this.ports
      .readLog(after)
      .then(({ runs, through }) => {
        const read = new LogPage(after, through, runs, series => this.ports.seriesName(series));
        if (through > after) this.pages = [...this.pages, read].slice(-pagesMax);
        return read;
      })
      .finally(() => this.reading.delete(after));
    this.reading.set(after, page);
    return page;
  }
}
