// What Node makes of a source file before it runs it, without its types and compiled, is kept from one run of tests to
// the next. Hundreds of gateways are started in one, each of four threads: without this, half of the time of a start goes
// into that. Node itself looks whether a file is still what it was.
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from './instruments/broken-build.ts';

const folder = join(root, '.cache/compiled');
/** The gateway and the test runner need some thousand; copies of the source leave theirs, and nobody asks for them again. */
const filesMax = 10_000;

/** Resolves at once, so that no test waits for it; what it returns waits for what was begun. */
export default function keepCompiled(): () => Promise<unknown> {
  // Asked once for each project of the runner.
  if (process.env.NODE_COMPILE_CACHE === folder) return async () => {};
  // Workers of tests inherit it, and the programs that they start. Files are known by where they lie from the folder, so
  // that a copy of the source finds them, too.
  process.env.NODE_COMPILE_CACHE = folder;
  process.env.NODE_COMPILE_CACHE_PORTABLE = '1';
  const files = countFiles();
  if (files > filesMax) rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
  return files > 0 && files <= filesMax ? async () => {} : compileGateway();
}

function countFiles(): number {
  try {
    return readdirSync(folder, { recursive: true }).length;
  } catch {
    return 0;
  }
}

/** Starts a gateway that ends in good order, because who is killed, as many in tests are, leaves nothing behind. */
function compileGateway(): () => Promise<unknown> {
  const data = mkdtempSync(join(tmpdir(), 'telltale-compiling-'));
  const flags = ['http.port=0', 'mqtt.port=0', `store.dir=${join(data, 'data')}`].flatMap(flag => ['--set', flag]);
  const child = spawn(process.execPath, [join(root, 'gateway/src/main.ts'), ...flags], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  child.stdout.on('data', chunk => String(chunk).includes('ready ') && child.kill('SIGTERM'));
  const gone = new Promise(resolve => child.once('close', resolve));
  return async () => {
    await gone;
    rmSync(data, { recursive: true, force: true, maxRetries: 10 });
  };
}
