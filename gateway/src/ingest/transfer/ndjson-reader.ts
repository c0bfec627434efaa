// Reads one JSON object a line, {"ts":…,"device":…,"metric":…,"value":…}, from chunks of bytes that may end anywhere.

import type { Value } from '../../contract/index.ts';
import { jsonExcerpt } from '../../lib/json.ts';
import { textIn } from '../../lib/text-in.ts';
import { parseTime } from '../timestamp.ts';
import { KnownSeries } from './known-series.ts';
import {
  excerpt,
  excerptOf,
  isWrong,
  type LineReader,
  type LineSink,
  lineBytesMax,
  type Target,
  type Wrong,
} from './lines.ts';
import { Tail } from './tail.ts';

const newline = 10;
const shape = '{"ts":…,"device":…,"metric":…,"value":…}';

type Line = { ts?: unknown; time?: unknown; device?: unknown; metric?: unknown; value?: unknown };

export class NdjsonReader implements LineReader {
  private readonly sink: LineSink;
  private readonly tail = new Tail();
  private line = 1;
  /** True while the rest of a line that is too long goes by. */
  private skipping = false;
  private readonly known = new KnownSeries();

  constructor(sink: LineSink) {
    this.sink = sink;
  }

  take(chunk: Uint8Array): void {
    const bytes = this.tail.joined(chunk);
    if (bytes !== null) {
      let at = 0;
      for (let end = bytes.indexOf(newline); end >= 0; end = bytes.indexOf(newline, at)) {
        this.readLine(bytes, at, end);
        at = end + 1;
      }
      this.tail.keep(bytes.subarray(at));
    }
    if (this.tail.size() <= lineBytesMax) return;
    const rest = this.tail.rest();
    if (!this.skipping) this.tooLong(rest);
    this.skipping = true;
  }

  end(): void {
    const rest = this.tail.rest();
    if (rest.length > 0) this.readLine(rest, 0, rest.length);
  }

  forget(): void {
    this.known.clear();
  }

  private readLine(bytes: Buffer, start: number, end: number): void {
    if (this.skipping) this.skipping = false;
    else if (end - start > lineBytesMax) this.tooLong(bytes.subarray(start, end));
    else {
      const wrong = this.readObject(textIn(bytes, this.line === 1 ? behindMark(bytes, start) : start, end));
      if (wrong !== null) this.sink.bad(this.line, wrong);
    }
    this.line++;
  }

  private readObject(text: string | null): Wrong | null {
    if (text === null) return { expected: 'UTF-8', got: 'other bytes' };
    let json: unknown;
    try {
      json = JSON.parse(text);
    } catch {
      return text.trim() === '' ? null : { expected: shape, got: excerpt(text) };
    }
    if (json === null || typeof json !== 'object' || Array.isArray(json))
      return { expected: shape, got: excerpt(text) };
    const { ts, time, device, metric, value } = json as Line;
    if (typeof device !== 'string' || typeof metric !== 'string') return { expected: shape, got: excerpt(text) };
    const ms = parseTime(ts ?? time);
    if (ms === null || !Number.isFinite(ms)) {
      const got = jsonExcerpt(ts ?? time, 80);
      return { expected: '"ts" as Unix seconds or milliseconds, or ISO 8601 with Z or an offset', got };
    }
    const wrong = valueWrong(value);
    if (wrong !== null) return wrong;
    const target = this.findTarget(device, metric);
    return isWrong(target) ? target : this.sink.push(target, ms, value as Value);
  }

  private findTarget(device: string, metric: string): Target | Wrong {
    const found = this.known.get(device, metric);
    if (found !== undefined) return found;
    const target = this.sink.target(device, metric);
    if (isWrong(target)) return target;
    this.known.add(device, metric, target);
    return target;
  }

  private tooLong(bytes: Uint8Array): void {
    this.sink.bad(this.line, { expected: `a line of at most ${lineBytesMax} bytes`, got: excerptOf(bytes) });
  }
}

/** Some programs put a mark before UTF-8. */
function behindMark(bytes: Buffer, start: number): number {
  return bytes[start] === 0xef && bytes[start + 1] === 0xbb && bytes[start + 2] === 0xbf ? start + 3 : start;
}

function valueWrong(value: unknown): Wrong | null {
  const isValue = typeof value === 'number' ? Number.isFinite(value) : ['boolean', 'string'].includes(typeof value);
  return isValue ? null : { expected: 'a finite number, a boolean or a text', got: jsonExcerpt(value, 80) };
}
