// The live stage's door.
export { Live, type LivePorts } from './live.ts';
export { createUpgrade } from './upgrade.ts';
export type { Viewing } from './viewer.ts';
