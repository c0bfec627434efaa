// Part `latency`: what a device waits for its PUBACK while nothing else happens, and while the store is kept busy by
// queries, backups and compaction.

import type { PacedResult } from '../../test/instruments/paced-load.ts';
import { Asker } from './asker.ts';
import { runTask } from './child.ts';
import { bucketsPath, type LongDatabase, longDatabase, rangesOf } from './long-database.ts';
import { adminHeaders, makeDevice, startProgram } from './program.ts';
import { heading, line, median, note, number } from './report.ts';
import type { Scale } from './scale.ts';

const connections = 50;
const rate = 5_000;
/** In the busy phases readings are sealed this early, so that sealing and compaction fall into them. */
const busySettings = ['store.sealReadings=20000'];

type Phase = 'quiet' | 'busy';
type Disturbance = { queries: number; backups: number; backupMissing: boolean };

/** One after the other, a query over all that there is and a backup, until told to stop. */
async function disturb(asker: Asker, database: LongDatabase, state: { ended: boolean }): Promise<Disturbance> {
  const done: Disturbance = { queries: 0, backups: 0, backupMissing: false };
  const [longest] = rangesOf(database).slice(-1);
  if (longest === undefined) return done;
  while (!state.ended) {
    const { status } = await asker.get(bucketsPath(longest));
    if (status !== 200) throw new Error(`a query was answered with ${status}`);
    done.queries++;
    if (done.backupMissing || state.ended) continue;
    const backup = await asker.get('/api/v1/backup');
    if (backup.status === 404) done.backupMissing = true;
    else if (backup.status !== 200) throw new Error(`a backup was answered with ${backup.status}`);
    else done.backups++;
  }
  return done;
}

async function runPhase(phase: Phase, database: LongDatabase, credentials: [string, string][], seconds: number) {
  const program = await startProgram(database.dir, phase === 'busy' ? busySettings : []);
  const asker = new Asker(program.http, adminHeaders(database.dir));
  const state = { ended: false };
  try {
    const disturbance = phase === 'busy' ? disturb(asker, database, state) : Promise.resolve(null);
    // Heard of at once, or a failure would end this process before the load generator does.
    disturbance.catch(() => {});
    const args = { port: program.mqttPort, credentials, rate, seconds, warmupSeconds: Math.min(2, seconds) };
    const result = await runTask<PacedResult>('paced-load', args).finally(() => {
      state.ended = true;
    });
    return { result, disturbance: await disturbance };
  } finally {
    asker.close();
    await program.stop();
  }
}

async function makeDevices(database: LongDatabase): Promise<[string, string][]> {
  const program = await startProgram(database.dir);
  try {
    const headers = adminHeaders(database.dir);
    const credentials: [string, string][] = [];
    for (let i = 0; i < connections; i++) {
      const id = `load-${i}`;
      credentials.push([id, await makeDevice(program.http, headers, id)]);
    }
    return credentials;
  } finally {
    await program.stop();
  }
}

export async function benchLatency(scale: Scale, rounds: number): Promise<void> {
  const { latencySeconds: seconds } = scale;
  heading(`latency: ${number(rate)} messages/s on ${connections} connections, ${seconds} s a phase, ms until PUBACK`);
  const database = await longDatabase(scale);
  const credentials = await makeDevices(database);
  const results: Record<Phase, PacedResult[]> = { quiet: [], busy: [] };
  for (let round = 0; round < rounds; round++) {
    const order: Phase[] = round % 2 === 0 ? ['quiet', 'busy'] : ['busy', 'quiet'];
    for (const phase of order) {
      const { result, disturbance } = await runPhase(phase, database, credentials, seconds);
      results[phase].push(result);
      const missing = result.due - result.acknowledged;
      if (missing > 0) note(`${phase}: ${missing} of ${result.due} were never acknowledged`);
      if (disturbance === null) continue;
      const backups = disturbance.backupMissing
        ? 'no backup over HTTP here: left out'
        : `${disturbance.backups} backups`;
      note(`busy, round ${round + 1}: ${disturbance.queries} queries, ${backups}`);
    }
  }
  for (const phase of ['quiet', 'busy'] as const) {
    const list = results[phase];
    const raw = list.map(({ p99 }) => number(p99)).join(' ');
    line(
      `${phase}: p50`,
      median(list.map(({ p50 }) => p50)),
      'ms',
      `raw ${list.map(({ p50 }) => number(p50)).join(' ')}`,
    );
    line(`${phase}: p99`, median(list.map(({ p99 }) => p99)), 'ms', `raw ${raw}`);
    const late = `the generator's own lateness, p99 ${number(median(list.map(({ lateP99 }) => lateP99)))} ms`;
    line(`${phase}: longest`, Math.max(...list.map(({ max }) => max)), 'ms', late);
  }
  const p99 = (phase: Phase) => median(results[phase].map(result => result.p99));
  line('p99 busy to quiet', p99('busy') / p99('quiet'), '', '', { most: 2 });
}
