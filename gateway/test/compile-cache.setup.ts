// What Node makes of a source file before it runs it, the removed types and the compiled code, is kept for the length of
// a run. Hundreds of gateways are started in one, each of four threads: without this half of the time of a start goes
// into that, and all of them do the same. The first one is started here, because who is killed leaves nothing behind.
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Resolves at once, so that no test waits for it; what it returns ends it, and removes what was kept. */
export default async function keepCompiled(): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'telltale-compiled-'));
  // Workers of tests inherit it, and the programs that they start.
  process.env.NODE_COMPILE_CACHE = join(folder, 'cache');
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
