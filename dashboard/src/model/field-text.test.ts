// A value survives being shown in a field and read back, whatever it is.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { readField, writeField } from './field-text.ts';

it.each([
  ['21', 21],
  [' -0.5e3 ', -500],
  ['true', true],
  ['false', false],
  ['open', 'open'],
  ['"21"', '21'],
  ['"not closed', '"not closed'],
  ['1e999', '1e999'],
  ['', ''],
])('what is typed as %j is %j', (typed, value) => {
  expect(readField(typed)).toBe(value);
});

it('any value is read back as it was written', () => {
  const value = fc.oneof(
    fc.double({ noNaN: true, noDefaultInfinity: true }).filter(number => !Object.is(number, -0)),
    fc.boolean(),
    fc.string(),
    fc.constantFrom('true', '21', ' x ', '"', '"a"'),
  );
  fc.assert(
    fc.property(value, each => {
      expect(readField(writeField(each))).toBe(each);
    }),
  );
});
