// Remembers the secrets of devices between runs: a JSON object of device id to secret, readable by its owner alone,
// and replaced as a whole so that a crash leaves either the old file or the new one.
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { limits } from '@telltale/gateway/contract';
import { ExpectedFailure, exitStatus } from './expected-failure.ts';

/** As many as a gateway has devices. */
const secretsMax = limits.devicesMax;

/** The secrets known so far. */
export type Secrets = {
  get(id: string): string | undefined;
  set(id: string, secret: string): void;
  /** Writes what has changed; calls that overlap follow each other. */
  save(): Promise<void>;
};

function parseSecrets(text: string, path: string): Map<string, string> {
  const wrong = (got: string) =>
    new ExpectedFailure(
      `The state file ${path} cannot be used: expected a JSON object of device id to secret, got ${got}`,
      exitStatus.configuration,
    );
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    throw wrong('something that is not JSON');
  }
  if (typeof body !== 'object' || body === null || Array.isArray(body)) throw wrong('another kind of JSON');
  const entries = Object.entries(body);
  if (entries.length > secretsMax) throw wrong(`${entries.length} entries where at most ${secretsMax} are kept`);
  for (const [id, secret] of entries) if (typeof secret !== 'string') throw wrong(`${typeof secret} for ${id}`);
  return new Map(entries as [string, string][]);
}

async function readIfThere(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '{}';
    throw new ExpectedFailure(
      `The state file ${path} cannot be read: ${(error as Error).message}`,
      exitStatus.configuration,
    );
  }
}

async function replaceFile(path: string, text: string): Promise<void> {
  const next = `${path}.${process.pid}.tmp`;
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(next, text, { mode: 0o600 });
    await rename(next, path);
  } catch (error) {
    await rm(next, { force: true });
    throw new ExpectedFailure(
      `The state file ${path} cannot be written: ${(error as Error).message}`,
      exitStatus.configuration,
    );
  }
}

/** Opens the state file; one that is not there yet begins empty. Without a path the secrets live in memory. */
export async function openSecrets(path: string | undefined): Promise<Secrets> {
  const secrets = path === undefined ? new Map<string, string>() : parseSecrets(await readIfThere(path), path);
  let changed = false;
  let saving: Promise<void> = Promise.resolve();
  return {
    get: id => secrets.get(id),
    set(id, secret) {
      if (secrets.get(id) === secret) return;
      secrets.set(id, secret);
      if (secrets.size > secretsMax) {
        const [oldest] = secrets.keys();
        if (oldest !== undefined) secrets.delete(oldest);
      }
      changed = true;
    },
    save() {
      const write = async () => {
        if (path === undefined || !changed) return;
        changed = false;
        await replaceFile(path, `${JSON.stringify(Object.fromEntries(secrets), null, 2)}\n`);
      };
      saving = saving.catch(() => undefined).then(write);
      return saving;
    },
  };
}
