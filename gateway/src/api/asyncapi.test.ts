import { describe, expect, test } from 'vitest';
import { codes, topics } from '../contract/index.ts';
import { clientMessages } from './asyncapi/client-messages.ts';
import { serverMessages } from './asyncapi/server-messages.ts';
import { type AsyncApi, fitting, follow, nameOf, type ReadMessage } from './asyncapi.fixture.ts';
import { asyncApiDocument } from './asyncapi.ts';
import { makeApp } from './fake-ports.fixture.ts';

const document = JSON.parse(asyncApiDocument()) as AsyncApi;
const { channels, operations } = document;
const { messages } = document.components;
const fits = fitting(document);

/** Every object in the document that is a reference. */
function references(place: unknown): { $ref: string }[] {
  if (place === null || typeof place !== 'object') return [];
  if ('$ref' in place) return [place as { $ref: string }];
  return Object.values(place).flatMap(references);
}

const examples = Object.entries(messages).flatMap(([name, message]) =>
  message.examples.map(example => ({ name, message, example, title: `${name} ${example.name}` })),
);

describe('the AsyncAPI document', () => {
  test('is told to whoever asks, signed in or not, as JSON', async () => {
    const response = await makeApp().ask('/api/v1/asyncapi.json');
    expect([response.status, response.headers.get('Content-Type')]).toEqual([200, 'application/json']);
    expect(await response.json()).toEqual(document);
  });

  test('says which version it is, and whose view it is', () => {
    expect(document.asyncapi).toBe('3.0.0');
    expect(document.info.description).toMatch(/application described here is the gateway.*`send` is what it sends/);
  });

  test('has no reference that leads nowhere', () => {
    const all = references(document);
    expect(all.length).toBeGreaterThan(100);
    expect(all.filter(reference => follow(document, reference) === undefined)).toEqual([]);
  });

  test('has each address once, and a parameter for each part of it that varies', () => {
    const addresses = Object.values(channels).map(({ address }) => address);
    expect(new Set(addresses).size).toBe(addresses.length);
    for (const { address, parameters = {} } of Object.values(channels)) {
      expect(Object.keys(parameters)).toEqual([...address.matchAll(/\{(\w+)\}/g)].map(([, name]) => name));
    }
  });

  test('has the three transports of the live stream, and every topic of a device', () => {
    const ofDevices = [
      topics.telemetry('{deviceId}'),
      topics.metric('{deviceId}', '{metric}'),
      topics.status('{deviceId}'),
      topics.attributes('{deviceId}'),
      topics.command('{deviceId}', '{commandId}'),
      topics.commandResult('{deviceId}', '{commandId}'),
      topics.desired('{deviceId}'),
    ];
    expect(Object.values(channels).map(({ address }) => address)).toEqual([
      '/api/v1/ws',
      '/api/v1/stream',
      '/api/v1/log',
      ...ofDevices,
    ]);
  });

  test('has operations on its channels alone, whose messages and answers those channels carry', () => {
    expect(Object.keys(operations).length).toBeGreaterThan(10);
    for (const { channel, messages: carried, reply } of Object.values(operations)) {
      expect(follow(document, channel)).toHaveProperty('address');
      for (const { $ref } of carried) expect($ref.startsWith(`${channel.$ref}/messages/`)).toBe(true);
      for (const { $ref } of reply?.messages ?? [])
        expect($ref.startsWith(`${reply?.channel.$ref}/messages/`)).toBe(true);
    }
  });

  test('leaves no message of a channel without an operation', () => {
    const carried = Object.entries(channels).flatMap(([name, channel]) =>
      Object.keys(channel.messages).map(message => `#/channels/${name}/messages/${message}`),
    );
    const used = Object.values(operations).flatMap(operation => [
      ...operation.messages,
      ...(operation.reply?.messages ?? []),
    ]);
    expect([...new Set(used.map(({ $ref }) => $ref))].sort()).toEqual(carried.sort());
  });

  test('has a sub answered by ok or err, a ping by pong, and a command by its result on a topic of its own', () => {
    const answersOf = (name: string) => operations[name]?.reply?.messages.map(({ $ref }) => $ref.split('/').at(-1));
    expect(answersOf('receiveSub')).toEqual(['ok', 'err']);
    expect(answersOf('receivePing')).toContain('pong');
    expect(operations.sendCommand?.reply?.channel.$ref).toBe('#/channels/commandResult');
    expect(answersOf('sendCommand')).toEqual(['commandResult']);
  });

  test('says for every server how one signs in', () => {
    expect(Object.values(document.servers).map(({ protocol }) => protocol)).toEqual(['ws', 'http', 'mqtt', 'ws']);
    for (const { security } of Object.values(document.servers)) expect(security.length).toBeGreaterThan(0);
    for (const { servers } of Object.values(channels)) expect(servers.length).toBeGreaterThan(0);
  });
});

describe('a message', () => {
  const frames = [...Object.keys(clientMessages), ...Object.keys(serverMessages)];

  // Both tables are checked by their types: one without a frame of the contract does not compile.
  test.each(frames)('is there for the frame %s, on the WebSocket, with a schema for just this type', type => {
    const message = follow(document, channels.webSocket?.messages[type] ?? { $ref: '#/nothing' }) as ReadMessage;
    expect(message.name).toBe(type);
    for (const { payload } of message.examples) expect(payload).toMatchObject({ t: type });
    expect(fits(nameOf(message.payload ?? { $ref: '' }), { t: 'other' })).not.toBeNull();
  });

  test.each(Object.entries(messages))(
    '%s has a name of its own, and a payload or headers with an example',
    (key, it) => {
      expect(it.name).toBe(key);
      expect(it.examples.length).toBeGreaterThan(0);
      expect(it.payload ?? it.headers).toHaveProperty('$ref');
    },
  );

  test.each(examples)('$title fits its schema', ({ message, example }) => {
    const { payload, headers } = message;
    const misfits = [
      payload === undefined ? null : fits(nameOf(payload), example.payload),
      headers === undefined ? null : fits(nameOf(headers), example.headers),
    ];
    expect(misfits).toEqual([null, null]);
  });

  test.each([
    ['HbFrame', { t: 'hb', offset: 1, now: 2, more: 3 }],
    ['HbFrame', { t: 'hb', offset: 1 }],
    ['DataFrame', { t: 'data', sub: 's', offset: 1, rows: [[1, 2]] }],
    ['DataFrame', { t: 'data', sub: 's', offset: 1, rows: [[1, 2, 3, 'fresh']] }],
    ['SnapFrame', { t: 'snap', sub: 's', offset: 1, rows: [[1, null, 3, 'never']], done: true }],
    ['ErrFrame', { t: 'err', code: 'bad_mesage', status: 400, title: codes.bad_message.title }],
    ['EventFrame', { t: 'event', offset: 1, kind: 'device', device: 'a', change: 'renamed', at: 1 }],
    ['ClientFrame', { t: 'data' }],
    ['CommandPayload', { name: 'stop', expiresAt: 1 }],
    ['StreamPosition', 'no position'],
  ])('is told from what is none: %s refuses %j', (name, value) => {
    expect(fits(name, value)).not.toBeNull();
  });
});
