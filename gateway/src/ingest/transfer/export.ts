// Export: series after series in order of name, each in order of time, a page at a time while the reader takes them.
// Nothing is held but the names and one page.
import type { Millis, Value } from '../../contract/index.ts';
import { matchesPattern } from '../../lib/pattern.ts';
import { headerOf, lineWriter } from './format.ts';
import type { TransferFormat } from './lines.ts';

export type ExportPorts = {
  /** Names of all devices that may have readings, in any order, some more than once. */
  devices(): Iterable<string>;
  metricsOf(device: string): Iterable<string>;
  readings(ask: {
    device: string;
    metric: string;
    from: Millis;
    to: Millis;
    limit: number;
  }): Promise<{ readings: [Millis, Value][]; more: boolean }>;
};

/** Patterns in which `*` stands for anything, and a range of times of which `to` is no part. */
export type ExportAsk = { format: TransferFormat; device: string; metric: string; from: Millis; to: Millis };

/** Readings in a page: a few milliseconds of work to receive and to write. */
const pageReadings = 2_000;

/** Names that are looked at before others have their turn. */
const namesATurn = 5_000;

/** The first time that an import takes, and the first that none can have. */
export const earliestTime = 0;
export const timesEnd = Date.UTC(2100, 0, 1);

/** All readings that `ask` covers, as the bytes of a file. */
export async function* exportReadings(ask: ExportAsk, ports: ExportPorts): AsyncGenerator<Uint8Array> {
  yield Buffer.from(headerOf(ask.format));
  for (const device of await devicesOf(ask, ports)) {
    const metrics = [...ports.metricsOf(device)].filter(metric => matchesPattern(ask.metric, metric)).sort();
    for (const metric of metrics) yield* exportSeries({ ...ask, device, metric }, ports);
  }
}

async function devicesOf(ask: ExportAsk, ports: ExportPorts): Promise<string[]> {
  const found = new Set<string>();
  let seen = 0;
  for (const device of ports.devices()) {
    if (!found.has(device) && matchesPattern(ask.device, device)) found.add(device);
    // There may be a million series, and devices wait meanwhile.
    if (++seen % namesATurn === 0) await new Promise(resolve => setImmediate(resolve));
  }
  return [...found].sort();
}

async function* exportSeries(ask: ExportAsk, ports: ExportPorts): AsyncGenerator<Uint8Array> {
  const { format, device, metric, to } = ask;
  const write = lineWriter(format, device, metric);
  let { from } = ask;
  while (from < to) {
    const { readings, more } = await ports.readings({ device, metric, from, to, limit: pageReadings });
    let text = '';
    for (const [ts, value] of readings) text += write(ts, value);
    if (text !== '') yield Buffer.from(text);
    const last = readings.at(-1);
    if (!more || last === undefined) return;
    from = last[0] + 1;
  }
}
