// The broker stage's door.
export { Broker, type BrokerPorts } from './broker.ts';
export type { SavedSessions, SessionChange, SessionRecord } from './sessions/changes.ts';
