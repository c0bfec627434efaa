// How much each part does: `full` for the figures, `small` for a quick look, `tiny` to see that everything still runs.

export type Scale = {
  /** size: series, each at 1 Hz, and for how long. */
  sizeSeries: number;
  sizeSeconds: number;
  /** writes: simulated seconds of 1,000 readings. */
  writeSeconds: number;
  /** ingest: readings in all, and after how many a rate is taken. */
  ingestReadings: number;
  ingestStep: number;
  /** ingest: how far the clustered table goes. */
  clusteredReadings: number;
  /** query: seconds of the one metric at 1 Hz, and how many of them InfluxDB gets. */
  rangeSeconds: number;
  influxSeconds: number;
  /** query: requests behind each median, and those before them that do not count. */
  requests: number;
  warmups: number;
  /** latency: seconds of each phase. */
  latencySeconds: number;
  /** start: how often. */
  starts: number;
};

const hour = 3_600;
const day = 24 * hour;

export const scales: Record<string, Scale> = {
  full: {
    sizeSeries: 20,
    sizeSeconds: 2 * day,
    writeSeconds: 20 * 60,
    ingestReadings: 200_000_000,
    ingestStep: 10_000_000,
    clusteredReadings: 5_000_000,
    rangeSeconds: 365 * day,
    influxSeconds: 30 * day,
    requests: 50,
    warmups: 5,
    latencySeconds: 30,
    starts: 5,
  },
  small: {
    sizeSeries: 4,
    sizeSeconds: 3 * hour,
    writeSeconds: 10 * 60,
    ingestReadings: 5_000_000,
    ingestStep: 1_000_000,
    clusteredReadings: 5_000_000,
    rangeSeconds: 31 * day,
    influxSeconds: 7 * day,
    requests: 50,
    warmups: 5,
    latencySeconds: 10,
    starts: 5,
  },
  tiny: {
    sizeSeries: 2,
    sizeSeconds: 10 * 60,
    writeSeconds: 3,
    ingestReadings: 100_000,
    ingestStep: 20_000,
    clusteredReadings: 100_000,
    rangeSeconds: 2 * hour,
    influxSeconds: hour,
    requests: 5,
    warmups: 1,
    latencySeconds: 2,
    starts: 2,
  },
};
