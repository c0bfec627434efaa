// The store's door.

export { writeBeside } from './beside.ts';
export { type Interval, isTimeZone } from './calendar.ts';
export { StoreUnusable } from './folder.ts';
export type { CommittedEntry } from './group-commit.ts';
export { clockImpossible, type Run, timeAssigned } from './run.ts';
export type { Effect } from './statements.ts';
export { openStore, type Store, type StoreConfig, type StorePorts } from './store.ts';
