// The gateway's own voice, on standard error: JSON lines for machines, one plain line each for people.
import { Writable } from 'node:stream';
import { pino } from 'pino';
import type { Config } from './config/index.ts';
import type { Logger } from './lib/logger.ts';

// What is being kept from a terminal: lines that are not ours, and its own commands.
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is being kept out
const controls = /[\u0000-\u001f\u007f-\u009f]/g;
/** Of a stack, which has lines. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is being kept out
const controlsInLines = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/g;

/** A value as it is written; what is in it may come from strangers, such as a client id. */
export function shown(key: string, value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  const escaped = (control: string) => `\\x${control.charCodeAt(0).toString(16).padStart(2, '0')}`;
  return text.replace(key === 'error' ? controlsInLines : controls, escaped);
}

/** Writes pino's lines as `12:34:56 warn  sentence  key=value`. */
function plainLines(): Writable {
  return new Writable({
    write(chunk: Buffer, _encoding, done) {
      const { level, time, msg, ...fields } = JSON.parse(chunk.toString()) as Record<string, unknown>;
      const details = Object.entries(fields).map(([key, value]) => `${key}=${shown(key, value)}`);
      const clock = new Date(time as number).toTimeString().slice(0, 8);
      process.stderr.write(`${[clock, String(level).padEnd(5), msg, ...details].join('  ')}\n`);
      done();
    },
  });
}

export function createLogger({ level, format }: Config['log']): Logger {
  const text = format === 'text' || (format === 'auto' && process.stderr.isTTY);
  const options = { level, base: null, formatters: { level: (label: string) => ({ level: label }) } };
  const logger = text ? pino(options, plainLines()) : pino(options, pino.destination({ fd: 2, sync: true }));
  return {
    debug: (fields, sentence) => logger.debug(fields, sentence),
    info: (fields, sentence) => logger.info(fields, sentence),
    warn: (fields, sentence) => logger.warn(fields, sentence),
    error: (fields, sentence) => logger.error(fields, sentence),
  };
}
