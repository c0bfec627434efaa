// The commands import and export: which file, which way, and what is said about it.
import { createReadStream, createWriteStream } from 'node:fs';
import { rename, rm, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { addAbortSignal } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { ConfigError, type Invocation } from './config/index.ts';
import { Refusal } from './contract/index.ts';
import { toolLine } from './tool-audit.ts';
import { type Carrier, openCarrier, TransferError } from './tool-carrier.ts';
import { counted, Progress, summary } from './tool-progress.ts';

type Format = 'csv' | 'ndjson';

const say = (line: string) => void process.stderr.write(`${line}\n`);
const highWaterMark = 256 * 1024;
/** What a shell calls a program that SIGINT ended. */
const interruptedStatus = 130;

function formatOf(file: string, given: Format | null): Format {
  if (given !== null) return given;
  return /\.(ndjson|jsonl)$/i.test(file) ? 'ndjson' : 'csv';
}

function timeOf(flag: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const ms = /^-?\d{1,16}$/.test(text) ? Number(text) : Date.parse(text);
  if (Math.abs(ms) <= 8.64e15) return ms;
  throw new ConfigError([`${flag}: expected Unix milliseconds or ISO 8601, got ${JSON.stringify(text)}`]);
}

/** Runs `work`, and says in a sentence why it could not go on. Control-C ends it; what was done stays done. */
async function withSignal(work: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const stop = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stop.abort());
  try {
    await work(stop.signal);
  } catch (error) {
    if (stop.signal.aborted) {
      process.exitCode = interruptedStatus;
      return;
    }
    const { code, message } = error as NodeJS.ErrnoException;
    // A reader that has seen enough, as in `export - | head`.
    if (code === 'EPIPE') return;
    if (!(error instanceof TransferError || error instanceof Refusal || code?.startsWith('E'))) throw error;
    say(`telltale: ${message}`);
    process.exitCode = 1;
  }
}

/** Takes a file in; status 1 where a line of it was refused. */
export function importFile({ config, file, format }: Invocation & { command: 'import' }): Promise<void> {
  return withSignal(async signal => {
    const total = file === '-' ? null : (await stat(file)).size;
    const source = addAbortSignal(signal, file === '-' ? process.stdin : createReadStream(file, { highWaterMark }));
    const carrier = await openCarrier(config, 'administrator', signal);
    const progress = new Progress(total);
    try {
      // First, so that it is there however this process ends.
      await carrier.note(toolLine('import', basename(file), null));
      const { readings, refused, errors, devicesCreated } = await carrier.import(
        formatOf(file, format),
        progress.through(source),
      );
      progress.end();
      await noteEnd(carrier, file, { readings, refused, devicesCreated });
      for (const { line, expected, got } of errors) {
        // As JSON, for what came may hold what a terminal obeys.
        say(`line ${line}: expected ${expected}, got ${JSON.stringify(got)}`);
      }
      if (refused > errors.length)
        say(`and ${counted(refused - errors.length, 'more line')} that could not be understood`);
      const created = devicesCreated === 0 ? '' : `, ${counted(devicesCreated, 'new device')}`;
      say(`${file}: ${summary(readings, progress.seconds())}${created}, ${counted(refused, 'line')} refused`);
      if (refused > 0) process.exitCode = 1;
    } catch (error) {
      progress.end();
      await noteEnd(carrier, file, { lines: progress.lineCount(), stopped: signal.aborted ? 'interrupted' : 'failed' });
      if (signal.aborted) {
        say(
          `interrupted after ${counted(progress.lineCount(), 'line')}; what was committed stays, and importing again is safe`,
        );
      }
      throw error;
    } finally {
      await carrier.close();
    }
  });
}

/** What an import came to. Where it cannot be kept, what was imported is there all the same. */
async function noteEnd(carrier: Carrier, file: string, detail: Record<string, unknown>): Promise<void> {
  try {
    await carrier.note(toolLine('import-ended', basename(file), detail));
  } catch (error) {
    say(`the audit trail does not say how this import ended: ${(error as Error).message}`);
  }
}

/** Writes readings to a file, which is there only once it is whole. */
export function exportFile(invocation: Invocation & { command: 'export' }): Promise<void> {
  const { config, file, device, metric } = invocation;
  const range = { from: timeOf('--from', invocation.from), to: timeOf('--to', invocation.to) };
  return withSignal(async signal => {
    const carrier = await openCarrier(config, 'viewer', signal);
    const progress = new Progress(null);
    const partial = `${file}.partial`;
    const format = formatOf(file, invocation.format);
    try {
      const body = progress.through(carrier.export({ format, device, metric, ...range }, null));
      await pipeline(body, file === '-' ? process.stdout : createWriteStream(partial), { signal });
      if (file !== '-') await rename(partial, file);
      progress.end();
      const lines = progress.lineCount() - (format === 'csv' ? 1 : 0);
      say(`${file}: ${summary(lines, progress.seconds())}`);
    } catch (error) {
      progress.end();
      if (file !== '-') await rm(partial, { force: true });
      throw error;
    } finally {
      await carrier.close();
    }
  });
}
