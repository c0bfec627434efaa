// The ingest stage's door.
export { Ingest, type IngestPorts, type Message } from './ingest.ts';
