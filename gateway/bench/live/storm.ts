// Two thousand viewers lose their gateway at once, and it comes back: how long until all are live again, and whether any
// of them lost a reading or got one twice, while a device goes on publishing. The viewers are the client that pages use.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Connection } from '@telltale/dashboard/connection';
import { freePort } from '../../test/instruments/free-port.ts';
import { Publisher } from '../../test/instruments/publisher.ts';
import { startGatewayIn } from '../programs.ts';
import { heading, line, median, note, percentile } from '../store/report.ts';
import { pageClient } from './page-client.ts';

const viewers = 2_000;
const metrics = Array.from({ length: 20 }, (_, i) => `m${i}`);
const publishEveryMs = 20;
const intervalMs = 250;
const readingsMax = 100_000;
const outageMs = 3_000;
const aimMs = 10_000;

const pause = (ms: number) => new Promise(resolve => setTimeout(resolve, ms));

/** Waits until `done` or until it has taken too long; true where it was done. */
async function until(done: () => boolean, msMax: number): Promise<boolean> {
  for (const begin = performance.now(); performance.now() - begin < msMax; await pause(10)) if (done()) return true;
  return done();
}

class Viewer {
  readonly connection: Connection;
  /** How often each reading came, by its number. */
  readonly came = new Uint8Array(readingsMax);
  settledAt: number | null = null;
  gaps = 0;

  constructor(http: string, token: string) {
    this.connection = pageClient(http, token);
    this.connection.subscribe({ mode: 'log', intervalMs }, update => {
      if (update.kind === 'readings') {
        for (const { value } of update.readings) this.came[value as number] = (this.came[value as number] ?? 0) + 1;
      } else if (update.kind === 'gap') this.gaps++;
      else if (update.kind === 'settled') this.settledAt = performance.now();
      else if (update.kind === 'lost') this.settledAt = null;
    });
  }
}

type Outcome = { backMs: number[]; lost: number; doubled: number; gaps: number; outMs: number };

async function measure(signal: NodeJS.Signals): Promise<Outcome> {
  const dir = mkdtempSync(join(tmpdir(), 'telltale-bench-'));
  const set = [`http.port=${await freePort()}`, `mqtt.port=${await freePort()}`];
  let gateway = await startGatewayIn(dir, set);
  const [, secret = ''] = (await gateway.createDevices(1))[0] ?? [];
  const all = Array.from({ length: viewers }, () => new Viewer(gateway.http, gateway.token));
  const publisher = new Publisher(() => gateway.port, 'load-0', secret, metrics);
  try {
    for (const { connection } of all) {
      connection.start();
      await pause(1);
    }
    const isLive = () => all.every(({ settledAt }) => settledAt !== null);
    if (!(await until(isLive, 60_000))) throw new Error('not all viewers became live at the start');
    publisher.start(publishEveryMs);
    await pause(2_000);
    const cutAt = performance.now();
    await gateway.end(signal);
    await pause(outageMs);
    gateway = await startGatewayIn(dir, set);
    const readyAt = performance.now();
    await until(isLive, 60_000);
    await pause(1_000);
    await publisher.stop();
    await until(() => all.every(({ came }) => came[publisher.count() - 1] === 1), 20_000);
    // What the device itself sent twice, for want of a PUBACK, is twice in the log.
    for (const number of publisher.repeated.values())
      for (const { came } of all) came[number] = Math.min(came[number] ?? 0, 1);
    const counted = all.map(({ came }) => came.subarray(0, publisher.count()));
    return {
      backMs: all.map(({ settledAt }) => (settledAt ?? Number.POSITIVE_INFINITY) - readyAt),
      lost: counted.reduce((sum, came) => sum + came.filter(times => times === 0).length, 0),
      doubled: counted.reduce((sum, came) => sum + came.filter(times => times > 1).length, 0),
      gaps: all.reduce((sum, { gaps }) => sum + gaps, 0),
      outMs: readyAt - cutAt,
    };
  } finally {
    publisher.close();
    for (const { connection } of all) connection.stop();
    await gateway.end('SIGKILL');
    rmSync(dir, { recursive: true, force: true });
  }
}

/** Kills the gateway in one round after the other, and once asks it to close. */
export async function benchStorm({ rounds }: { rounds: number }): Promise<void> {
  heading(
    `reconnect storm: ${viewers} viewers in mode log, one device publishing ${1_000 / publishEveryMs}/s, gateway away`,
  );
  for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
    const outcomes: Outcome[] = [];
    for (let round = 0; round < rounds; round++) outcomes.push(await measure(signal));
    const last = outcomes.map(({ backMs }) => percentile(backMs, 1));
    const raw = `raw ${last.map(ms => ms.toFixed(0)).join(' ')}`;
    line(`${signal}: all live again after its return`, median(last), 'ms', raw, { most: aimMs });
    line(`${signal}: half of them`, median(outcomes.map(({ backMs }) => median(backMs))), 'ms');
    const sum = (of: 'lost' | 'doubled' | 'gaps') => outcomes.reduce((total, outcome) => total + outcome[of], 0);
    line(`${signal}: readings lost`, sum('lost'), '', '', { most: 0 });
    line(`${signal}: readings doubled`, sum('doubled'), '', `gaps told: ${sum('gaps')}`, { most: 0 });
    note(`away for ${outcomes.map(({ outMs }) => (outMs / 1_000).toFixed(1)).join(' ')} s`);
  }
}
