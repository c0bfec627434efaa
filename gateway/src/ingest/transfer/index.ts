// Readings as files: what import and export are to the outside of the stage.
export { type ExportAsk, type ExportPorts, earliestTime, exportReadings, timesEnd } from './export.ts';
export { Import, type ImportCounters, type ImportPorts, type ImportReport } from './import.ts';
export type { BadLine, TransferFormat } from './lines.ts';
