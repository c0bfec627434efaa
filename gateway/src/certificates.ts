// The certificates of the gateway's listeners: read before anything listens, and again when their files change.
import { type Config, tlsFilesOf } from './config/index.ts';
import type { Clock } from './lib/clock.ts';
import type { Logger } from './lib/logger.ts';
import { ReloadedTls } from './lib/tls-reload.ts';

export class Certificates {
  readonly http: ReloadedTls | null;
  readonly mqtt: ReloadedTls | null;

  /** Throws TlsProblem where a file is no good. */
  constructor({ http, mqtt }: Config, ports: { clock: Clock; log: Logger }) {
    const files = { http: tlsFilesOf(http.tls), mqtt: tlsFilesOf(mqtt.tls) };
    this.http = files.http && new ReloadedTls('http', files.http, ports);
    this.mqtt = files.mqtt && new ReloadedTls('mqtt', files.mqtt, ports);
  }

  /** Takes what the files hold now. */
  async reload(): Promise<void> {
    await Promise.all([this.http?.reload(), this.mqtt?.reload()]);
  }

  counters(): Record<string, Record<string, number>> {
    return { ...(this.http && { http_tls: this.http.counters }), ...(this.mqtt && { mqtt_tls: this.mqtt.counters }) };
  }

  gauges(): Record<string, number> {
    return {
      ...(this.http && { httpCertificateDaysLeft: this.http.daysLeft() }),
      ...(this.mqtt && { mqttCertificateDaysLeft: this.mqtt.daysLeft() }),
    };
  }

  close(): void {
    this.http?.close();
    this.mqtt?.close();
  }
}
