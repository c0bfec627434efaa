// Where the gateway is found, in words for people and for whoever started it.
import { type Config, tlsFilesOf } from './config/index.ts';
import type { Gateway } from './gateway.ts';

/** An address for people: where the gateway listens on every address, this machine's own. */
function reachable(host: string): string {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1';
  return host.includes(':') ? `[${host}]` : host;
}

/** The address of the dashboard: with TLS by the name that the certificate should have, if there is one. */
export function httpAddress({ http }: Config, port = http.port): string {
  const [name = reachable(http.host)] = http.hosts;
  return tlsFilesOf(http.tls) === null ? `http://${reachable(http.host)}:${port}` : `https://${name}:${port}`;
}

/** All addresses, once they are listened on. */
export function addressesOf(config: Config, gateway: Gateway): string {
  const { mqtt, ops } = config;
  return [
    httpAddress(config, gateway.httpPort),
    ...(gateway.mqttPort === null ? [] : [`mqtt://${reachable(mqtt.host)}:${gateway.mqttPort}`]),
    ...(gateway.mqttTlsPort === null ? [] : [`mqtts://${reachable(mqtt.tls.host)}:${gateway.mqttTlsPort}`]),
    ...(gateway.opsPort === null ? [] : [`ops:http://${reachable(ops.host)}:${gateway.opsPort}`]),
  ].join(' ');
}
