// Builds the dashboard into dashboard/dist, and only when something it is made of has changed since the last time:
// `node dashboard/build.ts`.
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { build } from 'vite';

const here = import.meta.dirname;
const root = join(here, '..');
const mark = join(here, 'dist', '.built-from');

/** Everything the result depends on: sources, configuration, contract, and the versions of what is bundled. */
function sources(): string[] {
  const under = (folder: string) =>
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter(entry => entry.isFile() && !entry.name.endsWith('.test.ts'))
      .map(entry => join(entry.parentPath, entry.name));
  const single = ['index.html', 'vite.config.ts', 'build.ts', 'package.json'].map(name => join(here, name));
  const lock = join(root, 'package-lock.json');
  return [
    ...under(join(here, 'src')),
    ...under(join(root, 'gateway', 'src', 'contract')),
    ...single,
    ...(existsSync(lock) ? [lock] : []),
  ].sort();
}

function fingerprint(): string {
  const hash = createHash('sha256');
  for (const file of sources()) hash.update(relative(root, file)).update('\0').update(readFileSync(file)).update('\0');
  return hash.digest('hex');
}

const wanted = fingerprint();
const built = existsSync(mark) ? readFileSync(mark, 'utf8') : '';
if (built === wanted) {
  console.log('dashboard: up to date');
} else {
  const started = performance.now();
  await build({ configFile: join(here, 'vite.config.ts'), logLevel: 'warn' });
  // Written last: a build that was broken off is not taken for one.
  writeFileSync(mark, wanted);
  console.log(`dashboard: built in ${((performance.now() - started) / 1000).toFixed(1)} s`);
}
