// Reads the two addresses of a gateway: where devices connect, and where the REST API is.
import type { Line } from './device.ts';
import { ExpectedFailure, exitStatus } from './expected-failure.ts';

const mqttPorts = { mqtt: 1883, mqtts: 8883 } as const;

function parse(text: string, protocols: readonly string[]): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  const plain = url?.username === '' && url.password === '' && url.search === '' && url.hash === '';
  if (url && plain && protocols.includes(url.protocol) && url.hostname !== '' && /^\/*$/.test(url.pathname)) return url;
  const like = protocols.map(protocol => `${protocol}//host:port`).join(' or ');
  throw new ExpectedFailure(`Expected an address like ${like}, got "${text}"`, exitStatus.configuration);
}

/** An address that listens on all interfaces is reached over the loopback one. */
function reachable(hostname: string): string {
  if (hostname === '0.0.0.0') return '127.0.0.1';
  return hostname === '[::]' ? '[::1]' : hostname;
}

/** Reads `mqtt://host:port` or `mqtts://host:port`. */
export function parseMqttUrl(text: string): Line {
  const url = parse(text, ['mqtt:', 'mqtts:']);
  const protocol = url.protocol === 'mqtts:' ? 'mqtts' : 'mqtt';
  const host = reachable(url.hostname).replace(/^\[|\]$/g, '');
  return { protocol, host, port: url.port === '' ? mqttPorts[protocol] : Number(url.port) };
}

/** Reads `http://host:port` or `https://host:port` and gives it without a slash at the end. */
export function parseHttpUrl(text: string): string {
  const url = parse(text, ['http:', 'https:']);
  return `${url.protocol}//${reachable(url.hostname)}${url.port === '' ? '' : `:${url.port}`}`;
}
