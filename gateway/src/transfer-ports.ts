// What import and export ask of store and registry: the same beside a running gateway and without one.
import type { ApiPorts } from './api/index.ts';
import type { Devices } from './device/index.ts';
import { earliestTime, exportReadings, Import, type ImportCounters, timesEnd } from './ingest/index.ts';
import type { Clock } from './lib/clock.ts';
import type { Store } from './store/index.ts';
import { needSeries } from './tables.ts';

export type TransferParts = {
  store: Store;
  devices: Devices;
  clock: Clock;
  importCounters: ImportCounters;
  /** True once nothing new may be taken in. */
  readonly closing: boolean;
};

/** Import and export as functions. */
export function transferPorts(parts: TransferParts): ApiPorts['transfer'] {
  const { clock, devices, importCounters, store } = parts;
  const importPorts = {
    now: () => clock.now(),
    hasRoom: (readings: number) => store.hasRoom(readings),
    waiting: () => store.waiting(),
    findSeries: (device: string, metric: string) => store.series.find(device, metric),
    makeSeries: (device: string, metric: string) => store.series.idOf(device, metric),
    push: (...reading: Parameters<Store['push']>) => store.push(...reading),
    whenCommitted: (settled: Parameters<Store['whenCommitted']>[0]) => store.whenCommitted(settled),
    deviceExists: (device: string) => devices.exists(device),
    ensureDevice: (device: string) => devices.ensure(device),
    isClosing: () => parts.closing,
  };
  const exportPorts = {
    *metricsOf(device: string) {
      for (const [metric] of store.series.metricsOf(device)) yield metric;
    },
    readings: (ask: { device: string; metric: string; from: number; to: number; limit: number }) =>
      store.readings({ ...ask, series: needSeries(store, ask.device, ask.metric), now: clock.now() }),
  };
  return {
    import: (format, body) => new Import(format, importPorts, importCounters).run(body),
    export: ({ from = earliestTime, to = timesEnd, ...ask }, sees) =>
      exportReadings({ ...ask, from, to }, { ...exportPorts, devices: () => devicesWithSeries(store, devices, sees) }),
  };
}

/** Devices that ever sent something, are still in the registry and are seen; one for each of their series. */
function* devicesWithSeries(
  store: Store,
  devices: Devices,
  sees: ((device: string) => boolean) | null,
): Iterable<string> {
  for (let series = 1; series < store.series.size(); series++) {
    const name = store.series.nameOf(series);
    if (name === undefined || !devices.exists(name.device)) continue;
    if (sees === null || sees(name.device)) yield name.device;
  }
}
