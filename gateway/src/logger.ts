// The gateway's own voice, on standard error: JSON lines for machines, one plain line each for people.
import { Writable } from 'node:stream';
import { pino } from 'pino';
import type { Config } from './config/index.ts';
import type { Logger } from './lib/logger.ts';

/** Writes pino's lines as `12:34:56 warn  sentence  key=value`. */
function plainLines(): Writable {
  return new Writable({
    write(chunk: Buffer, _encoding, done) {
      const { level, time, msg, ...fields } = JSON.parse(chunk.toString()) as Record<string, unknown>;
      const details = Object.entries(fields).map(
        ([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
      );
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
