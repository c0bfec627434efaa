// A copy of the gateway's source with a fault put in, to show that a test would notice that fault. Each piece of text to
// be replaced has to be there exactly once, so that a control cannot come to break nothing without a word.
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';

/** What is replaced in a file below `src`. */
export type Breakage = { file: string; find: string; replace: string };

const root = fileURLToPath(new URL('../../..', import.meta.url));
const source = join(root, 'gateway/src');

/** Makes the copy, which goes with the test; returns the path of its main.ts. Throws where a text is not there once. */
export function brokenBuild(...breakages: readonly Breakage[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'telltale-broken-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const copy = join(folder, 'gateway/src');
  cpSync(source, copy, { recursive: true, filter: path => !/\.(test|fixture)\.ts$|tsconfig\.json$/.test(path) });
  cpSync(join(root, 'package.json'), join(folder, 'package.json'));
  cpSync(join(root, 'gateway/package.json'), join(folder, 'gateway/package.json'));
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'), 'junction');
  for (const { file, find, replace } of breakages) {
    const path = join(copy, file);
    const parts = readFileSync(path, 'utf8').split(find);
    if (parts.length !== 2) throw new Error(`${file} has ${parts.length - 1} times what is to be broken: ${find}`);
    writeFileSync(path, parts.join(replace));
  }
  return join(copy, 'main.ts');
}
