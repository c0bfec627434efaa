// Fills a folder with readings of seeded sensors and counts its bytes once everything is in its final form.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { Clustered } from './clustered.ts';
import { bytesIn } from './folder.ts';
import { OwnStore } from './own-store.ts';
import { type SensorKind, Sensors } from './sensors.ts';

export type SizeArgs = { dir: string; kind: SensorKind; series: number; seconds: number; startMs: number };
export type OwnSize = { bytes: number; freeBytes: number; settled: boolean };
export type ClusteredSize = { bytes: number; vacuumed: number };

/** Simulated seconds in one commit: how the readings came in leaves no trace once they are sealed. */
const secondsPerCommit = 60;
const hourMs = 3_600_000;

export async function sizeOwn({ dir, kind, series, seconds, startMs }: SizeArgs): Promise<OwnSize> {
  const own = await OwnStore.open(dir, startMs, { resumeMs: 0 });
  const ids = own.series(series);
  const sensors = new Sensors(kind, series, startMs);
  for (let second = 0; second < seconds; second++) {
    sensors.next();
    own.moveTo(startMs + second * 1_000);
    const receivedAt = own.clock.now();
    for (let s = 0; s < series; s++) {
      own.store.push(ids[s] as number, sensors.ts[s] as number, receivedAt, sensors.values[s] as number | boolean, 0);
    }
    if (second % secondsPerCommit === secondsPerCommit - 1) await own.store.flush();
  }
  // What is sealed by age becomes old enough; what falls due by the work just done is done in the second turn.
  let settled = await own.settle();
  for (let turn = 0; turn < 2; turn++) {
    await own.pass(2 * hourMs);
    settled = await own.settle();
  }
  await own.close();
  const bytes = bytesIn(dir);
  return { bytes, freeBytes: freeBytes(dir), settled };
}

/** Bytes of pages that belong to nothing; they count as bytes of the folder all the same. */
function freeBytes(dir: string): number {
  let bytes = 0;
  for (const name of readdirSync(dir).filter(file => file.endsWith('.db'))) {
    const db = new Database(join(dir, name), { readonly: true });
    const pages = db.pragma('freelist_count', { simple: true }) as number;
    bytes += pages * (db.pragma('page_size', { simple: true }) as number);
    db.close();
  }
  return bytes;
}

export async function sizeClustered({ dir, kind, series, seconds, startMs }: SizeArgs): Promise<ClusteredSize> {
  const table = new Clustered(dir);
  const sensors = new Sensors(kind, series, startMs);
  table.begin();
  for (let second = 0; second < seconds; second++) {
    sensors.next();
    for (let s = 0; s < series; s++) {
      table.add(s + 1, sensors.ts[s] as number, sensors.values[s] as number | boolean);
    }
    if (second % secondsPerCommit !== secondsPerCommit - 1) continue;
    table.commit();
    table.begin();
  }
  table.commit();
  table.close();
  const bytes = bytesIn(dir);
  const again = new Clustered(dir);
  again.db.exec('VACUUM');
  again.close();
  return { bytes, vacuumed: bytesIn(dir) };
}
