// What a running program asks of the system, watched with strace from outside: the order of its calls, and calls that are
// made to fail. Where strace is missing or may not look, it says why.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { newFolder } from './gateway.ts';
import { findProgram, type SystemProgram } from './system-program.ts';

/**
 * A call that came to its end. `entered` and `left` are places in the order of all that was seen, the same for one that
 * nothing came in between of; `target` is the file or the socket; `result` is negative for an error.
 */
export type SystemCall = { name: string; target: string; entered: number; left: number; result: number };

/** Watching that has begun. */
export type Watch = { stop(): Promise<SystemCall[]> };

const names = ['read', 'pwrite64', 'fdatasync', 'fsync', 'write', 'writev', 'sendmsg', 'sendto'];
const attachMsMax = 20_000;

export class SystemCalls {
  /** Why nothing can be watched here, or null. */
  readonly missing: string | null;
  private readonly strace: SystemProgram | null;

  private constructor(strace: SystemProgram | null, missing: string | null) {
    this.strace = strace;
    this.missing = missing;
  }

  /** Finds strace, and tries it on a program of our own. */
  static async find(): Promise<SystemCalls> {
    if (process.platform !== 'linux') return new SystemCalls(null, 'strace is a program of Linux');
    const found = await findProgram('strace', '-V');
    if ('missing' in found) return new SystemCalls(null, found.missing);
    const program = spawn('sleep', ['60'], { stdio: 'ignore' });
    try {
      const watcher = attach(found, program.pid ?? 0, ['-o', '/dev/null']);
      await watcher.attached;
      await watcher.detach();
      return new SystemCalls(found, null);
    } catch (error) {
      return new SystemCalls(null, `strace may not look at a running program: ${(error as Error).message}`);
    } finally {
      program.kill('SIGKILL');
    }
  }

  /** Watches all threads of the process from now on. */
  async watch(pid: number): Promise<Watch> {
    const file = join(newFolder(), 'calls');
    const watcher = attach(this.needed(), pid, ['-yy', '-s', '0', '-e', `trace=${names}`, '-o', file]);
    onTestFinished(() => watcher.detach());
    await watcher.attached;
    return {
      async stop() {
        await watcher.detach();
        return parse(readFileSync(file, 'latin1'));
      },
    };
  }

  /** Makes these calls of the process fail from now on, until the returned function is called. */
  async fail(pid: number, calls: string, error: 'EIO' | 'EROFS'): Promise<() => Promise<void>> {
    const inject = ['-e', `trace=${calls}`, '-e', `inject=${calls}:error=${error}`, '-o', '/dev/null'];
    const watcher = attach(this.needed(), pid, inject);
    onTestFinished(() => watcher.detach());
    await watcher.attached;
    return () => watcher.detach();
  }

  private needed(): SystemProgram {
    if (this.strace === null) throw new Error(this.missing ?? 'strace is missing');
    return this.strace;
  }
}

function attach({ path, env }: SystemProgram, pid: number, args: string[]) {
  const strace = spawn(path, ['-f', ...args, '-p', String(pid)], { stdio: ['ignore', 'ignore', 'pipe'], env });
  const gone = new Promise<void>(resolve => strace.once('close', () => resolve()));
  const attached = new Promise<void>((resolve, reject) => {
    let said = '';
    const late = setTimeout(() => reject(new Error(`it said only: ${said}`)), attachMsMax);
    strace.stderr.on('data', chunk => {
      said += chunk;
      if (!/attached/.test(said)) return;
      clearTimeout(late);
      resolve();
    });
    void gone.then(() => {
      clearTimeout(late);
      reject(new Error(said.trim()));
    });
  });
  return {
    attached,
    /** Lets the program go on by itself, with all that was seen in the file. */
    detach() {
      strace.kill('SIGINT');
      return gone;
    },
  };
}

/** Lines such as `870 fdatasync(21</f>) = 0`, or in two parts where another thread came in between. */
function parse(text: string): SystemCall[] {
  const calls: SystemCall[] = [];
  const open = new Map<string, { name: string; target: string; entered: number }>();
  text.split('\n').forEach((line, place) => {
    const begun = /^(\d+) +(\w+)\(\d+<(.*?>|.*?)>?[,) ]/.exec(line);
    const resumed = /^(\d+) +<\.\.\. (\w+) resumed>/.exec(line);
    const ended = / = (-?\d+)/.exec(line);
    const thread = (begun ?? resumed)?.[1] ?? '';
    if (begun !== null) {
      open.set(thread, { name: begun[2] ?? '', target: begun[3] ?? '', entered: place });
    }
    const call = open.get(thread);
    if (call === undefined || ended === null || (begun === null && resumed === null)) return;
    open.delete(thread);
    calls.push({ ...call, left: place, result: Number(ended[1]) });
  });
  return calls;
}
