// Event streams as they come off the wire, cut anywhere.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createEventStream, messageCharactersMax } from './event-stream.ts';

const encoder = new TextEncoder();
const read = (...parts: string[]) => {
  const stream = createEventStream();
  return parts.flatMap(part => stream.push(encoder.encode(part)) ?? ['too long']);
};

describe('an event stream', () => {
  it('brings the data of each message once its empty line has come', () => {
    expect(read('data: a\n\nda', 'ta: b\n', '\ndata: c')).toEqual(['a', 'b']);
  });

  it('passes over comments, names, ids and times, and messages without data', () => {
    expect(read(': hello\nid: E1:7\nevent: x\nretry: 5\ndata: a\n\nid: E1:8\n\n: more\n\n')).toEqual(['a']);
  });

  it('puts the lines of one message together, and drops one space before each', () => {
    expect(read('data:a\ndata:  b\ndata\ndata:\n\n')).toEqual(['a\n b\n\n']);
  });

  it('knows all line ends, also one that is cut in two', () => {
    expect(read('data: a\r\n\r\ndata: b\r\rdata: c\n\n')).toEqual(['a', 'b', 'c']);
    expect(read('data: a\r', '\ndata: b\r', '\n\r', '\n', 'data: c\r', 'data: d\r\r')).toEqual(['a\nb', 'c\nd']);
  });

  it('does not take two line feeds for one where a return came before', () => {
    expect(read('data: a\r', '\n', '\n', 'data: b\n\n')).toEqual(['a', 'b']);
  });

  it('does not depend on where it is cut, be it in a character', () => {
    const line = fc.stringMatching(/^[^\r\n]*$/);
    const lineEnd = fc.constantFrom('\n', '\r\n', '\r');
    fc.assert(
      fc.property(fc.array(line, { minLength: 1 }), lineEnd, fc.array(fc.nat()), (messages, end, cuts) => {
        const text = messages.map(message => `id: 1${end}data: ${message}${end}${end}`).join('');
        const bytes = encoder.encode(text);
        const places = cuts.map(cut => cut % (bytes.length + 1)).sort((a, b) => a - b);
        const stream = createEventStream();
        const got: string[] = [];
        for (const [index, from] of [0, ...places].entries()) {
          got.push(...(stream.push(bytes.slice(from, places[index] ?? bytes.length)) ?? []));
        }
        expect(got).toEqual(messages);
      }),
    );
  });

  it('gives up what grows without an end, in one line or in many', () => {
    const part = encoder.encode(`data: ${'x'.repeat(1024 * 1024)}`);
    for (const lineEnd of ['', '\n']) {
      const stream = createEventStream();
      let pushed = 0;
      while (stream.push(part) !== null && stream.push(encoder.encode(lineEnd)) !== null) pushed += part.length;
      expect(pushed).toBeLessThan(messageCharactersMax + part.length);
      expect(pushed).toBeGreaterThan(messageCharactersMax - 2 * part.length);
    }
  });
});
