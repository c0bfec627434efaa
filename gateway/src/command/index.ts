// The command stage's door.
export { type CommandPorts, Commands, commandDefaults, type Requester } from './command.ts';
