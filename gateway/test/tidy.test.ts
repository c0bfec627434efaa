// The rules of the house, so that looking at the folders is enough to know the data flow. Each check first makes sure
// that it saw something.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const linesMax = 500;
const stages = ['broker', 'ingest', 'store', 'device', 'live', 'command', 'alarm', 'access', 'api', 'config'];
const forbiddenNames = /(^|[-./])(utils?|helpers?|common|managers?)([-./]|$)/i;

/**
 * By package and third-party module, the one folder (or file) below src that may import it; '' is src itself. The example
 * for firmware authors is a program of its own that stands on the client alone, as theirs does.
 */
const doors: Record<string, Record<string, string | string[]>> = {
  gateway: {
    aedes: 'broker',
    'better-sqlite3': 'store',
    ws: 'live',
    hono: 'api',
    '@hono/node-server': 'api',
    '@hono/zod-openapi': 'api',
    '@prometheus-io/client': 'api',
    zod: 'config',
    yaml: 'config',
    commander: 'config',
    pino: 'logger.ts',
  },
  dashboard: { uplot: 'chart', preact: '', '@preact/signals': '', '@telltale/gateway': '' },
  simulators: { mqtt: ['device.ts', 'example/'], commander: 'options.ts', '@telltale/gateway': '' },
};

type Source = { path: string; text: string; imports: string[] };

function filesBelow(folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true, recursive: true })
    .filter(entry => entry.isFile() && !entry.parentPath.includes('node_modules'))
    .map(entry => relative(root, join(entry.parentPath, entry.name)).split(sep).join('/'));
}

const importForm =
  /^\s*(?:import|export)\s[^'"`;]*?from\s+['"]([^'"]+)['"]|^\s*import\s+['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]/gm;

function sourcesBelow(folder: string): Source[] {
  return filesBelow(folder)
    .filter(path => /\.(ts|tsx|js|css)$/.test(path))
    .map(path => {
      const text = readFileSync(join(root, path), 'utf8');
      const imports = [...text.matchAll(importForm)].map(([, from, bare, dynamic]) => from ?? bare ?? dynamic ?? '');
      return { path, text, imports };
    });
}

const isTest = ({ path }: Source) => /\.(test|fixture)\.tsx?$/.test(path) || path.includes('/testing/');
const gateway = sourcesBelow('gateway');
const dashboard = sourcesBelow('dashboard').filter(({ path }) => !path.startsWith('dashboard/dist/'));
const simulators = sourcesBelow('simulators');
const everything = [...gateway, ...dashboard, ...simulators];
const inFolder = (sources: Source[], folder: string) => sources.filter(({ path }) => path.startsWith(folder));

/** Where a relative import leads, from the root of the repository. */
const targetOf = (source: Source, from: string) =>
  relative(root, resolve(root, dirname(source.path), from))
    .split(sep)
    .join('/');
const packageOf = (from: string) =>
  from
    .split('/')
    .slice(0, from.startsWith('@') ? 2 : 1)
    .join('/');

describe('imports', () => {
  test('contract imports nothing, not even node:', () => {
    const sources = inFolder(gateway, 'gateway/src/contract/').filter(source => !isTest(source));
    expect(sources.length).toBeGreaterThan(5);
    const outside = sources.flatMap(source =>
      source.imports
        .filter(from => !targetOf(source, from).startsWith('gateway/src/contract/') || !from.startsWith('.'))
        .map(from => `${source.path}: ${from}`),
    );
    expect(outside).toEqual([]);
  });

  test('lib imports node: alone', () => {
    const sources = inFolder(gateway, 'gateway/src/lib/').filter(source => !isTest(source));
    expect(sources.length).toBeGreaterThan(4);
    const outside = sources.flatMap(source =>
      source.imports
        .filter(from => !from.startsWith('node:') && !targetOf(source, from).startsWith('gateway/src/lib/'))
        .map(from => `${source.path}: ${from}`),
    );
    expect(outside).toEqual([]);
  });

  test('a stage imports itself, contract, lib, node: and its own door; never another stage', () => {
    let seen = 0;
    const wrong: string[] = [];
    for (const stage of stages) {
      for (const source of inFolder(gateway, `gateway/src/${stage}/`).filter(candidate => !isTest(candidate))) {
        seen++;
        for (const from of source.imports.filter(candidate => candidate.startsWith('.'))) {
          const target = targetOf(source, from);
          const allowed = [`gateway/src/${stage}/`, 'gateway/src/contract/index.ts', 'gateway/src/lib/'];
          if (!allowed.some(place => target.startsWith(place))) wrong.push(`${source.path}: ${from}`);
        }
      }
    }
    expect(seen).toBeGreaterThan(50);
    expect(wrong).toEqual([]);
  });

  test('what wires the stages comes in by their doors', () => {
    const wiring = gateway.filter(({ path }) => /^gateway\/src\/[^/]+\.ts$/.test(path));
    expect(wiring.length).toBeGreaterThan(2);
    const wrong = wiring.flatMap(source =>
      source.imports
        .filter(from => from.startsWith('.') && stages.some(stage => from.startsWith(`./${stage}/`)))
        .filter(from => !from.endsWith('/index.ts'))
        .map(from => `${source.path}: ${from}`),
    );
    expect(wrong).toEqual([]);
  });

  test('each third-party package has one door', () => {
    let seen = 0;
    const wrong: string[] = [];
    for (const [name, table] of Object.entries(doors)) {
      for (const source of inFolder(everything, `${name}/src/`).filter(candidate => !isTest(candidate))) {
        for (const from of source.imports.filter(candidate => !/^(\.|node:|virtual:)/.test(candidate))) {
          seen++;
          const open = [table[packageOf(from)] ?? []].flat();
          if (!open.some(door => source.path.startsWith(`${name}/src/${door}`))) wrong.push(`${source.path}: ${from}`);
        }
      }
    }
    expect(seen).toBeGreaterThan(20);
    expect(wrong).toEqual([]);
  });

  test('dashboard and simulators know the contract of the gateway and nothing else of it', () => {
    const sources = [...dashboard, ...simulators].filter(source => !isTest(source));
    expect(sources.length).toBeGreaterThan(40);
    const wrong = sources.flatMap(source =>
      source.imports
        .filter(from => from.startsWith('@telltale/') && from !== '@telltale/gateway/contract')
        .concat(source.imports.filter(from => from.startsWith('.') && targetOf(source, from).startsWith('gateway/')))
        .map(from => `${source.path}: ${from}`),
    );
    expect(wrong).toEqual([]);
  });
});

describe('files', () => {
  test(`no file has more than ${linesMax} lines`, () => {
    expect(everything.length).toBeGreaterThan(100);
    const long = everything.filter(({ text }) => text.split('\n').length > linesMax).map(({ path }) => path);
    expect(long).toEqual([]);
  });

  test('main.ts has at most 150 lines', () => {
    const main = gateway.find(({ path }) => path === 'gateway/src/main.ts');
    expect(main?.text.split('\n').length).toBeLessThanOrEqual(150);
  });

  test('every file says its job in its first line', () => {
    const sources = everything.filter(({ path }) => /\.tsx?$/.test(path) && !/\.test\.tsx?$/.test(path));
    const silent = sources.filter(({ text }) => !/^(\/\/|\/\*)/.test(text)).map(({ path }) => path);
    expect(silent.filter(path => !/(vite|vitest)\.config\.ts$|\.d\.ts$/.test(path))).toEqual([]);
  });

  test('no file is named after nothing in particular', () => {
    expect(everything.map(({ path }) => path).filter(path => forbiddenNames.test(path))).toEqual([]);
  });

  test('only what belongs there stands at the root', () => {
    const allowed = new Set(['gateway', 'dashboard', 'simulators', 'config', 'node_modules', 'data', 'coverage']);
    const files = new Set([
      'package.json',
      'package-lock.json',
      'README.md',
      'LICENSE',
      'SECURITY.md',
      'tsconfig.json',
    ]);
    const tools = new Set(['biome.json', 'knip.json', 'vitest.config.ts']);
    const stray = readdirSync(root).filter(
      name => !name.startsWith('.') && !allowed.has(name) && !files.has(name) && !tools.has(name),
    );
    expect(stray).toEqual([]);
  });

  test('the gateway exports its contract and nothing else', () => {
    const manifest = JSON.parse(readFileSync(join(root, 'gateway/package.json'), 'utf8')) as { exports: unknown };
    expect(manifest.exports).toEqual({ './contract': './src/contract/index.ts' });
  });
});

describe('rules', () => {
  const ruleForm = /\[([A-Z]{3}-\d+)\]/g;
  const spec = readFileSync(join(root, 'gateway/src/contract/SPEC.md'), 'utf8');
  const rules = new Set([...spec.matchAll(/\*\*\[([A-Z]{3}-\d+)\]\*\*/g)].map(([, id]) => id));
  const titles = [
    ...everything.filter(isTest),
    ...gateway.filter(({ path }) => path.startsWith('gateway/test/')),
  ].flatMap(({ text }) =>
    [...text.matchAll(/\btest(?:\.\w+\([^)]*\))?\(\s*(['"`])((?:\\.|(?!\1)[^\\])*)\1/g)].map(
      ([, , title]) => title ?? '',
    ),
  );
  const quoted = new Set(titles.flatMap(title => [...title.matchAll(ruleForm)].map(([, id]) => id)));

  test('every rule of SPEC.md is quoted by the title of a test', () => {
    expect(rules.size).toBeGreaterThan(15);
    expect([...rules].filter(id => !quoted.has(id))).toEqual([]);
  });

  test('no test and no comment quotes a rule that SPEC.md does not have', () => {
    const inComments = everything.flatMap(({ path, text }) =>
      path.endsWith('tidy.test.ts') ? [] : [...text.matchAll(ruleForm)].map(([, id]) => id),
    );
    expect(inComments.length).toBeGreaterThan(20);
    expect([...new Set([...quoted, ...inComments])].filter(id => !rules.has(id))).toEqual([]);
  });
});
