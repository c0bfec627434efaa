// The gateway towards browsers and programs: the HTTP listener with the application and its upgrades, and the listener
// for supervisors.
import { existsSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { fileURLToPath } from 'node:url';
import {
  createApp,
  createMetrics,
  createOpsApp,
  type HttpServer,
  isAnswered,
  listen,
  type PagePolicy,
  pageOf,
  secretInHeaders,
} from './api/index.ts';
import { apiPorts } from './api-ports.ts';
import { type Config, isLoopback } from './config/index.ts';
import { ticketProtocolPrefix } from './contract/index.ts';
import type { Stages } from './gateway.ts';
import { clientOf, hopOf, trustedProxies } from './lib/forwarded.ts';
import { createUpgrade } from './live/index.ts';

const builtDashboard = fileURLToPath(new URL('../../dashboard/dist', import.meta.url));

/**
 * Whose pages may ask, and under which names. Names are looked at where they are given, and on loopback, whose only
 * other names are those that a stranger made up; but behind a proxy they are the proxy's, and unknown unless given.
 */
function pagePolicy({ http, access }: Config): PagePolicy {
  const { hosts, origins, host, trustedProxies: proxies } = http;
  const isAlone = isLoopback(host) && (proxies.length === 0 || access.devices === 'open');
  return { hosts, origins, hostsOnly: hosts.length > 0 || isAlone };
}

/** Begins to listen. Rejects where an address cannot be had; nothing is left open then. */
export async function openWeb(stages: Stages): Promise<{ http: HttpServer; ops: HttpServer | null }> {
  const { certificates, config, httpCounters: counters, log } = stages;
  const pages = pagePolicy(config);
  const dashboardDir = existsSync(builtDashboard) ? builtDashboard : null;
  if (dashboardDir === null) log.warn({}, 'the dashboard was not built: npm run build makes it');
  const ports = apiPorts(stages);
  const metrics = createMetrics(ports);
  const app = createApp({ dashboardDir, pages, trustedProxies: config.http.trustedProxies }, ports, metrics);
  const http = await listen(config.http, app, {
    counters,
    upgrade: makeUpgrade(stages, pages),
    tls: certificates.http,
  });
  const { host, port } = config.ops;
  if (port === null) return { http, ops: null };
  const opsPages = { origins: [], hosts: config.http.hosts, hostsOnly: isLoopback(host) };
  try {
    return { http, ops: await listen({ host, port }, createOpsApp(opsPages, ports, metrics), { counters }) };
  } catch (error) {
    await http.close();
    throw error;
  }
}

function makeUpgrade(stages: Stages, pages: PagePolicy) {
  const { access, broker, clock, config, live } = stages;
  const trusted = trustedProxies(config.http.trustedProxies);
  const clientOfRequest = (request: IncomingMessage) => clientOf(hopOf(request), trusted);
  const isHttps = (request: IncomingMessage) => 'encrypted' in request.socket || clientOfRequest(request).isHttps;
  const pageOfRequest = (request: IncomingMessage) =>
    pageOf(request.headers.origin, request.headers.host, isHttps(request), pages);
  const upgrade = createUpgrade(live, {
    clock,
    mqttPacketBytesMax: config.mqtt.packetBytesMax,
    hostAnswered: ({ headers }) => isAnswered(headers.host, pages),
    originAllowed: request => pageOfRequest(request) !== 'foreign',
    async authenticate(request) {
      const ticket = ticketIn(request.headers['sec-websocket-protocol']);
      if (ticket !== null) return access.spendTicket(ticket);
      const secret = secretInHeaders(request.headers, pageOfRequest(request), isHttps(request));
      return secret === null ? null : access.principalOf(secret);
    },
    addressOf: request => clientOfRequest(request).address,
    acceptMqtt: (stream, address) => broker.accept(stream, { address }),
    isClosing: () => stages.closing,
  });
  return (...upgraded: Parameters<typeof upgrade>) => void upgrade(...upgraded);
}

/** The ticket among the subprotocols that a page offers; the one place where a browser lets it say something. */
function ticketIn(offered: string | undefined): string | null {
  const found = offered?.split(',').find(name => name.trim().startsWith(ticketProtocolPrefix));
  return found === undefined ? null : found.trim().slice(ticketProtocolPrefix.length);
}
