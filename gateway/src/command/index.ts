// The command stage's door.
export { type CommandPorts, Commands, commandDefaults, keyOf, type Requester } from './command.ts';
export { type LeaseStep, Leases } from './leases.ts';
export { CommandTypes, type CommandTypesPorts, type Plan } from './types.ts';
