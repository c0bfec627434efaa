// The gateway as a child of the demonstration: starts it, hears from its first lines where it listens, runs its
// one-shot commands beside it, and ends it.
import { type ChildProcess, spawn } from 'node:child_process';
import { constants } from 'node:os';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { ExpectedFailure } from '../expected-failure.ts';
import type { Screen } from '../screen.ts';

/** The gateway's own program. */
export const gatewayProgram = fileURLToPath(new URL('../../../gateway/src/main.ts', import.meta.url));
/** How long the gateway may take to close before it is killed. */
const closeWithinMs = 10_000;

/** Where a gateway said that it listens. */
export type Addresses = { http: string; mqtt: string };

/** A gateway that was started. */
export type GatewayProcess = {
  /** Its addresses, once it is ready; never settles where it ends before. */
  readonly ready: Promise<Addresses>;
  /** Its exit status, once it has ended. */
  readonly ended: Promise<number>;
  /** Asks it to end and waits for that; in the worst case it is killed. */
  close(): Promise<void>;
};

/** Reads the line by which the gateway says that it is ready; null for any other line. */
export function parseReadyLine(line: string): Addresses | null {
  if (!/^ready\b/.test(line)) return null;
  const http = /\bhttps?:\/\/\S+/.exec(line)?.[0];
  const mqtt = /\bmqtts?:\/\/\S+/.exec(line)?.[0];
  return http === undefined || mqtt === undefined ? null : { http: http.replace(/\/+$/, ''), mqtt };
}

function statusOf(code: number | null, signal: NodeJS.Signals | null): number {
  return code ?? 128 + (signal ? constants.signals[signal] : 0);
}

function ending(child: ChildProcess): Promise<number> {
  return new Promise(resolve => {
    child.on('close', (code, signal) => resolve(statusOf(code, signal)));
    // It could not even be started.
    child.on('error', () => resolve(1));
  });
}

/** Starts the gateway with these arguments. What it prints is shown, but for the line that says it is ready. */
export function startGateway(program: string, args: readonly string[], screen: Screen): GatewayProcess {
  const child = spawn(process.execPath, [program, ...args], {
    // In a group of its own, Ctrl-C does not reach it before the devices have said goodbye. Should this process die
    // without a word, the gateway sees its standard input close, and ends.
    detached: true,
    windowsHide: true,
    stdio: ['pipe', 'pipe', 'pipe'],
    // A newcomer's terminal is for the welcome; what goes wrong is still said there.
    env: { TELLTALE_LOG__LEVEL: 'warn', ...process.env, TELLTALE_PARENT_PIPE: '1' },
  });
  const ended = ending(child);
  const { promise: ready, resolve } = Promise.withResolvers<Addresses>();
  createInterface({ input: child.stdout }).on('line', line => {
    const addresses = parseReadyLine(line);
    if (addresses) resolve(addresses);
    else screen.line(line);
  });
  child.stderr.setEncoding('utf8').on('data', (piece: string) => screen.pass(process.stderr, piece));
  child.stdin.on('error', () => undefined);
  return {
    ready,
    ended,
    async close() {
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), closeWithinMs);
      await ended;
      clearTimeout(timer);
    },
  };
}

/** Runs one of the gateway's own commands and gives the last line that it printed. */
export async function runGatewayCommand(
  program: string,
  command: readonly string[],
  args: readonly string[],
  signal: AbortSignal,
): Promise<string> {
  const child = spawn(process.execPath, [program, ...command, ...args], {
    signal,
    windowsHide: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [status, printed, complaint] = await Promise.all([ending(child), text(child.stdout), text(child.stderr)]);
  const lastLine = (output: string) => output.trimEnd().split('\n').at(-1)?.trim() ?? '';
  if (status === 0 && lastLine(printed) !== '') return lastLine(printed);
  const why = lastLine(complaint) || `it ended with status ${status}`;
  throw new ExpectedFailure(`The gateway's command "${command.join(' ')}" failed: ${why}`);
}
