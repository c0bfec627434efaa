// What the readers of both line formats share: whom they hand readings to, and what they say of a bad line.
import type { Millis, Value } from '../../contract/index.ts';

export type TransferFormat = 'csv' | 'ndjson';

/** A line that was not taken in: what was expected there, and what came. Lines count from 1, the header among them. */
export type BadLine = { line: number; expected: string; got: string };

/** What is wrong with a line, before it is known which line it is. */
export type Wrong = { expected: string; got: string };

/** A series that readings can be pushed to. */
export type Target = { readonly series: number };

export type LineSink = {
  /** Finds or makes the series; says what is wrong with its names where there can be none. */
  target(device: string, metric: string): Target | Wrong;
  /** Takes a reading in; says what is wrong with it where it cannot be. */
  push(target: Target, ts: Millis, value: Value): Wrong | null;
  bad(line: number, wrong: Wrong): void;
};

export type LineReader = {
  /** Reads all lines that are whole by now, and keeps what is left for the next call. */
  take(bytes: Uint8Array): void;
  /** Reads the last line, which may lack its end. */
  end(): void;
  /** Asks the sink for every series anew: what was known may have changed while somebody else ran. */
  forget(): void;
};

/** A line longer than this cannot hold one reading. */
export const lineBytesMax = 64 * 1024;

const excerptLength = 80;

/** The beginning of what came, to be shown. */
export function excerpt(text: string): string {
  return text.length <= excerptLength ? text : `${text.slice(0, excerptLength)}…`;
}

export function excerptOf(bytes: Uint8Array): string {
  return excerpt(Buffer.from(bytes.subarray(0, excerptLength * 4)).toString());
}

export const isWrong = (found: Target | Wrong): found is Wrong => 'expected' in found;
