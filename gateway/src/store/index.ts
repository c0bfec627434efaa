// The store's door.

export { Backups, backupTo } from './backup/backup.ts';
export { lockFolder } from './backup/folder-lock.ts';
export { restoreFrom } from './backup/restore.ts';
export { type VerifyReport, verifyFile } from './backup/verify.ts';
export { writeBeside } from './beside.ts';
export { type Interval, isTimeZone } from './calendar.ts';
export { StoreUnusable } from './folder.ts';
export type { CommittedEntry } from './group-commit.ts';
export { clockImpossible, type Run, timeAssigned } from './run.ts';
export { type Effect, type QueryName, trimRowsMax } from './statements.ts';
export { openStore, type Store, type StoreConfig, type StorePorts } from './store.ts';
