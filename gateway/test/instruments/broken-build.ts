// A copy of the gateway's source with a fault put in, to show that a test would notice that fault. Each piece of text to
// be replaced has to be there exactly once, so that a control cannot come to break nothing without a word.
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { withTestEnd } from './side-by-side.ts';

/** What is replaced in a file below `src`. */
export type Breakage = { file: string; find: string; replace: string };

export const root = fileURLToPath(new URL('../../..', import.meta.url));
const source = join(root, 'gateway/src');

/** Where what Node compiled is kept, see compile-cache.setup.ts. */
const keptAt = process.env.NODE_COMPILE_CACHE;

/**
 * The environment of a program whose main.ts is this. Files are known there by where they lie from the folder in which
 * that is kept: from a copy of the source that is a link. A file that is not as it was is noticed by its text.
 */
export function environmentOf(main: string): NodeJS.ProcessEnv {
  const folder = join(dirname(main), '../..');
  if (keptAt === undefined || relative(root, folder) === '') return process.env;
  const link = join(folder, relative(root, keptAt));
  if (!existsSync(link)) {
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(keptAt, link, 'junction');
  }
  return { ...process.env, NODE_COMPILE_CACHE: link };
}

/** Makes the copy, which goes with the test; returns the path of its main.ts. Throws where a text is not there once. */
export function brokenBuild(...breakages: readonly Breakage[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'telltale-broken-'));
  withTestEnd(() => rmSync(folder, { recursive: true, force: true }));
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
