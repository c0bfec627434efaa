// The page's address as a signal, over the history API. A few routes need no more than this.
import { type ReadonlySignal, signal } from '@preact/signals';

export type Route =
  | { name: 'fleet' }
  | { name: 'device'; id: string }
  | { name: 'dead-letters' }
  | { name: 'groups' }
  | { name: 'group'; id: string }
  | { name: 'command-types' }
  | { name: 'command-type'; id: string }
  | { name: 'new-command-type' }
  | { name: 'storage' }
  | { name: 'audit' }
  | { name: 'device-access' }
  | { name: 'people' }
  | { name: 'account' }
  | { name: 'not-found'; path: string };

/** Those whose path is their name. */
const plainRoutes = [
  'dead-letters',
  'groups',
  'command-types',
  'new-command-type',
  'storage',
  'audit',
  'device-access',
  'people',
  'account',
] as const;

/** Those about one thing, by the part of the path that stands before its id. */
const routesById = { devices: 'device', groups: 'group', 'command-types': 'command-type' } as const;

/** Reads a path. */
export function parseRoute(path: string): Route {
  if (path === '/' || path === '') return { name: 'fleet' };
  const plain = plainRoutes.find(name => path === `/${name}`);
  if (plain !== undefined) return { name: plain };
  const [, kind, id] = /^\/(devices|groups|command-types)\/([^/]+)\/?$/.exec(path) ?? [];
  if (id === undefined) return { name: 'not-found', path };
  try {
    return { name: routesById[kind as keyof typeof routesById], id: decodeURIComponent(id) };
  } catch {
    return { name: 'not-found', path };
  }
}

/** Writes a path; the inverse of reading one. */
export function pathOf(route: Route): string {
  switch (route.name) {
    case 'fleet':
      return '/';
    case 'device':
      return `/devices/${encodeURIComponent(route.id)}`;
    case 'group':
      return `/groups/${encodeURIComponent(route.id)}`;
    case 'command-type':
      return `/command-types/${encodeURIComponent(route.id)}`;
    case 'not-found':
      return route.path;
    default:
      return `/${route.name}`;
  }
}

const current = signal<Route>({ name: 'fleet' });
export const route: ReadonlySignal<Route> = current;

/** Follows the address bar from now on. */
export function startRouter(): void {
  const read = () => {
    current.value = parseRoute(location.pathname);
  };
  addEventListener('popstate', read);
  read();
}

/** Goes to another page of the dashboard. */
export function go(next: Route): void {
  history.pushState(null, '', pathOf(next));
  current.value = next;
  scrollTo(0, 0);
}
