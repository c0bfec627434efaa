// A copy of the running database in a file of its own, made by a process of its own; what goes wrong becomes a
// sentence, and leaves nothing behind.
import { type ChildProcess, fork } from 'node:child_process';
import { existsSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { StoreUnusable } from '../folder.ts';
import { fileName } from '../schema.ts';
import type { CopierAnswer } from './copier.ts';
import { dropPartial, newPartial } from './partial.ts';

const copier = fileURLToPath(new URL('./copier.ts', import.meta.url));
const syncEveryMs = 100;

/** A finished copy under its temporary name. */
export type Copy = { path: string; bytes: number };

/** What the process said, or null where it ended without a word. */
function answerOf(child: ChildProcess): Promise<CopierAnswer | null> {
  return new Promise(resolve => {
    let answer: CopierAnswer | null = null;
    child.once('message', message => {
      answer = message as CopierAnswer;
    });
    child.once('error', error => resolve({ ok: false, message: error.message, code: null }));
    child.once('exit', () => resolve(answer));
  });
}

/**
 * Brings what was written to the disk bit by bit. Left to the end, gigabytes would go at once, and the commits of the
 * gateway would wait behind them.
 */
async function syncWhile(handle: FileHandle, busy: () => boolean): Promise<void> {
  while (busy()) {
    await wait(syncEveryMs);
    if (busy()) await handle.datasync();
  }
}

function sentenceFor(answer: CopierAnswer & { ok: false }, folder: string): string {
  if (answer.code === 'no_room') return answer.message;
  if (answer.code === 'SQLITE_FULL' || answer.code === 'ENOSPC') return `the disk of ${folder} is full`;
  return `the database could not be copied: ${answer.message} (${answer.code ?? 'no code'})`;
}

/** Copies the database of the data folder `dir` into a new file in `folder`. Rejects with StoreUnusable. */
export async function copyDatabase(dir: string, folder: string, signal?: AbortSignal): Promise<Copy> {
  const source = join(dir, fileName);
  if (!existsSync(source)) throw new StoreUnusable(`there is no database in ${dir} (store.dir)`);
  const path = newPartial(folder);
  const child = fork(copier, [source, path], { execArgv: [], stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  const kill = () => void child.kill('SIGKILL');
  const leave = () => {
    kill();
    dropPartial(path);
  };
  process.once('exit', leave);
  signal?.addEventListener('abort', kill);
  if (signal?.aborted) kill();
  let busy = true;
  const ended = answerOf(child).finally(() => {
    busy = false;
  });
  try {
    const handle = await open(path, 'r');
    await Promise.all([ended, syncWhile(handle, () => busy).finally(() => handle.close())]);
    const answer = await ended;
    if (signal?.aborted) throw new StoreUnusable('the backup was stopped');
    if (answer === null) throw new StoreUnusable('the process that copied the database was ended');
    if (!answer.ok) throw new StoreUnusable(sentenceFor(answer, folder));
    return { path, bytes: answer.bytes };
  } catch (error) {
    kill();
    await ended;
    dropPartial(path);
    throw error;
  } finally {
    process.off('exit', leave);
    signal?.removeEventListener('abort', kill);
  }
}
