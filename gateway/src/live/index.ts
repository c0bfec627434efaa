// The live stage's door.
export { Live, type LivePorts } from './live.ts';
export type { Viewing } from './requests.ts';
export { createUpgrade } from './upgrade.ts';
