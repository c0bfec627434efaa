// Programs of the system that a test needs: the installed one, or one whose packages are fetched once and unpacked into
// a folder of their own. Nothing is installed and nothing starts by itself.
import { execFile } from 'node:child_process';
import { existsSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';

export type SystemProgram = { path: string; env: NodeJS.ProcessEnv };

/** The program, or why it cannot be had, as a sentence. */
export type Found = SystemProgram | { missing: string };

const run = promisify(execFile);
/** For lists and packages together. A machine that reaches its packages at all takes seconds. */
const fetchMsMax = 90_000;
const aptGet = '/usr/bin/apt-get';
const installed = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin'];

/** Finds the program, which has the name of its package, or fetches it. `asksVersion` makes it say that it works. Never rejects. */
export async function findProgram(name: string, asksVersion = '-v'): Promise<Found> {
  const path = installed.map(folder => join(folder, name)).find(existsSync);
  if (path !== undefined) return { path, env: process.env };
  // At a person's own desk nothing is fetched; where the tests run as root, the machine is there for them.
  if (process.getuid?.() !== 0 || !existsSync(aptGet)) {
    return { missing: `${name} is not installed, and is fetched only as root where there is apt-get` };
  }
  try {
    return await fetched(name, asksVersion);
  } catch (error) {
    const { message, stderr = '' } = error as Error & { stderr?: string };
    return { missing: `${name} is not installed, and could not be fetched: ${stderr.trim() || message}` };
  }
}

/** The unpacked program out of the cache, which this fills where it is empty. */
async function fetched(name: string, asksVersion: string): Promise<SystemProgram> {
  const cache = join(tmpdir(), 'telltale-test-programs');
  mkdirSync(cache, { recursive: true, mode: 0o700 });
  const { uid } = lstatSync(cache);
  // What lies in there is run as root.
  if (uid !== 0 || !lstatSync(cache).isDirectory()) throw new Error(`${cache} is not a folder of this user`);
  const root = join(cache, name);
  if (!existsSync(root)) await unpackInto(root, name, mkdtempSync(join(cache, 'fetch-')));

  const libraries = ['lib', 'usr/lib']
    .map(folder => join(root, folder))
    .filter(existsSync)
    .flatMap(folder => readdirSync(folder).map(inner => join(folder, inner)))
    .filter(folder => folder.endsWith('-linux-gnu'));
  const program = {
    path: ['usr/sbin', 'usr/bin'].map(folder => join(root, folder, name)).find(existsSync) ?? join(root, name),
    env: { ...process.env, LD_LIBRARY_PATH: libraries.join(delimiter) },
  };
  await run(program.path, [asksVersion], { env: program.env });
  return program;
}

/** Fetches the package and what it needs that is not installed. The folder appears whole, whoever else does the same. */
async function unpackInto(root: string, name: string, work: string): Promise<void> {
  const limited = { signal: AbortSignal.timeout(fetchMsMax), env: { ...process.env, LC_ALL: 'C' } };
  const archives = join(work, 'archives');
  const settings = [
    // Lists and locks of its own: those of the system may be old, and stay as they are.
    `Dir::State::Lists=${join(work, 'lists')}`,
    `Dir::Cache=${join(work, 'cache')}`,
    `Dir::Cache::Archives=${archives}`,
    'Debug::NoLocking=1',
    'APT::Sandbox::User=root',
    'Acquire::Languages=none',
    'Acquire::Retries=1',
    'Acquire::http::Timeout=15',
  ].flatMap(setting => ['-o', setting]);
  try {
    for (const folder of ['lists/partial', 'cache', 'archives/partial'])
      mkdirSync(join(work, folder), { recursive: true });
    await run(aptGet, ['-qq', ...settings, 'update'], limited);
    const onlyFetch = ['--yes', 'install', '--download-only', '--no-install-recommends'];
    await run(aptGet, ['-qq', ...settings, ...onlyFetch, name], limited);
    for (const file of readdirSync(archives).filter(candidate => candidate.endsWith('.deb'))) {
      await run('dpkg', ['-x', join(archives, file), join(work, 'root')], limited);
    }
    renameSync(join(work, 'root'), root);
  } catch (error) {
    // Somebody else was faster: theirs is as good.
    if (!existsSync(root)) throw error;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
