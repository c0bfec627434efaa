// Runs one task of worker.ts in a fresh process and hands back what it found.
import { spawn, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** Of util-linux: holds a process on the cores it is told. */
const pinner = 'taskset';
const worker = fileURLToPath(new URL('./worker.ts', import.meta.url));

/** Whether a process can be held on one core here. */
export const canPin = () => spawnSync(pinner, ['--version'], { stdio: 'ignore' }).status === 0;

/** `core` holds the whole process, all its threads, on that core. Progress goes to standard error. */
export async function runTask<Result>(task: string, args: unknown, core?: number): Promise<Result> {
  const own = [process.execPath, worker, task, JSON.stringify(args)];
  const [program, ...rest] = core === undefined ? own : [pinner, '-c', String(core), ...own];
  const child = spawn(program as string, rest, { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.on('data', chunk => {
    text += chunk;
  });
  const status = await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (status !== 0) throw new Error(`${task} ended with status ${status}`);
  return JSON.parse(text) as Result;
}
