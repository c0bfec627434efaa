// What Node makes of a source file before it runs it, the removed types and the compiled code, is kept for the length of
// a run. Hundreds of gateways are started in one, each of four threads: without this half of the time of a start goes
// into that, and all of them do the same. The first one is started here, because who is killed leaves nothing behind.
import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { root } from './instruments/broken-build.ts';

/** Resolves at once, so that no test waits for it; what it returns ends it, and removes what was kept. */
export default async function keepCompiled(): Promise<() => Promise<void>> {
  const parent = join(root, '.cache');
  await mkdir(parent, { recursive: true });
  const folder = await mkdtemp(join(parent, 'compiled-'));
  // Workers of tests inherit it, and the programs that they start. Files are known by where they lie from there, so that
  // a copy of the source can have a copy of this.
  process.env.NODE_COMPILE_CACHE = join(folder, 'cache');
  process.env.NODE_COMPILE_CACHE_PORTABLE = '1';
  const main = fileURLToPath(new URL('../src/main.ts', import.meta.url));
  const set = ['http.port=0', 'mqtt.port=0', `store.dir=${join(folder, 'data')}`];
  const first = spawn(process.execPath, [main, ...set.flatMap(flag => ['--set', flag])], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  first.stdout.on('data', chunk => {
    // It writes what it kept when it ends in good order.
    if (String(chunk).includes('ready ')) first.kill('SIGTERM');
  });
  const gone = new Promise<void>(resolve => first.once('close', () => resolve()));
  return async () => {
    first.kill('SIGTERM');
    await gone;
    // A worker that ends writes into it until it is gone.
    await rm(folder, { recursive: true, force: true, maxRetries: 10 });
  };
}
