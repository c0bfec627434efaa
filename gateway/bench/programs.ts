// The programs that benchmarks start: each in a process and a folder of its own, ended by its id.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from '../test/instruments/free-port.ts';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export type Running = { port: number; credentials: [string, string][]; pid: number; stop(): Promise<void> };

/** Resolves with the first line of output that begins with `ready`. */
function readyLine(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    child.stdout?.on('data', chunk => {
      text += chunk;
      const line = text.split('\n').find(candidate => candidate.startsWith('ready'));
      if (line !== undefined) resolve(line);
    });
    child.once('exit', status => reject(new Error(`it ended with status ${status}: ${text}`)));
  });
}

function stopper(child: ChildProcess, dir: string | null): () => Promise<void> {
  return async () => {
    const gone = new Promise(resolve => child.once('exit', resolve));
    if (child.exitCode === null && child.kill('SIGTERM')) await gone;
    if (dir !== null) rmSync(dir, { recursive: true, force: true });
  };
}

export async function startBareAedes(): Promise<Running> {
  const port = await freePort();
  const child = spawn(process.execPath, [here('./bare-aedes.ts'), String(port)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await readyLine(child);
  return { port, credentials: [], pid: child.pid ?? 0, stop: stopper(child, null) };
}

/** Where Debian's package puts it, or on the PATH. */
export function findMosquitto(): string | null {
  for (const path of ['/usr/sbin/mosquitto', '/usr/local/sbin/mosquitto', '/opt/homebrew/sbin/mosquitto']) {
    if (existsSync(path)) return path;
  }
  return null;
}

export function mosquittoVersion(path: string): string {
  return /version (\S+)/.exec(spawnSync(path, ['-h'], { encoding: 'utf8' }).stdout)?.[1] ?? 'unknown';
}

export async function startMosquitto(path: string): Promise<Running> {
  const dir = mkdtempSync(join(tmpdir(), 'telltale-bench-'));
  const port = await freePort();
  const file = join(dir, 'mosquitto.conf');
  // Its default window of 20 would measure the window.
  writeFileSync(file, `listener ${port} 127.0.0.1\nallow_anonymous true\nmax_inflight_messages 1000\nlog_type none\n`);
  const child = spawn(path, ['-c', file], { stdio: 'ignore' });
  await new Promise(resolve => setTimeout(resolve, 500));
  if (child.exitCode !== null) throw new Error(`mosquitto ended with status ${child.exitCode}`);
  return { port, credentials: [], pid: child.pid ?? 0, stop: stopper(child, dir) };
}

type GatewayRun = {
  http: string;
  token: string;
  port: number;
  pid: number;
  /** Registers devices `load-0` and so on; resolves with their secrets. */
  createDevices(count: number): Promise<[string, string][]>;
  /** Ends it with a signal; resolves when it is gone. */
  end(signal: NodeJS.Signals): Promise<void>;
};

/** All viewers of a benchmark come with one token and from one address. */
const viewersOfOneUser = ['live.viewersPerUserMax=10000', 'live.viewersPerAddressMax=10000'];

/** Starts the gateway on a folder. `core` is the one that all its threads run on; left out: any. */
export async function startGatewayIn(
  dir: string,
  set: string[] = [],
  nodeOptions: string[] = [],
  core?: number,
): Promise<GatewayRun> {
  const main = here('../src/main.ts');
  const flags = [
    `store.dir=${dir}`,
    'http.port=0',
    'mqtt.port=0',
    'log.level=error',
    ...viewersOfOneUser,
    ...set,
  ].flatMap(key => ['--set', key]);
  const command = [process.execPath, ...nodeOptions, main, ...flags];
  const [program = '', ...args] = core === undefined ? command : ['taskset', '-c', String(core), ...command];
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const [, http = '', mqtt = ''] = (await readyLine(child)).split(' ');
  const token = ['token', 'create', '--role', 'admin', '--name', 'bench', '--set', `store.dir=${dir}`];
  const made = spawnSync(process.execPath, [main, ...token], { encoding: 'utf8' });
  const headers = { Authorization: `Bearer ${made.stdout.trim()}`, 'Content-Type': 'application/json' };
  return {
    http,
    token: made.stdout.trim(),
    port: Number(new URL(mqtt).port),
    pid: child.pid ?? 0,
    async createDevices(count) {
      const credentials: [string, string][] = [];
      for (let i = 0; i < count; i++) {
        const body = JSON.stringify({ id: `load-${i}` });
        const answer = await fetch(`${http}/api/v1/devices`, { method: 'POST', headers, body });
        const { id, secret } = (await answer.json()) as { id: string; secret: string };
        credentials.push([id, secret]);
      }
      return credentials;
    },
    async end(signal) {
      const gone = new Promise(resolve => child.once('exit', resolve));
      if (child.exitCode === null && child.signalCode === null && child.kill(signal)) await gone;
    },
  };
}

/** Starts the gateway in a folder of its own with so many devices registered. */
export async function startGateway(
  devices: number,
  set: string[] = [],
  nodeOptions: string[] = [],
  core?: number,
): Promise<Running & { http: string; token: string }> {
  const dir = mkdtempSync(join(tmpdir(), 'telltale-bench-'));
  const { createDevices, end, ...gateway } = await startGatewayIn(dir, set, nodeOptions, core);
  return {
    ...gateway,
    credentials: await createDevices(devices),
    async stop() {
      await end('SIGTERM');
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
