// A whole gateway for a test: in this process, or as a program of its own that can be killed. Ports are 0, the data
// folder is new, and all of it goes with the test.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { makeSecret } from '../../src/access/index.ts';
import { loadConfig } from '../../src/config/index.ts';
import type { Device, DeviceCreated, Role } from '../../src/contract/index.ts';
import { startGateway } from '../../src/gateway.ts';
import type { Clock } from '../../src/lib/clock.ts';
import { silentLogger } from '../../src/lib/logger.ts';
import { writeBeside } from '../../src/store/index.ts';
import { secretEffect } from '../../src/tables.ts';
import { environmentOf } from './broken-build.ts';
import { withTestEnd } from './side-by-side.ts';

export const adminPassword = 'correct horse battery';
const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

/** A new folder that is removed with the test. */
export function newFolder(): string {
  const dir = mkdtempSync(join(tmpdir(), 'telltale-test-'));
  withTestEnd(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

/** A token for the gateway whose data lie in `dir`. */
export function makeToken(dir: string, role: Role = 'administrator'): string {
  return makeTokenFor([dir], role);
}

/** The same token for each of the gateways whose data lie in `dirs`. */
export function makeTokenFor(dirs: readonly string[], role: Role): string {
  const { secret, record } = makeSecret('token', `test-${role}`, role, null);
  for (const dir of dirs) writeBeside(dir, [secretEffect(record)]);
  return secret;
}

/** REST as a program uses it. */
export class Rest {
  readonly base: string;
  readonly token: string;

  constructor(base: string, token: string) {
    this.base = base;
    this.token = token;
  }

  fetch(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = { Authorization: `Bearer ${this.token}`, 'Content-Type': 'application/json', ...init.headers };
    return fetch(`${this.base}/api/v1${path}`, { ...init, headers });
  }

  async get<Body>(path: string): Promise<Body> {
    const response = await this.fetch(path);
    if (!response.ok) throw new Error(`GET ${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as Body;
  }

  async post<Body>(path: string, body: unknown = {}, headers: Record<string, string> = {}): Promise<Body> {
    const response = await this.fetch(path, { method: 'POST', body: JSON.stringify(body), headers });
    if (!response.ok) throw new Error(`POST ${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as Body;
  }

  /** Makes a device; resolves with its secret. */
  async device(id: string): Promise<string> {
    return (await this.post<Device & DeviceCreated>('/devices', { id })).secret;
  }
}

export type TestGateway = {
  http: string;
  httpPort: number;
  mqttPort: number;
  mqttTlsPort: number;
  opsPort: number;
  dir: string;
  rest: Rest;
  /** Takes certificates that changed. */
  reloadCertificates(): Promise<void>;
  close(): Promise<void>;
};

export type HereOptions = {
  /** Another clock than the system's. */
  clock?: Clock;
  /** Another build's main.ts, beside which its gateway.ts lies. */
  main?: string;
};

/** Starts a gateway in this process. `set` are flags such as `store.commitIntervalMs=0`. */
export async function gatewayHere(
  set: string[] = [],
  dir = newFolder(),
  { clock, main: build }: HereOptions = {},
): Promise<TestGateway> {
  const flags = ['http.port=0', 'mqtt.port=0', `store.dir=${dir}`, `access.adminPassword=${adminPassword}`, ...set];
  const config = loadConfig({ file: null, environment: {}, flags });
  const start =
    build === undefined
      ? startGateway
      : ((await import(join(dirname(build), 'gateway.ts'))) as { startGateway: typeof startGateway }).startGateway;
  const gateway = await start(config, {
    log: silentLogger,
    ...(clock !== undefined && { clock }),
    broken: error => {
      throw error;
    },
  });
  let closed: Promise<void> | null = null;
  const close = () => {
    closed ??= gateway.close();
    return closed;
  };
  withTestEnd(close);
  const http = `${config.http.tls.cert === null ? 'http' : 'https'}://127.0.0.1:${gateway.httpPort}`;
  return {
    http,
    httpPort: gateway.httpPort,
    // What a test did not ask for it does not use.
    mqttPort: gateway.mqttPort ?? 0,
    mqttTlsPort: gateway.mqttTlsPort ?? 0,
    opsPort: gateway.opsPort ?? 0,
    dir,
    rest: new Rest(http, makeToken(dir)),
    reloadCertificates: gateway.reloadCertificates,
    close,
  };
}

export type GatewayProgram = Omit<TestGateway, 'close' | 'mqttTlsPort' | 'opsPort' | 'reloadCertificates'> & {
  child: ChildProcess;
  /** Ends it as a power cut would end the process, and waits until it is gone. */
  kill(signal?: NodeJS.Signals): Promise<number | null>;
  /** Resolves with its status once it is gone, however that came; null after a signal. */
  gone: Promise<number | null>;
  /** What it has written to standard error, where that is collected. */
  said(): string;
};

export type ProgramOptions = {
  /** Another build's main.ts. */
  main?: string;
  /** A program and its arguments that the gateway is run by. */
  under?: readonly string[];
  /** Keeps what it says instead of showing it. */
  collect?: boolean;
  /** A token of a database that cannot be written now; left out, one is made. */
  token?: string;
};

/** Starts the gateway as a program; resolves once it says that it is ready. */
export async function gatewayProgram(
  dir: string,
  set: string[] = [],
  { main: build = main, under = [], collect = false, token }: ProgramOptions = {},
): Promise<GatewayProgram> {
  const started = performance.now();
  const flags = ['http.port=0', 'mqtt.port=0', `store.dir=${dir}`, `access.adminPassword=${adminPassword}`, ...set];
  const [program = '', ...args] = [...under, process.execPath, build, ...flags.flatMap(flag => ['--set', flag])];
  const stdio = ['ignore', 'pipe', collect ? 'pipe' : 'inherit'] as const;
  const child = spawn(program, args, { stdio: [...stdio], env: environmentOf(build) });
  let said = '';
  child.stderr?.on('data', chunk => {
    said += chunk;
  });
  // What was written last has been read by then, too.
  const gone = new Promise<number | null>(resolve => child.once('close', status => resolve(status)));
  const kill = (signal: NodeJS.Signals = 'SIGKILL') => {
    child.kill(signal);
    return gone;
  };
  withTestEnd(() => kill());
  const line = await new Promise<string>((resolve, reject) => {
    let text = '';
    child.stdout?.on('data', chunk => {
      text += chunk;
      const ready = /^ready .*$/m.exec(text);
      if (ready !== null) resolve(ready[0]);
    });
    void gone.then(status =>
      reject(new Error(`it ended with status ${status} after ${performance.now() - started} ms ${said}`)),
    );
  });
  const [, http = '', mqtt = ''] = line.split(' ');
  const ports = { httpPort: Number(new URL(http).port), mqttPort: Number(new URL(mqtt).port) };
  const rest = new Rest(http, token ?? makeToken(dir));
  return { http, ...ports, dir, rest, child, kill, gone, said: () => said };
}

export type Ended = { status: number | null; out: string; err: string };

/** Runs the program with these arguments to its end. */
export function runProgram(...args: string[]): Promise<Ended> {
  const child = spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let out = '';
  let err = '';
  child.stdout.on('data', chunk => {
    out += chunk;
  });
  child.stderr.on('data', chunk => {
    err += chunk;
  });
  return new Promise(resolve => child.once('close', status => resolve({ status, out, err })));
}
