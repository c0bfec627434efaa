// Part `size`: bytes on disk for a reading, once everything was sealed, compacted, and the log let go of.
import { runTask } from './child.ts';
import { newFolder, removeFolder } from './folder.ts';
import { findInflux, type Influx, InfluxLines, startInflux, withoutInflux } from './influx.ts';
import { type Aim, heading, line, note } from './report.ts';
import type { Scale } from './scale.ts';
import { type SensorKind, Sensors } from './sensors.ts';
import type { ClusteredSize, OwnSize, SizeArgs } from './size-tasks.ts';

const startMs = Date.UTC(2026, 0, 5);

const cases: { kind: SensorKind; aim?: Aim }[] = [
  { kind: 'two decimals, jitter', aim: { most: 1.1 } },
  { kind: 'two decimals', aim: { most: 0.6 } },
  { kind: 'doubles', aim: { most: 7 } },
  { kind: 'constants and booleans' },
];

async function inFolder<Result>(task: string, args: Omit<SizeArgs, 'dir'>): Promise<Result> {
  const dir = newFolder('size');
  try {
    return await runTask<Result>(task, { ...args, dir });
  } finally {
    removeFolder(dir);
  }
}

async function influxSize(
  { sizeSeries, sizeSeconds }: Scale,
  kind: SensorKind,
): Promise<ReturnType<Influx['bytes']> | null> {
  const path = findInflux();
  if (path === null) return null;
  const influx = await startInflux(path);
  try {
    const lines = new InfluxLines(influx);
    const sensors = new Sensors(kind, sizeSeries, startMs);
    for (let second = 0; second < sizeSeconds; second++) {
      sensors.next();
      for (let s = 0; s < sizeSeries; s++) lines.add(s, sensors.ts[s] as number, Number(sensors.values[s]));
      await lines.send();
    }
    await lines.send(true);
    await influx.quiet();
  } finally {
    await influx.stop();
  }
  return influx.bytes();
}

export async function benchSize(scale: Scale): Promise<void> {
  const { sizeSeries: series, sizeSeconds: seconds } = scale;
  const readings = series * seconds;
  heading(`size: ${series} series at 1 Hz for ${seconds.toLocaleString('en')} s, bytes a reading`);
  for (const { kind, aim } of cases) {
    const args = { kind, series, seconds, startMs };
    const own = await inFolder<OwnSize>('size-own', args);
    const free = `of it free ${(own.freeBytes / readings).toFixed(2)}`;
    const state = own.settled ? free : `${free}; the store cannot say when it is settled: not final`;
    line(`${kind}: telltale`, own.bytes / readings, 'B', state, aim);
    const clustered = await inFolder<ClusteredSize>('size-clustered', args);
    line(
      `${kind}: clustered`,
      clustered.bytes / readings,
      'B',
      `after VACUUM ${(clustered.vacuumed / readings).toFixed(2)}`,
    );
    if (kind !== 'two decimals, jitter') continue;
    const influx = await influxSize(scale, kind);
    if (influx === null) note(withoutInflux);
    else {
      const lengths = `by the lengths of its files ${(influx.lengths / readings).toFixed(2)}`;
      line(`${kind}: influxdb`, influx.allocated / readings, 'B', lengths);
    }
  }
}
