// The words on the wire, in one door. Imports nothing outside this folder, so that pages and devices can use it too.
export * from './codes.ts';
export * from './command.ts';
export * from './command-types.ts';
export * from './control.ts';
export * from './device-access.ts';
export * from './frames.ts';
export * from './group.ts';
export * from './limits.ts';
export * from './people.ts';
export * from './position.ts';
export * from './proof.ts';
export * from './rest.ts';
export * from './topics.ts';
export * from './words.ts';
