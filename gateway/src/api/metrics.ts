// /metrics for Prometheus: every counter and gauge of the stages, and the process's own.
import { collectDefaultMetrics, Gauge, Registry } from '@prometheus-io/client';
import type { Storage } from '../contract/index.ts';
import type { ApiPorts } from './context.ts';

/** Series that are told one by one; a scrape of more would weigh more than what it measures. */
const seriesMax = 1_000;

/** What is told of the storage, by the end of its name. */
const storageFigures: Record<string, (storage: Storage) => number> = {
  file_bytes: ({ bytes }) => bytes.file,
  wal_bytes: ({ bytes }) => bytes.wal,
  log_bytes: ({ bytes }) => bytes.log,
  readings_bytes: ({ bytes }) => bytes.readings,
  rollups_bytes: ({ bytes }) => bytes.rollups,
  free_bytes: ({ bytes }) => bytes.free,
  readings: ({ readings }) => readings,
  disk_free_bytes: ({ diskFree }) => diskFree,
  written_today_bytes: ({ written }) => written.today,
  written_per_day_bytes: ({ written }) => written.perDay,
  commit_interval_seconds: ({ written }) => written.commitIntervalMs / 1_000,
  /** Unix time; NaN where that is not in sight. */
  full_at_seconds: ({ fullAt }) => (fullAt === null ? Number.NaN : fullAt / 1_000),
};

const snake = (name: string) => name.replace(/[A-Z]/g, letter => `_${letter.toLowerCase()}`);

export type Metrics = { contentType: string; read(): Promise<string> };

/** Returns what to answer a scrape with. Values are read when they are asked for. */
export function createMetrics({ counters, gauges, storage }: ApiPorts): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  for (const [stage, names] of Object.entries(counters())) {
    for (const name of Object.keys(names)) {
      new Gauge({
        name: `telltale_${stage}_${snake(name)}_total`,
        help: `${name} of the stage ${stage} since the gateway started`,
        registers: [registry],
        collect() {
          this.set(counters()[stage]?.[name] ?? 0);
        },
      });
    }
  }
  for (const name of Object.keys(gauges())) {
    new Gauge({
      name: `telltale_${snake(name)}`,
      help: name,
      registers: [registry],
      collect() {
        this.set(gauges()[name] ?? 0);
      },
    });
  }
  const readStorage = storageGauges(registry, storage);
  return {
    contentType: registry.contentType,
    async read() {
      await readStorage();
      return registry.metrics();
    },
  };
}

/** Gauges of the storage; returns what brings them up to date. */
function storageGauges(registry: Registry, storage: ApiPorts['storage']): () => Promise<void> {
  const registers = [registry];
  const figures = Object.entries(storageFigures).map(([name, figure]) => {
    const help = `${name.replaceAll('_', ' ')}, see /api/v1/storage`;
    return { figure, gauge: new Gauge({ name: `telltale_storage_${name}`, help, registers }) };
  });
  const series = new Gauge({
    name: 'telltale_series_bytes',
    help: `bytes of compacted readings and rollups, of the first ${seriesMax} series`,
    labelNames: ['device', 'metric'],
    registers,
  });
  return async () => {
    const [found, rows] = await Promise.all([storage.read(), storage.series(0, seriesMax)]);
    for (const { figure, gauge } of figures) gauge.set(figure(found));
    series.reset();
    for (const { device, metric, bytes } of rows) series.set({ device, metric }, bytes);
  };
}
