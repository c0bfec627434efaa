// Who is signed in, as commands, groups and leases name people.
import { personOf } from '@telltale/gateway/contract';
import { useApp } from './app-context.ts';

/** '' where nobody is. */
export function useMe(): string {
  const state = useApp().session.state.value;
  return state.name === 'signed-in' ? state.session.user : '';
}

/** True where this person did it, be it with a token. */
export function useIsMine({ by }: { by: string }): boolean {
  return personOf(by) === useMe();
}
