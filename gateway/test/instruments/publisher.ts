// A device that goes on publishing whatever becomes of the gateway: what was not acknowledged is sent again, under the
// same time, so that nothing is lost and nothing is there twice ([ING-4]).
import mqtt from 'mqtt';

export class Publisher {
  /** By time, the numbers of readings that had to be sent again: the log may have them twice. */
  readonly repeated = new Map<number, number>();
  private readonly port: () => number;
  private readonly device: string;
  private readonly secret: string;
  private readonly metrics: readonly string[];
  private client: mqtt.MqttClient | null = null;
  private timer: NodeJS.Timeout | null = null;
  private readonly open = new Set<Promise<void>>();
  private sent = 0;
  private closed = false;
  private lastTs = 0;

  constructor(port: () => number, device: string, secret: string, metrics: readonly string[]) {
    this.port = port;
    this.device = device;
    this.secret = secret;
    this.metrics = metrics;
  }

  /** Publishes the next value of the next metric every so many milliseconds. */
  start(everyMs: number): void {
    this.timer = setInterval(() => {
      const work = this.publish().finally(() => this.open.delete(work));
      this.open.add(work);
    }, everyMs);
  }

  /** Publishes no more; resolves once all that was is acknowledged. */
  async stop(): Promise<void> {
    if (this.timer !== null) clearInterval(this.timer);
    await Promise.all(this.open);
  }

  /** How many readings there are by now; they are numbered from 0. */
  count(): number {
    return this.sent;
  }

  close(): void {
    this.closed = true;
    if (this.timer !== null) clearInterval(this.timer);
    this.client?.end(true);
  }

  private async publish(): Promise<void> {
    const metric = this.metrics[this.sent % this.metrics.length] as string;
    this.lastTs = Math.max(Date.now(), this.lastTs + 1);
    const ts = this.lastTs;
    const number = this.sent++;
    const payload = JSON.stringify({ ts, values: { [metric]: number } });
    while (!this.closed) {
      const client = await this.connected();
      if (client === null) continue;
      const acknowledged = await client.publishAsync(`devices/${this.device}/telemetry`, payload, { qos: 1 }).then(
        () => true,
        () => false,
      );
      if (acknowledged) return;
      this.repeated.set(ts, number);
    }
  }

  private connecting: Promise<mqtt.MqttClient | null> | null = null;

  /** The connection that there is, or a new one; null where there is none to be had just now. */
  private async connected(): Promise<mqtt.MqttClient | null> {
    if (this.client?.connected === true) return this.client;
    this.connecting ??= this.connect().finally(() => {
      this.connecting = null;
    });
    return this.connecting;
  }

  private async connect(): Promise<mqtt.MqttClient | null> {
    this.client?.end(true);
    const options = { username: this.device, password: this.secret, clientId: this.device, reconnectPeriod: 0 };
    try {
      this.client = await mqtt.connectAsync(`mqtt://127.0.0.1:${this.port()}`, options, false);
      this.client.on('error', () => {});
      return this.client;
    } catch {
      await new Promise(resolve => setTimeout(resolve, 100));
      return null;
    }
  }
}
