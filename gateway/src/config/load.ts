// Reads the configuration: file, then environment, then flags; the later wins. All that is wrong is told at once,
// each with its place.
import { readFileSync } from 'node:fs';
import { LineCounter, parse, parseDocument } from 'yaml';
import { checkTogether } from './checks.ts';
import { type Config, configSchema } from './schema.ts';

/** What is wrong with the configuration, a line each. The process ends with status 78 (EX_CONFIG). */
export class ConfigError extends Error {
  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.name = 'ConfigError';
  }
}

type Tree = { [key: string]: unknown };
/** By path (`http.port`), the place that gave the value. */
type Places = Map<string, string>;
type Sources = { tree: Tree; places: Places; problems: string[] };

const prefix = 'TELLTALE_';
/** Variables of the family that are no keys of the configuration. */
const otherVariables = new Set(['TELLTALE_TOKEN', 'TELLTALE_PARENT_PIPE']);
/** The one variable that has a short name, because everybody needs it. */
const shortNames: Record<string, string[]> = { ADMIN_PASSWORD: ['access', 'adminPassword'] };

function setAt(tree: Tree, path: readonly string[], value: unknown): void {
  const [key = '', ...rest] = path;
  const inner = Object.hasOwn(tree, key) ? tree[key] : undefined;
  const isTree = inner !== null && typeof inner === 'object' && !Array.isArray(inner);
  const put = rest.length === 0 ? value : isTree ? inner : {};
  // Assigning would set the prototype where the key is __proto__.
  Object.defineProperty(tree, key, { value: put, writable: true, enumerable: true, configurable: true });
  if (rest.length > 0) setAt(put as Tree, rest, value);
}

const camel = (name: string) => name.toLowerCase().replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());

function readText(file: string, what: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const reason = code === 'ENOENT' ? 'there is no such file' : code === 'EACCES' ? 'it may not be read' : message;
    throw new ConfigError([`cannot read ${what} ${file}: ${reason}`]);
  }
}

function addFile(file: string, sources: Sources): void {
  const lines = new LineCounter();
  const document = parseDocument(readText(file, 'the configuration'), { lineCounter: lines });
  for (const error of document.errors) {
    sources.problems.push(`${file}:${error.linePos?.[0].line ?? 1}: ${error.message.split('\n')[0]}`);
  }
  if (document.errors.length > 0) return;
  let tree: unknown;
  try {
    tree = document.toJS();
  } catch {
    // The only error left is an alias without its anchor; its own words would repeat what may be a password.
    sources.problems.push(`${file}:1: an alias (*name) without its anchor; text that begins with * needs quotes`);
    return;
  }
  if (tree === null) return;
  if (typeof tree !== 'object' || Array.isArray(tree)) {
    sources.problems.push(`${file}:1: expected keys such as http: and mqtt:`);
    return;
  }
  const note = (path: string[]) => {
    const range = (document.getIn(path, true) as { range?: [number, number, number] } | undefined)?.range;
    sources.places.set(path.join('.'), `${file}:${range === undefined ? 1 : lines.linePos(range[0]).line}`);
  };
  /** The places in a list: an entry of it may be a screen long. */
  const noteBelow = (value: unknown, path: string[]) => {
    if (value === null || typeof value !== 'object') return;
    for (const [key, inner] of Object.entries(value)) {
      const here = [...path, key];
      note(here);
      noteBelow(inner, here);
    }
  };
  const visit = (branch: Tree, path: string[]) => {
    for (const [key, value] of Object.entries(branch)) {
      const here = [...path, key];
      note(here);
      if (value !== null && typeof value === 'object' && !Array.isArray(value)) {
        setAt(sources.tree, here, {});
        visit(value as Tree, here);
      } else {
        noteBelow(value, here);
        setAt(sources.tree, here, value);
      }
    }
  };
  visit(tree as Tree, []);
}

function addEnvironment(environment: NodeJS.ProcessEnv, sources: Sources): void {
  for (const [variable, text] of Object.entries(environment)) {
    if (!variable.startsWith(prefix) || otherVariables.has(variable) || text === undefined) continue;
    const fromFile = variable.endsWith('_FILE');
    const name = variable.slice(prefix.length, fromFile ? -'_FILE'.length : undefined);
    const path = shortNames[name] ?? name.split('__').map(camel);
    try {
      addText(path, fromFile ? readText(text, variable).trim() : text, variable, sources);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      sources.problems.push(error.message);
    }
  }
}

/** Text from outside the file means what it would mean in the file; a password stays text. */
function addText(path: string[], text: string, place: string, sources: Sources): void {
  sources.places.set(path.join('.'), place);
  setAt(sources.tree, path, path.at(-1) === 'adminPassword' ? text : (parseText(text, place, sources) ?? null));
}

/** Lists and maps need their brackets; any other text that YAML reads as one, such as `::`, is meant as text. */
function parseText(text: string, place: string, { problems }: Sources): unknown {
  try {
    const value = parse(text) as unknown;
    return value !== null && typeof value === 'object' && !/^\s*[[{]/.test(text) ? text : value;
  } catch (error) {
    problems.push(`${place}: ${(error as Error).message.split('\n')[0]}`);
    return text;
  }
}

function addFlags(flags: readonly string[], sources: Sources): void {
  for (const flag of flags) {
    const [key = '', ...rest] = flag.split('=');
    if (rest.length === 0) sources.problems.push(`--set ${flag}: expected KEY=VALUE, as in --set http.port=8081`);
    else addText(key.split('.'), rest.join('='), `--set ${key}`, sources);
  }
}

/** Loads the configuration, and looks into the certificates where asked to. Throws ConfigError with all that is wrong. */
export function loadConfig(input: {
  file: string | null;
  environment: NodeJS.ProcessEnv;
  flags: readonly string[];
  readFiles?: boolean;
}): Config {
  const sources: Sources = { tree: {}, places: new Map(), problems: [] };
  if (input.file !== null) addFile(input.file, sources);
  addEnvironment(input.environment, sources);
  addFlags(input.flags, sources);

  const parsed = configSchema.safeParse(sources.tree);
  if (!parsed.success) sources.problems.push(...parsed.error.issues.map(issue => describe(issue, sources)));
  if (sources.problems.length > 0 || !parsed.success) throw new ConfigError(sources.problems);

  const config = parsed.data;
  const problems = checkTogether(config, input.readFiles ?? false);
  if (problems.length > 0) {
    const lines = problems.map(({ key, message }) => `${placeOf(key.split('.'), sources.places)}: ${key}: ${message}`);
    throw new ConfigError(lines);
  }
  return config;
}

type Issue = { path: PropertyKey[]; message: string; code?: string; keys?: string[] };

function describe(issue: Issue, { tree, places }: Sources): string {
  const path = issue.path.map(String);
  if (issue.code === 'unrecognized_keys') {
    return (issue.keys ?? [])
      .map(key => {
        const full = [...path, key].join('.');
        return `${placeOf([...path, key], places)}: there is no key ${full}`;
      })
      .join('\n');
  }
  let got: unknown = tree;
  for (const key of path) got = got === null || typeof got !== 'object' ? undefined : (got as Tree)[key];
  // What was given as a password is never repeated, nor what may be the text of a key instead of its path.
  const shown = path.at(-1) === 'adminPassword' || path.at(-1) === 'key' ? '' : `, got ${JSON.stringify(got)}`;
  return `${placeOf(path, places)}: ${path.join('.')}: ${issue.message}${shown}`;
}

/** The place of a key, or of the nearest one above or below it that was given. */
function placeOf(path: readonly string[], places: Places): string {
  const full = path.join('.');
  const exact = places.get(full);
  if (exact !== undefined) return exact;
  for (const [key, place] of places) if (key.startsWith(`${full}.`)) return place;
  return path.length > 1 ? placeOf(path.slice(0, -1), places) : 'configuration';
}
