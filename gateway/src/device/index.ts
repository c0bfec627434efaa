// The device stage's door.
export type { DesiredAsk, DesiredPorts, NewStateChange, SavedDesired } from './desired.ts';
export {
  blockSeries,
  blockView,
  checkpointView,
  type DeviceConfig,
  type DevicePorts,
  Devices,
  type SavedView,
} from './device.ts';
export type { FreshnessChange, LatestReading, Readings } from './latest.ts';
export type { DeviceRecord } from './registry.ts';
