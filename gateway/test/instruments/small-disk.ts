// A disk of a few megabytes that a test may fill, free and make read-only. Where nothing may be mounted, it says why.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { newFolder } from './gateway.ts';

const run = (program: string, ...args: string[]) => execFileSync(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
const pageBytes = 4096;

/** Why no disk can be had here, or null. */
export function whyNoDisk(): string | null {
  if (process.platform !== 'linux') return 'a file system in memory is mounted on Linux alone';
  if (process.getuid?.() !== 0) return 'only root may mount';
  const folder = mkdtempSync(join(tmpdir(), 'telltale-disk-'));
  try {
    run('mount', '-t', 'tmpfs', '-o', 'size=1m', 'telltale-test', folder);
    run('umount', folder);
    return null;
  } catch (error) {
    return `nothing may be mounted here: ${(error as Error).message.trim().split('\n').at(-1)}`;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export class SmallDisk {
  readonly dir: string;
  private readonly ballast: string;

  /** Mounts it; it goes with the test, after all that runs on it. Make it before what runs on it. */
  constructor(megabytes: number) {
    const folder = newFolder();
    run('mount', '-t', 'tmpfs', '-o', `size=${megabytes}m,mode=0700`, 'telltale-test', folder);
    onTestFinished(() => {
      // What was killed a moment ago may hold it still; it then goes with its last file.
      run('umount', '--lazy', folder);
    });
    this.dir = join(folder, 'data');
    mkdirSync(this.dir, { mode: 0o700 });
    this.ballast = join(folder, 'ballast');
  }

  /** Fills it to the last page, or so that about this many bytes are left; others may write meanwhile. */
  fill(leftBytes = 0): void {
    const { bavail, bsize } = statfsSync(this.dir);
    const bytes = bavail * bsize - leftBytes;
    for (let written = 0; written < bytes || leftBytes === 0; written += pageBytes) {
      try {
        writeFileSync(this.ballast, new Uint8Array(pageBytes), { flag: 'a' });
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
        return;
      }
    }
  }

  free(): void {
    rmSync(this.ballast, { force: true });
  }

  readOnly(): void {
    run('mount', '-o', 'remount,ro', join(this.dir, '..'));
  }

  writable(): void {
    run('mount', '-o', 'remount,rw', join(this.dir, '..'));
  }
}
