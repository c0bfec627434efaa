// The native convention in the AsyncAPI document: the topics of a device, and what goes over them.
import { type CommandAnswer, type CommandPayload, type DesiredPayload, topics } from '../../contract/index.ts';
import { mqttSchemas } from './mqtt-payloads.ts';
import { carries, type Message, operation, type Part, ref } from './parts.ts';

const text = 'text/plain';
const at = 1_763_820_000_123;

const messages: {
  telemetry: Message;
  plainValue: Message<number | boolean | string>;
  status: Message<'online' | 'offline'>;
  attributes: Message;
  command: Message<CommandPayload>;
  commandResult: Message<CommandAnswer>;
  desiredState: Message<DesiredPayload>;
} = {
  telemetry: {
    summary: 'Readings of one or more metrics',
    description: 'A message is taken in whole or not at all. One that cannot be understood is acknowledged, and kept.',
    payload: 'Telemetry',
    examples: [
      { name: 'withoutTime', payload: { temperature: 3.9, door: 'closed', compressor: { on: true, watts: 312 } } },
      { name: 'withTime', payload: { ts: at, values: { temperature: 3.9 } } },
      {
        name: 'several',
        payload: [
          { ts: '2025-11-22T14:00:00.123Z', values: { temperature: 3.9 } },
          { ts: at / 1000 + 10, values: { temperature: 4, door: null } },
        ],
      },
    ],
  },
  plainValue: {
    summary: 'A reading of the metric that the topic names',
    contentType: text,
    payload: 'PlainValue',
    examples: [
      { name: 'number', payload: 21.5 },
      { name: 'boolean', payload: true },
      { name: 'text', payload: 'open' },
    ],
  },
  status: {
    summary: 'Whether the device is there; offline is its will',
    contentType: text,
    payload: 'Status',
    examples: [
      { name: 'online', payload: 'online' },
      { name: 'offline', payload: 'offline' },
    ],
  },
  attributes: {
    summary: 'Facts and reported state; units.{metric} announces a metric and tells its unit',
    payload: 'Values',
    examples: [{ name: 'facts', payload: { firmware: '1.4.2', target: 4, units: { temperature: '°C' } } }],
  },
  command: {
    summary: 'What the device is to do. It is sent once, to the one connection that subscribes to commands',
    payload: 'CommandPayload',
    examples: [{ name: 'setTarget', payload: { name: 'setTarget', params: { value: 4 }, expiresAt: at + 30_000 } }],
  },
  commandResult: {
    summary: 'What became of the command',
    payload: 'CommandAnswer',
    examples: [
      { name: 'done', payload: { ok: true, result: { value: 4 } } },
      { name: 'refused', payload: { ok: false, error: 'the door is open' } },
    ],
  },
  desiredState: {
    summary: 'How the device should be, where it does not report so; it answers with attributes of the same names',
    payload: 'DesiredPayload',
    examples: [{ name: 'target', payload: { version: 7, fields: { target: 4, 'defrost.auto': true } } }],
  },
};

const parameter = (name: string) => ref('components', 'parameters', name);

function channel(address: string, title: string, description: string, message: string, ...more: string[]) {
  return {
    address,
    title,
    description,
    servers: [ref('servers', 'mqtt'), ref('servers', 'mqttOverWebSocket')],
    parameters: Object.fromEntries(['deviceId', ...more].map(name => [name, parameter(name)])),
    messages: carries([message]),
  };
}

const bound = (qos: 0 | 1 | 2, retain = false) => ({ mqtt: { qos, retain, bindingVersion: '0.2.0' } });

const acknowledged =
  'QoS 0, 1 or 2; with 1 and 2 it is acknowledged after it was committed, and nothing acknowledged is lost.';

/** The parameters of the topics. */
export const mqttParameters = {
  deviceId: {
    description: 'The device, which is also its MQTT user name: 1 to 128 characters, none of / + #, no leading $',
    examples: ['cold-room-1'],
  },
  metric: {
    description: 'The metric: 1 to 128 characters, none of / + #',
    examples: ['temperature'],
  },
  commandId: { description: 'The command’s id in the ledger', examples: ['01KAN5T7ZQ0V6D3N8HXR2M4JWE'] },
};

const device = '{deviceId}';
const command = '{commandId}';

/** Topics of the native convention, in and out. */
export const mqttPart: Part = {
  channels: {
    telemetry: channel(topics.telemetry(device), 'Readings', acknowledged, 'telemetry'),
    metric: channel(topics.metric(device, '{metric}'), 'Readings of one metric', acknowledged, 'plainValue', 'metric'),
    status: channel(
      topics.status(device),
      'Status',
      'Retained, and the topic of the will. Presence follows the connection too.',
      'status',
    ),
    attributes: channel(topics.attributes(device), 'Attributes', acknowledged, 'attributes'),
    command: channel(
      topics.command(device, command),
      'Commands',
      `A device subscribes to ${topics.commands(device)}. A command is sent once, and never after it expires.`,
      'command',
      'commandId',
    ),
    commandResult: channel(
      topics.commandResult(device, command),
      'Results of commands',
      'The device answers under the id of the command. A late answer is kept, too.',
      'commandResult',
      'commandId',
    ),
    desired: channel(
      topics.desired(device),
      'Desired state',
      'A device subscribes to it. What it does not report so comes when it subscribes and when that changes, once each.',
      'desiredState',
    ),
  },
  operations: {
    receiveTelemetry: operation('receive', 'telemetry', ['telemetry'], {
      summary: 'A device publishes readings',
      bindings: bound(1),
    }),
    receivePlainValue: operation('receive', 'metric', ['plainValue'], {
      summary: 'A device publishes one value',
      bindings: bound(1),
    }),
    receiveStatus: operation('receive', 'status', ['status'], {
      summary: 'A device says whether it is there, or its will does',
      bindings: bound(1, true),
    }),
    receiveAttributes: operation('receive', 'attributes', ['attributes'], {
      summary: 'A device tells facts and reported state',
      bindings: bound(1),
    }),
    sendCommand: operation('send', 'command', ['command'], {
      summary: 'The gateway asks a device to do something',
      answers: ['commandResult'],
      answeredOn: 'commandResult',
      bindings: bound(1),
    }),
    sendDesired: operation('send', 'desired', ['desiredState'], {
      summary: 'The gateway tells a device how it should be',
      bindings: bound(1),
    }),
    receiveCommandResult: operation('receive', 'commandResult', ['commandResult'], {
      summary: 'A device says what became of a command',
      bindings: bound(1),
    }),
  },
  messages,
  schemas: mqttSchemas,
};
