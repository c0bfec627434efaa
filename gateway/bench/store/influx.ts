// InfluxDB 1.x where it is installed: a process and a folder of its own, on loopback, ended by its id.
import { spawn } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { freePort } from '../../test/instruments/free-port.ts';
import { allocatedIn, bytesIn, newFolder } from './folder.ts';

export const withoutInflux = 'influxdb: influxd was not found on the PATH, left out';

export type Influx = {
  http: string;
  /** Writes lines of its line protocol, times in milliseconds. */
  write(lines: string): Promise<void>;
  /** Resolves once its files have not changed for a while. */
  quiet(): Promise<void>;
  /** What its files take on the disk, and their lengths: its series files are made with holes. */
  bytes(): { allocated: number; lengths: number };
  stop(): Promise<void>;
};

export function findInflux(): string | null {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/bin', '/usr/sbin', '/usr/lib/influxdb'];
  return folders.map(folder => join(folder, 'influxd')).find(existsSync) ?? null;
}

/**
 * Everything at its defaults, also that each write is synced before it is answered, but for the last two keys: so soon
 * after a write its files become final, where it would wait ten minutes and four hours.
 */
const configText = (dir: string, http: number, rpc: number) => `
reporting-disabled = true
bind-address = "127.0.0.1:${rpc}"
[meta]
  dir = "${join(dir, 'meta')}"
[monitor]
  store-enabled = false
[http]
  bind-address = "127.0.0.1:${http}"
  log-enabled = false
[data]
  dir = "${join(dir, 'data')}"
  wal-dir = "${join(dir, 'wal')}"
  query-log-enabled = false
  wal-fsync-delay = "0s"
  cache-snapshot-write-cold-duration = "1s"
  compact-full-write-cold-duration = "2s"
`;

async function untilAnswers(http: string, isGone: () => boolean): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    if (isGone()) throw new Error('influxd ended while it started');
    const answer = await fetch(`${http}/ping`).catch(() => null);
    if (answer?.status === 204) return;
    await new Promise(resolve => setTimeout(resolve, 100));
  }
  throw new Error('influxd did not answer within ten seconds');
}

/** Its compactions look around every second and more: quiet is what has not changed for so long. */
const quietMs = 6_000;
const quietMsMax = 180_000;

async function untilUnchanged(dir: string): Promise<void> {
  const begin = performance.now();
  let bytes = -1;
  let since = begin;
  while (performance.now() - since < quietMs && performance.now() - begin < quietMsMax) {
    await new Promise(resolve => setTimeout(resolve, 500));
    const now = bytesIn(dir);
    if (now === bytes) continue;
    bytes = now;
    since = performance.now();
  }
}

export async function startInflux(path: string): Promise<Influx> {
  const dir = newFolder('influx');
  const [port, rpc] = [await freePort(), await freePort()];
  const config = join(dir, 'influxdb.conf');
  writeFileSync(config, configText(dir, port, rpc));
  const child = spawn(path, ['run', '-config', config], { stdio: 'ignore' });
  const gone = new Promise<void>(resolve => child.once('exit', () => resolve()));
  const http = `http://127.0.0.1:${port}`;
  await untilAnswers(http, () => child.exitCode !== null);
  const made = await fetch(`${http}/query?q=CREATE+DATABASE+bench`, { method: 'POST' });
  if (!made.ok) throw new Error(`influxdb: ${await made.text()}`);
  return {
    http,
    async write(lines) {
      const answer = await fetch(`${http}/write?db=bench&precision=ms`, { method: 'POST', body: lines });
      if (answer.status !== 204) throw new Error(`influxdb refused a write: ${await answer.text()}`);
    },
    quiet: () => untilUnchanged(dir),
    bytes: () => ({ allocated: allocatedIn(dir), lengths: bytesIn(dir) }),
    async stop() {
      if (child.exitCode === null && child.kill('SIGTERM')) await gone;
    },
  };
}

/** Lines on their way to InfluxDB, sent in batches. */
export class InfluxLines {
  private lines: string[] = [];
  private readonly influx: Influx;
  private readonly batch: number;

  constructor(influx: Influx, batch = 5_000) {
    this.influx = influx;
    this.batch = batch;
  }

  add(series: number, ts: number, value: number): void {
    this.lines.push(`m,s=${series} v=${value} ${ts}`);
  }

  /** Sends what there is once it makes a batch, or whatever there is at the end. */
  async send(isEnd = false): Promise<void> {
    if (this.lines.length === 0 || (!isEnd && this.lines.length < this.batch)) return;
    await this.influx.write(this.lines.join('\n'));
    this.lines = [];
  }
}
