// The counters that all devices of a fleet share: what is up, what was sent, what was proven to have arrived.

/** Counts of a whole fleet since it was made. */
export type Totals = {
  /** Devices that are to be connected. */
  devices: number;
  /** Devices that are connected now. */
  connected: number;
  /** Messages handed to the line, of any topic. */
  sent: number;
  /** Messages that the gateway acknowledged (PUBACK). */
  acknowledged: number;
  /** Messages sent and not acknowledged yet. */
  inFlight: number;
  /** Readings that went because an outbox was full. */
  readingsDropped: number;
  /** Commands carried out or refused, each counted once. */
  commandsAnswered: number;
  /** Deliveries of a command that was handled before. */
  commandsRepeated: number;
  /** Connections after the first of each device. */
  reconnects: number;
  /** Connections that the gateway refused. */
  refused: number;
};

/** Totals at zero for a fleet of this many devices. */
export function createTotals(devices: number): Totals {
  return {
    devices,
    connected: 0,
    sent: 0,
    acknowledged: 0,
    inFlight: 0,
    readingsDropped: 0,
    commandsAnswered: 0,
    commandsRepeated: 0,
    reconnects: 0,
    refused: 0,
  };
}
