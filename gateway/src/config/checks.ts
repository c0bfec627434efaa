// What no single key can tell: keys that do not go together, listeners that strangers can reach, certificates.
import { readTls, type TlsFiles, TlsProblem } from '../lib/tls-material.ts';
import { type Config, isLoopback } from './schema.ts';

/** A key, and what is wrong with it. */
export type Problem = { key: string; message: string };

type Listening = { key: 'http' | 'mqtt' | 'ops'; host: string; hasTls: boolean };

/** The files of a listener's certificate, or null where it has none. */
export function tlsFilesOf({ cert, key, ...client }: Partial<Record<keyof TlsFiles, string | null>>): TlsFiles | null {
  if (cert == null || key == null) return null;
  return { cert, key, clientCa: client.clientCa, clientCrl: client.clientCrl };
}

/** All that is wrong with keys that each are right. `readFiles` is for a gateway that is about to listen. */
export function checkTogether(config: Config, readFiles: boolean): Problem[] {
  const open = openProfile(config);
  const reached = open.length > 0 ? open : plainListeners(config);
  return [...deniedFilters(config), ...reached, ...halves(config), ...(readFiles ? files(config) : [])];
}

function listeners({ http, mqtt, ops }: Config): Listening[] {
  const found: Listening[] = [{ key: 'http', host: http.host, hasTls: tlsFilesOf(http.tls) !== null }];
  if (mqtt.port !== null) found.push({ key: 'mqtt', host: mqtt.host, hasTls: false });
  if (tlsFilesOf(mqtt.tls) !== null) found.push({ key: 'mqtt', host: mqtt.tls.host, hasTls: true });
  if (ops.port !== null) found.push({ key: 'ops', host: ops.host, hasTls: false });
  return found;
}

function deniedFilters({ access }: Config): Problem[] {
  if (access.devices === 'open' || access.deniedFilters.length === 0) return [];
  return [{ key: 'access.deniedFilters', message: 'expected only with access.devices: open' }];
}

/** Where anybody may come in, nobody may be far away. */
function openProfile(config: Config): Problem[] {
  if (config.access.devices !== 'open') return [];
  const reached = listeners(config).filter(({ key, host }) => key !== 'ops' && !isLoopback(host));
  if (reached.length === 0) return [];
  const hosts = reached.map(({ host }) => host).join(' and ');
  const message = `open lets anybody in, so mqtt.host and http.host have to be loopback addresses; there is ${hosts}`;
  return [{ key: 'access.devices', message }];
}

const howToSecure: Record<Listening['key'], string> = {
  http: 'give it a certificate with http.tls.cert and http.tls.key, or put a proxy in front and leave it on loopback',
  mqtt: 'let devices come over TLS with mqtt.tls.host, mqtt.tls.cert and mqtt.tls.key, and leave mqtt.host on loopback',
  ops: 'leave it on loopback',
};

/** Passwords, secrets and readings cross a network in the clear only where somebody said so. */
function plainListeners(config: Config): Problem[] {
  return listeners(config)
    .filter(({ key, host, hasTls }) => !hasTls && !isLoopback(host) && !config[key].plainBeyondLoopback)
    .map(({ key, host }) => ({
      key: `${key}.host`,
      message:
        `${host} can be reached from other machines, and without TLS all can be read on the way: ${howToSecure[key]}; ` +
        `where that is meant, say ${key}.plainBeyondLoopback: true`,
    }));
}

/** Keys that mean nothing without another. */
function halves({ http, mqtt }: Config): Problem[] {
  const needs = (key: string, isGiven: boolean, other: string, isThere: boolean) =>
    isGiven && !isThere ? [{ key, message: `means nothing without ${other}` }] : [];
  const { cert, key, clientCa, clientCrl, requireClientCert } = mqtt.tls;
  return [
    ...needs('http.tls.cert', http.tls.cert !== null, 'http.tls.key', http.tls.key !== null),
    ...needs('http.tls.key', http.tls.key !== null, 'http.tls.cert', http.tls.cert !== null),
    ...needs('mqtt.tls.cert', cert !== null, 'mqtt.tls.key', key !== null),
    ...needs('mqtt.tls.key', key !== null, 'mqtt.tls.cert', cert !== null),
    ...needs('mqtt.tls.clientCa', clientCa !== null, 'mqtt.tls.cert', cert !== null),
    ...needs('mqtt.tls.clientCrl', clientCrl !== null, 'mqtt.tls.clientCa', clientCa !== null),
    ...needs('mqtt.tls.requireClientCert', requireClientCert, 'mqtt.tls.clientCa', clientCa !== null),
  ];
}

function files({ http, mqtt }: Config): Problem[] {
  return Object.entries({ 'http.tls': http.tls, 'mqtt.tls': mqtt.tls }).flatMap(([prefix, keys]) => {
    const found = tlsFilesOf(keys);
    if (found === null) return [];
    try {
      readTls(found);
      return [];
    } catch (error) {
      if (!(error instanceof TlsProblem)) throw error;
      return [{ key: `${prefix}.${error.key}`, message: error.message }];
    }
  });
}
