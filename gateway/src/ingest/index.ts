// The ingest stage's door.
export { Ingest, type IngestPorts, type Message } from './ingest.ts';
export {
  type ExportAsk,
  type ExportPorts,
  earliestTime,
  exportReadings,
  Import,
  type ImportCounters,
  type ImportPorts,
  type ImportReport,
  type TransferFormat,
  timesEnd,
} from './transfer/index.ts';
