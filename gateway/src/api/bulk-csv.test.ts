import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { limits, Refusal } from '../contract/index.ts';
import { readDevices } from './bulk-csv.ts';
import { csvValue } from './csv.ts';

const read = (text: string) => readDevices(Buffer.from(text));

describe('a CSV of devices', () => {
  test.each([
    ['id\na\nb', ['a', 'b']],
    ['\ufeffID,Name\r\na,\r\n"b","B"\r\n', ['a', 'b B']],
    ['name;id\nA;a\n;b\n', ['a A', 'b']],
    ['id\tname\na\tA, the "first"\n', ['a A, the "first"']],
    ['id,name\na\n\nb,"two\nlines"\nc\n', ['a', 'b two\nlines', 'c']],
    ['id\n', []],
  ])('[ACC-9] is read whatever stands between its fields: %j', (text, expected) => {
    const { rows, bad } = read(text);
    expect(rows.map(({ id, name }) => (name === id ? id : `${id} ${name}`))).toEqual(expected);
    expect(bad).toEqual([]);
  });

  test('[ACC-9] a bad line is told with its number, what was expected and what came, and costs no other', () => {
    const { rows, bad } = read('id,name\na/b,x\nb,"two\nlines"\n,x\nc,d,e\n"d\ne\n$f\nf,\xff\n');
    expect(rows.map(({ id, line }) => [line, id])).toEqual([
      [3, 'b'],
      [8, 'e'],
      [10, 'f'],
    ]);
    expect(bad.map(({ line, got }) => [line, got])).toEqual([
      [2, '"a/b"'],
      [5, 'nothing'],
      [6, '3: is there a delimiter in a name without quotes?'],
      [7, '"\\"d"'],
      [9, '"$f"'],
    ]);
    expect(readDevices(Buffer.from([...Buffer.from('id,name\na,'), 0xff])).bad).toEqual([
      { line: 2, expected: 'a name of at most 128 characters', got: 'bytes that are not UTF-8' },
    ]);
  });

  test('[ACC-9] gives tags, which are checked as the others are', () => {
    const many = Array.from({ length: limits.tagsPerDeviceMax + 1 }, (_, i) => i).join(';');
    const { rows, bad } = read(`id,tags,name\na,cellar; cold ;,A\nb,,\nc\nd,x/y,\ne,${many},\n`);
    expect(rows.map(({ id, name, tags }) => [id, name, tags])).toEqual([
      ['a', 'A', ['cellar', 'cold']],
      ['b', 'b', []],
      ['c', 'c', []],
    ]);
    expect(bad).toEqual([
      { line: 5, expected: 'at most 16 tags with ; between them', got: '"x/y"' },
      { line: 6, expected: 'at most 16 tags with ; between them', got: JSON.stringify(many) },
    ]);
    expect(read('id;tags\na;"cellar;cold"\n').rows).toMatchObject([{ tags: ['cellar', 'cold'] }]);
  });

  test.each(['', 'a\nb\n', 'name\nx\n', 'id,color\na,red\n'])('[ACC-9] without its header is refused: %j', text => {
    expect(() => read(text)).toThrow(Refusal);
    expect(() => read(text)).toThrow(/line 1: expected/);
  });

  test('[ACC-9] has at most so many lines', () => {
    const lines = (count: number) => `id\n${Array.from({ length: count }, (_, i) => `d${i}`).join('\n')}\n`;
    expect(read(lines(limits.bulkDevicesMax)).rows).toHaveLength(limits.bulkDevicesMax);
    expect(() => read(lines(limits.bulkDevicesMax + 1))).toThrow(/at most 10000 devices/);
  });

  test('[ACC-9] reads back what was written', () => {
    const id = fc.stringMatching(/^[a-z][a-z0-9 ,;"'-]{0,20}$/);
    const name = fc.string({ minLength: 1, maxLength: 128, unit: 'grapheme-ascii' });
    fc.assert(
      fc.property(fc.array(fc.record({ id, name }), { maxLength: 20 }), devices => {
        const text = devices.map(device => `${csvValue(device.id)},${csvValue(device.name)}\r\n`).join('');
        const { rows, bad } = read(`id,name\r\n${text}`);
        expect(bad).toEqual([]);
        expect(rows.map(({ id, name }) => ({ id, name }))).toEqual(devices);
      }),
    );
  });
});
