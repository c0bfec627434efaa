// The command stage's door.
export { type CommandPorts, Commands, keyOf, type Requester } from './command.ts';
export { ofAnyVersion } from './earlier-commands.ts';
export { answerByOf } from './group-answers.ts';
export type { GroupStep } from './group-progress.ts';
export type { GroupLine, GroupRow } from './group-row.ts';
export { type GroupPorts, Groups } from './groups.ts';
export { type LeaseStep, Leases } from './leases.ts';
export { CommandTypes, type CommandTypesPorts, type Plan } from './types.ts';
