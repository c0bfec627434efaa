// Reads CSV of time, device, metric and value (RFC 4180) from chunks of bytes that may end anywhere. A bad line costs
// that line alone: where a quote is never closed, reading goes on behind the first line end after it.

import { type Millis, Refusal, type Value } from '../../contract/index.ts';
import { type Fields, fieldText, findRecord, malformed, newFields, unfinished } from '../../lib/csv-record.ts';
import { type Header, readHeader } from './csv-header.ts';
import { KnownSeries } from './known-series.ts';
import { excerptOf, isWrong, type LineReader, type LineSink, lineBytesMax, type Target } from './lines.ts';
import { plainValueIn, TimeReader } from './plain.ts';
import { Tail } from './tail.ts';

const newline = 10;

export class CsvReader implements LineReader {
  private readonly sink: LineSink;
  private readonly tail = new Tail();
  private readonly fields: Fields = newFields();
  private readonly times = new TimeReader();
  private header: Header | null = null;
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
      const end = this.readAll(bytes, false);
      // Of what was joined the end may lie in the tail's own memory; there it is moved to the front.
      this.tail.keep(bytes.subarray(end));
    }
    if (this.tail.size() > lineBytesMax) this.giveUpFirstLine();
  }

  end(): void {
    const bytes = this.tail.rest();
    if (!this.skipping && bytes.length > 0) this.readAll(bytes, true);
    if (this.header === null) throw new Refusal('bad_request', 'expected a header with time, device, metric and value');
  }

  forget(): void {
    this.known.clear();
  }

  /** Reads record after record; returns where the first begins that is not whole. */
  private readAll(bytes: Buffer, isLast: boolean): number {
    let at = 0;
    if (this.skipping) {
      at = bytes.indexOf(newline) + 1;
      if (at === 0) return bytes.length;
      this.skipping = false;
      this.line++;
    }
    while (at < bytes.length) {
      if (this.header === null) {
        at = this.readHeader(bytes);
        continue;
      }
      const next = findRecord(bytes, at, isLast, this.header.delimiter, this.fields);
      if (next === unfinished) break;
      if (next === malformed) at = this.skipLine(bytes, at);
      else {
        if (next - at > lineBytesMax) this.tooLong(bytes.subarray(at));
        else this.readRecord(bytes, at, this.header);
        this.line += 1 + this.fields.newlines;
        at = next;
      }
    }
    return at;
  }

  /** Reads the header line, behind the mark that some programs put before UTF-8; returns where the next begins. */
  private readHeader(bytes: Buffer): number {
    const lineEnd = bytes.indexOf(newline);
    const end = lineEnd < 0 ? bytes.length : lineEnd + 1;
    const isMarked = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
    this.header = readHeader(bytes.subarray(isMarked ? 3 : 0, end));
    this.line++;
    return end;
  }

  private readRecord(bytes: Buffer, start: number, header: Header): void {
    const { fields } = this;
    // A blank line says nothing.
    if (fields.count === 1 && fields.starts[0] === fields.ends[0] && fields.quoted[0] === 0) return;
    if (fields.count < header.fieldsMin) {
      const got = `${fields.count}: ${excerptOf(bytes.subarray(start, fields.ends[fields.count - 1]))}`;
      this.sink.bad(this.line, { expected: `at least ${header.fieldsMin} fields`, got });
      return;
    }
    const ts = this.readTime(bytes, header.time);
    if (ts === null) return;
    const target = this.findTarget(bytes, header);
    if (target === null) return;
    const value = this.readValue(bytes, header.value);
    if (value === null) return;
    const wrong = this.sink.push(target, ts, value);
    if (wrong !== null) this.sink.bad(this.line, wrong);
  }

  private readTime(bytes: Buffer, field: number): Millis | null {
    const start = this.fields.starts[field] as number;
    const end = this.fields.ends[field] as number;
    const ts = this.times.read(bytes, start, end);
    if (ts !== null) return ts;
    const got = excerptOf(bytes.subarray(start, end)) || 'nothing';
    this.sink.bad(this.line, { expected: 'Unix seconds or milliseconds, or ISO 8601 with Z or an offset', got });
    return null;
  }

  private readValue(bytes: Buffer, field: number): Value | null {
    const { fields } = this;
    if (fields.quoted[field] !== 0) {
      const text = fieldText(bytes, fields, field);
      if (text !== null) return text;
      this.sink.bad(this.line, { expected: 'UTF-8', got: this.raw(bytes, field) });
      return null;
    }
    const value = plainValueIn(bytes, fields.starts[field] as number, fields.ends[field] as number);
    if (typeof value !== 'object') return value;
    this.sink.bad(this.line, value);
    return null;
  }

  /** The series of the record. The names of a file come again and again, and are decoded once. */
  private findTarget(bytes: Buffer, { device, metric }: Header): Target | null {
    const { fields, known } = this;
    const deviceKey = this.raw(bytes, device);
    const metricKey = this.raw(bytes, metric);
    // The bytes of a field with doubled quotes may also be those of one without quotes, which is another name.
    const isDoubled = fields.quoted[device] === 2 || fields.quoted[metric] === 2;
    const found = isDoubled ? undefined : known.get(deviceKey, metricKey);
    if (found !== undefined) return found;
    const deviceName = fieldText(bytes, fields, device);
    const metricName = fieldText(bytes, fields, metric);
    if (deviceName === null || metricName === null) {
      this.sink.bad(this.line, { expected: 'UTF-8', got: deviceName === null ? deviceKey : metricKey });
      return null;
    }
    const target = this.sink.target(deviceName, metricName);
    if (isWrong(target)) {
      this.sink.bad(this.line, target);
      return null;
    }
    if (isDoubled) return target;
    known.add(deviceKey, metricKey, target);
    return target;
  }

  /** A field's bytes one for one as a string: quick to make, and good enough to compare by. */
  private raw(bytes: Buffer, field: number): string {
    return bytes.toString('latin1', this.fields.starts[field] as number, this.fields.ends[field] as number);
  }

  /** Reports the line at `at`, whose quotes make no sense, and returns where the next begins. */
  private skipLine(bytes: Buffer, at: number): number {
    const end = bytes.indexOf(newline, at);
    const next = end < 0 ? bytes.length : end + 1;
    const got = excerptOf(bytes.subarray(at, end < 0 ? bytes.length : end)).trimEnd();
    this.sink.bad(this.line, { expected: 'a quoted field to end with a quote, before the next delimiter', got });
    this.line++;
    return next;
  }

  private tooLong(bytes: Uint8Array): void {
    this.sink.bad(this.line, { expected: `a line of at most ${lineBytesMax} bytes`, got: excerptOf(bytes) });
  }

  /** What is kept is longer than a line may be: its first line is bad, and reading goes on behind that. */
  private giveUpFirstLine(): void {
    // A copy, because what is left over is kept in the same memory again.
    const bytes = Buffer.from(this.tail.rest());
    if (this.header === null) throw new Refusal('bad_request', 'expected a header with time, device, metric and value');
    const end = bytes.indexOf(newline);
    if (end < 0) {
      if (!this.skipping) this.tooLong(bytes);
      this.skipping = true;
      return;
    }
    const behind = this.skipLine(bytes, 0);
    const rest = bytes.subarray(behind);
    this.tail.keep(rest.subarray(this.readAll(rest, false)));
    if (this.tail.size() > lineBytesMax) this.giveUpFirstLine();
  }
}
