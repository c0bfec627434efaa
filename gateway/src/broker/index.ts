// The broker stage's door.
export { Broker, type BrokerPorts } from './broker.ts';
