// Where the gateway listens, and how one signs in, for the AsyncAPI document.
import { limits, ticketProtocolPrefix, topics } from '../../contract/index.ts';
import { sessionCookie } from '../context.ts';
import { ref } from './parts.ts';

const host = {
  default: '127.0.0.1:8080',
  description: 'http.host and http.port of the configuration, or the proxy in front of it',
};
const viewerSecurity = [ref('components', 'securitySchemes', 'session'), ref('components', 'securitySchemes', 'token')];
const deviceSecurity = [ref('components', 'securitySchemes', 'device')];

const mqttBinding = {
  mqtt: {
    lastWill: { topic: topics.status('{deviceId}'), qos: 1, message: 'offline', retain: true },
    bindingVersion: '0.2.0',
  },
};

/** A document knows no address relative to its own, so that hosts are variables with the usual ones as defaults. */
export const servers = {
  webSocket: {
    protocol: 'ws',
    host: '{host}',
    variables: { host },
    description:
      'Viewers. It is the host that this document came from; wss with http.tls, or where a proxy brings TLS. A page of ' +
      `another origin offers ${ticketProtocolPrefix}{ticket} as a second subprotocol, with one of POST /api/v1/ticket.`,
    security: viewerSecurity,
  },
  http: {
    protocol: 'http',
    host: '{host}',
    variables: { host },
    description:
      'Viewers without a WebSocket. It is the host that this document came from; https with http.tls, or where a proxy ' +
      'brings TLS.',
    security: viewerSecurity,
  },
  mqtt: {
    protocol: 'mqtt',
    protocolVersion: '3.1.1',
    host: '{host}',
    variables: {
      host: { default: '127.0.0.1:1883', description: 'mqtt.host and mqtt.port of the configuration' },
    },
    description: `Devices, MQTT 3.1 and 3.1.1 over TCP; mqtts with mqtt.tls, on 8883. A packet has at most ${limits.mqttPacketBytesMax} bytes.`,
    security: deviceSecurity,
    bindings: mqttBinding,
  },
  mqttOverWebSocket: {
    protocol: 'ws',
    host: '{host}',
    pathname: '/mqtt',
    variables: { host },
    description: 'Devices, MQTT 3.1 and 3.1.1 in a WebSocket of the subprotocol mqtt.',
    security: deviceSecurity,
    bindings: mqttBinding,
  },
};

export const securitySchemes = {
  session: {
    type: 'httpApiKey',
    in: 'cookie',
    name: sessionCookie(false),
    description:
      'A page that signed in at /api/v1/session; over HTTPS `__Host-` is in front. Its origin is checked too',
  },
  token: { type: 'http', scheme: 'bearer', description: 'A program with a token; never in the URL' },
  device: {
    type: 'userPassword',
    description: 'MQTT user name and password: the device’s id, and the secret that was told when it was created',
  },
};
