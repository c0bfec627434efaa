// Backups: one moment of the database in a file, taken while the gateway runs ([STO-9]).
import { open } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { Refusal } from '../../contract/index.ts';
import { StoreUnusable } from '../folder.ts';
import { type Copy, copyDatabase } from './copy.ts';
import { dropPartial, placePartial, refuseExisting } from './partial.ts';

/** Whoever takes no byte of a backup for so long is gone, or holds the disk's room for nothing. */
const stalledMs = 60_000;
const pieceBytes = 256 * 1024;

/** A backup that is handed on as it is read; `body` has `bytes` bytes. */
export type BackupStream = { bytes: number; body: ReadableStream<Uint8Array> };

/** Writes a backup of the data folder `dir` to `file`, which must not be there yet. Resolves with its size. */
export async function backupTo(dir: string, file: string, signal?: AbortSignal): Promise<number> {
  const target = resolve(file);
  refuseExisting(target);
  const { path, bytes } = await copyDatabase(dir, dirname(target), signal);
  try {
    placePartial(path, target);
  } finally {
    dropPartial(path);
  }
  return bytes;
}

/** Backups for the gateway's own viewers, one at a time: each takes the room of the database once more. */
export class Backups {
  private readonly dir: string;
  private busy = false;

  constructor(dir: string) {
    this.dir = dir;
  }

  /** Takes a backup. Rejects with Refusal where another one is under way or the disk has no room. */
  async take(signal: AbortSignal): Promise<BackupStream> {
    if (this.busy) throw new Refusal('too_many', 'a backup is being taken already, and there is one at a time');
    this.busy = true;
    const free = () => {
      this.busy = false;
    };
    try {
      return await streamOf(await copyDatabase(this.dir, this.dir, signal), free);
    } catch (error) {
      free();
      if (error instanceof StoreUnusable) throw new Refusal('unprocessable', error.message);
      throw error;
    }
  }
}

/** Reads the copy as fast as it is taken, and lets go of it at the end, or where nobody takes it any more. */
async function streamOf({ path, bytes }: Copy, ended: () => void): Promise<BackupStream> {
  const handle = await open(path, 'r').catch(error => {
    dropPartial(path);
    throw error;
  });
  // Without a name it goes with the handle, however the process ends. Windows keeps the name of an open file.
  if (process.platform !== 'win32') dropPartial(path);
  let timer: NodeJS.Timeout | undefined;
  let isOpen = true;
  const end = async () => {
    if (!isOpen) return;
    isOpen = false;
    clearTimeout(timer);
    await handle.close();
    dropPartial(path);
    ended();
  };
  const watch = (controller: ReadableStreamDefaultController<Uint8Array>) => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      controller.error(new Error(`nothing of the backup was taken for ${stalledMs} ms`));
      void end();
    }, stalledMs);
    timer.unref();
  };
  const body = new ReadableStream<Uint8Array>({
    start: watch,
    async pull(controller) {
      watch(controller);
      const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(pieceBytes), 0, pieceBytes);
      if (!isOpen) return;
      if (bytesRead > 0) return controller.enqueue(buffer.subarray(0, bytesRead));
      await end();
      controller.close();
    },
    cancel: end,
  });
  return { bytes, body };
}
