// What a client can get wrong in its bytes, rule by rule, each with its code and a sentence for the log.
import type { Code } from '../../contract/index.ts';

/** Codes under which the broker ends a connection or does not let one in; each has a counter. */
export const connectionCodes = [
  'mqtt_malformed',
  'mqtt_too_large',
  'mqtt_text',
  'mqtt_order',
  'mqtt_version',
  'mqtt_client_id',
  'mqtt_will',
  'mqtt_topic',
  'mqtt_filter',
  'mqtt_message_id',
  'mqtt_connect_timeout',
  'mqtt_keep_alive',
  'mqtt_unread',
  'mqtt_sign_in',
  'mqtt_connections',
  'mqtt_fault',
] as const satisfies readonly Code[];

export type ConnectionCode = (typeof connectionCodes)[number];

/** Why a connection is not gone on with. `returnCode` is the CONNACK's where MQTT 3.1.1, 3.2.2.3 has one. */
export type Breach = { readonly code: ConnectionCode; readonly detail: string; readonly returnCode?: 1 | 2 };

const breach = (code: ConnectionCode, detail: string, returnCode?: 1 | 2): Breach =>
  Object.freeze(returnCode === undefined ? { code, detail } : { code, detail, returnCode });

/** Made once: the hot path hands out these and makes nothing. */
export const breaches = Object.freeze({
  length: breach('mqtt_malformed', 'the remaining length takes more than four bytes'),
  type: breach('mqtt_malformed', 'expected a packet type that a client sends'),
  flags: breach('mqtt_malformed', 'the flags of the first byte are not those of this packet type'),
  qos: breach('mqtt_malformed', 'expected QoS 0, 1 or 2'),
  dup: breach('mqtt_malformed', 'DUP is set on a publish of QoS 0'),
  short: breach('mqtt_malformed', 'the packet is shorter than its fields'),
  long: breach('mqtt_malformed', 'the packet goes on after its last field'),
  empty: breach('mqtt_malformed', 'expected at least one filter'),
  subscriptionQos: breach('mqtt_malformed', 'expected a requested QoS of 0, 1 or 2'),
  tooLarge: breach('mqtt_too_large', 'the packet is larger than is accepted'),
  connectTooLarge: breach('mqtt_too_large', 'CONNECT is larger than is accepted'),
  text: breach('mqtt_text', 'expected UTF-8 without NUL, control characters, surrogates and non-characters'),
  notConnect: breach('mqtt_order', 'expected CONNECT as the first packet'),
  secondConnect: breach('mqtt_order', 'CONNECT came twice'),
  protocol: breach('mqtt_malformed', 'expected the protocol name MQTT or MQIsdp'),
  version: breach('mqtt_version', 'expected MQTT 3.1.1 or 3.1', 1),
  connectFlags: breach('mqtt_malformed', 'the reserved connect flag is set'),
  passwordAlone: breach('mqtt_malformed', 'a password came without a user name'),
  clientIdEmpty: breach('mqtt_client_id', 'a client id is needed with clean session 0, and always in MQTT 3.1', 2),
  clientIdLong: breach('mqtt_client_id', 'the client id is longer than is accepted', 2),
  willFlags: breach('mqtt_will', 'will QoS or will retain are set without a will'),
  willQos: breach('mqtt_will', 'expected a will QoS of 0, 1 or 2'),
  topicEmpty: breach('mqtt_topic', 'the topic is empty'),
  topicLong: breach('mqtt_topic', 'the topic is longer than is accepted'),
  topicWildcard: breach('mqtt_topic', 'a topic to publish to has a wildcard'),
  topicLevels: breach('mqtt_topic', 'the topic has more levels than are accepted'),
  filter: breach('mqtt_filter', 'expected a filter with # alone at its end and + alone in a level'),
  filterLevels: breach('mqtt_filter', 'the filter is longer or has more levels than is accepted'),
  filters: breach('mqtt_filter', 'more filters in one packet than are accepted'),
  messageId: breach('mqtt_message_id', 'expected a message id from 1 to 65535'),
  connectTimeout: breach('mqtt_connect_timeout', 'CONNECT did not come in time'),
  silent: breach('mqtt_keep_alive', 'nothing was heard for one and a half keep-alives'),
  unread: breach('mqtt_unread', 'the client does not read what is sent to it'),
  signIn: breach('mqtt_sign_in', 'the name or the secret is wrong'),
  connections: breach('mqtt_connections', 'as many connections as mqtt.connectionsMax'),
  addressConnections: breach('mqtt_connections', 'as many connections of its address as mqtt.connectionsPerAddressMax'),
});
