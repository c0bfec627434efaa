// What several devices can be asked alike.
import type { CommandType, CommandTypePage } from '@telltale/gateway/contract';
import { expect, it } from 'vitest';
import { chosenType, sharedTypes } from './shared-types.ts';

const type = (id: string) => ({ id, name: id }) as CommandType;
const offer = (ids: string[], untyped: CommandTypePage['untyped'] = 'allow'): CommandTypePage => ({
  items: ids.map(type),
  next: null,
  untyped,
});
const idsOf = (...offers: CommandTypePage[]) => sharedTypes(offers).types.map(({ id }) => id);

it('has the types that each device has', () => {
  expect(idsOf(offer(['a', 'b', 'c']), offer(['c', 'a']))).toEqual(['a', 'c']);
  expect(idsOf(offer(['a']), offer([]))).toEqual([]);
  expect(idsOf()).toEqual([]);
  expect(sharedTypes([offer([]), offer([], 'refuse')]).mayBeOther).toBe(false);
});

it('keeps to what was chosen while it is there', () => {
  const types = [type('a'), type('b')];
  expect(chosenType(types, true, 'b')?.id).toBe('b');
  expect(chosenType(types, true, '')).toBe(null);
  expect(chosenType(types, false, '')?.id).toBe('a');
  expect(chosenType(types, true, 'gone')?.id).toBe('a');
  expect(chosenType([], true, 'gone')).toBe(null);
});
