// A broker for tests on a port of its own, and the ports of a gateway where all goes well.
import { systemClock } from '../lib/clock.ts';
import type { BrokerConfig, BrokerPorts } from './broker.ts';

export const brokerConfig: BrokerConfig = {
  host: '127.0.0.1',
  port: 0,
  open: false,
  connectionsMax: 100,
  connectionsPerAddressMax: 100,
  unauthenticatedMax: 100,
  connectsPerSecondMax: 1_000,
  connectTimeoutMs: 5_000,
  deniedFilters: [],
  sessionExpiryMs: 1_000_000,
  queueExpiryMs: 1_000_000,
  queueMessagesMax: 100,
  tls: { host: '127.0.0.1', port: 0, requireClientCert: false },
  packetBytesMax: 100_000,
  keepAliveSecondsMax: 100,
  messagesPerSecondMax: 1_000,
  bytesPerSecondMax: 1_000_000,
};
const silent = () => {};

export const soundPorts: BrokerPorts = {
  clock: systemClock,
  log: { debug: silent, info: silent, warn: silent, error: silent },
  signIn: name => ({ name, device: name, holds: () => true, covers: id => id === name, open: false, denied: [] }),
  tls: null,
  saveSessions: async () => {},
  identityNamed: () => null,
  signInByCertificate: () => ({ refused: 'no-certificates' }),
  take: (_message, settled) => settled(null),
  connected: silent,
  disconnected: silent,
  commandTaken: silent,
  commandsReady: silent,
  desiredReady: silent,
};
