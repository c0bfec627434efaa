// The gateway as a program on a folder that is there already, with the time until it says that it is ready.
import { spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const flags = (set: string[]) => set.flatMap(key => ['--set', key]);

export type Program = {
  http: string;
  pid: number;
  mqttPort: number;
  /** From the start of the process to its line `ready`, ms. */
  readyMs: number;
  /** Memory that the process has now, bytes. */
  rssBytes(): number;
  stop(signal?: NodeJS.Signals): Promise<void>;
};

/** `build` is another build's main.ts. */
export async function startProgram(dir: string, set: string[] = [], build = main): Promise<Program> {
  const begin = performance.now();
  const keys = [`store.dir=${dir}`, 'http.port=0', 'mqtt.port=0', 'log.level=error', ...set];
  const child = spawn(process.execPath, [build, ...flags(keys)], { stdio: ['ignore', 'pipe', 'inherit'] });
  const gone = new Promise<void>(resolve => child.once('exit', () => resolve()));
  const ready = await new Promise<string>((resolve, reject) => {
    let text = '';
    child.stdout.on('data', chunk => {
      text += chunk;
      const found = /^ready .*$/m.exec(text);
      if (found !== null) resolve(found[0]);
    });
    child.once('exit', status => reject(new Error(`the gateway ended with status ${status}: ${text}`)));
  });
  const readyMs = performance.now() - begin;
  const [, http = '', mqtt = ''] = ready.split(' ');
  return {
    http,
    pid: child.pid ?? 0,
    mqttPort: Number(new URL(mqtt).port),
    readyMs,
    rssBytes: () => Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1]) * 1_024,
    async stop(signal = 'SIGTERM') {
      if (child.exitCode === null && child.signalCode === null && child.kill(signal)) await gone;
    },
  };
}

/** Headers with a new token for the gateway on `dir`, which may be running. */
export function adminHeaders(dir: string): Record<string, string> {
  const args = ['token', 'create', '--role', 'admin', '--name', 'bench', '--replace', ...flags([`store.dir=${dir}`])];
  const made = spawnSync(process.execPath, [main, ...args], { encoding: 'utf8' });
  if (made.status !== 0) throw new Error(`no token was made: ${made.stderr}`);
  return { Authorization: `Bearer ${made.stdout.trim()}` };
}

/** Makes a device and returns its secret. */
export async function makeDevice(http: string, headers: Record<string, string>, id: string): Promise<string> {
  const answer = await fetch(`${http}/api/v1/devices`, {
    method: 'POST',
    headers: { ...headers, 'Content-Type': 'application/json' },
    body: JSON.stringify({ id }),
  });
  if (!answer.ok) throw new Error(`the device ${id} was not made: ${answer.status} ${await answer.text()}`);
  return ((await answer.json()) as { secret: string }).secret;
}
