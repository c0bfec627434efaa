// The file that keeps the secrets of devices that were made in bulk.
import { limits } from '@telltale/gateway/contract';
import { expect, it } from 'vitest';
import { isTooLarge, secretsFile } from './bulk-file.ts';

it('has a line for each device that was made, quoted where it has to be', () => {
  const devices = [
    { line: 2, id: 'pump-1', name: 'Pump "north", hall 1', secret: 's1' },
    { line: 3, id: 'a,b', name: 'plain', secret: 's2' },
  ];
  const refused = [{ line: 4, expected: 'a device id', got: '"x/y"' }];
  expect(secretsFile({ devices, refused })).toBe(
    'id,name,secret\r\npump-1,"Pump ""north"", hall 1",s1\r\n"a,b",plain,s2\r\n',
  );
});

it('lets no name be a formula, and changes no id', () => {
  const devices = [{ line: 2, id: '-1', name: '=HYPERLINK("x")', secret: 's' }];
  expect(secretsFile({ devices, refused: [] })).toContain(`-1,"'=HYPERLINK(""x"")",s`);
});

it('takes no file that a request cannot hold', () => {
  expect([isTooLarge(limits.requestBodyBytesMax), isTooLarge(limits.requestBodyBytesMax + 1)]).toEqual([false, true]);
});
