// The command types that several devices have in common.
import type { CommandType, CommandTypePage } from '@telltale/gateway/contract';

/** Those of the first that each other has, too; none where there is no device. `mayBeOther`: where all take any command. */
export function sharedTypes(offers: readonly CommandTypePage[]): { types: CommandType[]; mayBeOther: boolean } {
  const [first, ...others] = offers;
  const hasIt = ({ id }: CommandType) => others.every(({ items }) => items.some(each => each.id === id));
  return {
    types: first?.items.filter(hasIt) ?? [],
    mayBeOther: offers.every(({ untyped }) => untyped === 'allow'),
  };
}

/** The type that is chosen by its id, where it is there: '' is any other command. Else the first, null is any other. */
export function chosenType(types: readonly CommandType[], mayBeOther: boolean, chosen: string | null) {
  if (chosen === '' && mayBeOther) return null;
  return types.find(({ id }) => id === chosen) ?? types[0] ?? null;
}
