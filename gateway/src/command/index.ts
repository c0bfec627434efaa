// The command stage's door.
export { type CommandPorts, Commands, type Requester } from './command.ts';
