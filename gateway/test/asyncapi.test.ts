// The AsyncAPI document against a real gateway: what it sends fits the document, and what the document shows as
// examples is understood by it.
import { expect, test } from 'vitest';
import { type AsyncApi, fitting, misfitOf, nameOf, type ReadMessage } from '../src/api/asyncapi.fixture.ts';
import type { DeadLetterPage, Latest, ServerFrame } from '../src/contract/index.ts';
import { gatewayHere, type TestGateway } from './instruments/gateway.ts';
import { Wire } from './instruments/mqtt-wire.ts';
import { TestViewer } from './instruments/viewer.ts';

async function documentOf({ http }: TestGateway): Promise<AsyncApi> {
  const response = await fetch(`${http}/api/v1/asyncapi.json`);
  expect(response.status).toBe(200);
  return (await response.json()) as AsyncApi;
}

const textOf = ({ contentType }: ReadMessage, payload: unknown) =>
  contentType === 'text/plain' ? String(payload) : JSON.stringify(payload);

test('is served without signing in, and hello fits it', async () => {
  const gateway = await gatewayHere();
  const misfit = misfitOf(await documentOf(gateway));
  const viewer = await TestViewer.connect(gateway.http, gateway.rest.token);
  expect(misfit(await viewer.frame('hello'))).toBeNull();
});

test('every frame of a session, and the command that the device receives, fit the document', async () => {
  const gateway = await gatewayHere(['live.heartbeatMs=1000']);
  const { http, mqttPort, rest } = gateway;
  const document = await documentOf(gateway);
  const wire = await Wire.connect(mqttPort, { user: 'd1', secret: await rest.device('d1') });
  await wire.publish('devices/d1/attributes', '{"units":{"temp":"°C"}}');
  await wire.publish('devices/d1/telemetry', '{"ts":1763820000,"values":{"temp":20}}');
  const viewer = await TestViewer.connect(http, rest.token);
  viewer.send([
    { t: 'sub', id: 1, sub: 'latest' },
    { t: 'sub', id: 2, sub: 'log', mode: 'log', since: { epoch: 'another', offset: 7 } },
  ]);
  await viewer.frame('snap', ({ sub, done }) => sub === 'log' && done);
  await wire.publish('devices/d1/telemetry', '{"temp":21.5,"door":"open","on":true}');
  await viewer.frame('data', ({ sub }) => sub === 'log');
  await rest.device('d2');
  await viewer.frame('event', ({ kind }) => kind === 'device');

  await wire.subscribe('devices/d1/commands/+');
  viewer.send({ t: 'cmd', id: 3, device: 'd1', name: 'set', params: { on: true } });
  const { topic, payload } = await wire.message();
  expect(fitting(document)('CommandPayload', JSON.parse(payload))).toBeNull();
  const { command = '' } = await viewer.frame('ok', ({ id }) => id === 3);
  const address = document.channels.command?.address ?? '';
  expect(topic).toBe(address.replace('{deviceId}', 'd1').replace('{commandId}', command));
  await wire.publish(`${topic}/result`, '{"ok":true,"result":{"on":true}}');
  await viewer.frame('event', event => event.kind === 'command' && event.state === 'acknowledged');
  await wire.disconnect();
  await viewer.frame('event', event => event.kind === 'presence' && event.state === 'offline');

  viewer.sendText('{"t":"sub","id":0.5,"sub":"fast","mode":"fast"}');
  viewer.send([{ t: 'unsub', id: 4, sub: 'log' }, { t: 'ping' }, { t: 'ping', id: 5 }]);
  await viewer.frame('pong', ({ id }) => id === 5);
  await viewer.frame('err');
  await viewer.frame('hb');
  await gateway.close();
  await viewer.frame('bye');

  const frames = viewer.frames.filter(({ t }) => t !== 'hello');
  const misfit = misfitOf(document);
  expect(frames.map(frame => [frame, misfit(frame)]).filter(([, wrong]) => wrong !== null)).toEqual([]);
  const types: ServerFrame['t'][] = ['bye', 'data', 'def', 'err', 'event', 'gap', 'hb', 'ok', 'pong', 'snap'];
  expect([...new Set(frames.map(({ t }) => t))].sort()).toEqual(types);
});

test('what a device may send by its examples is understood: nothing of it is a dead letter', async () => {
  const gateway = await gatewayHere();
  const { mqttPort, rest } = gateway;
  const { channels, components } = await documentOf(gateway);
  const wire = await Wire.connect(mqttPort, { user: 'd1', secret: await rest.device('d1') });
  const topicOf = (address: string) =>
    address.replace('{deviceId}', 'd1').replace('{metric}', 'plain').replace('{commandId}', 'c1');
  let published = 0;
  for (const [name, { address, messages }] of Object.entries(channels)) {
    // Commands and desired state are the gateway's own; the other channels are not topics.
    if (name === 'command' || name === 'desired' || !address.startsWith('devices/')) continue;
    for (const key of Object.keys(messages)) {
      const message = components.messages[key] as ReadMessage;
      for (const { payload } of message.examples) {
        await wire.publish(topicOf(address), textOf(message, payload));
        published++;
      }
    }
  }
  expect(published).toBeGreaterThan(9);
  expect(await rest.get<DeadLetterPage>('/dead-letters')).toMatchObject({ items: [], refused: 0 });
  const { values } = await rest.get<Latest>('/devices/d1/latest');
  expect(values.map(({ metric }) => metric)).toEqual(
    expect.arrayContaining(['temperature', 'door', 'compressor.on', 'compressor.watts', 'plain']),
  );
});

test('what a viewer may send by its examples is understood, and answered as the document says', async () => {
  const gateway = await gatewayHere();
  const { http, rest } = gateway;
  const document = await documentOf(gateway);
  await rest.device('cold-room-1');
  const viewer = await TestViewer.connect(http, rest.token);
  const asked = Object.values(document.operations).filter(
    ({ action, channel }) => action === 'receive' && channel.$ref === '#/channels/webSocket',
  );
  const examples = asked.flatMap(({ messages, reply }) =>
    messages.map(nameOf).flatMap(name => {
      const answers = reply?.messages.map(nameOf);
      return document.components.messages[name]?.examples.map(({ payload }) => ({ payload, answers })) ?? [];
    }),
  );
  expect(examples.length).toBeGreaterThan(6);
  for (const { payload, answers } of examples) {
    viewer.sendText(JSON.stringify(payload));
    for (const { id } of [payload].flat() as { id: number }[]) {
      const toThis = (frame: ServerFrame) => 'id' in frame && frame.id === id;
      const answer = await Promise.race([
        viewer.frame('ok', toThis),
        viewer.frame('pong', toThis),
        viewer.frame('err', toThis),
      ]);
      expect(answers).toContain(answer.t);
    }
  }
  expect(viewer.of('err')).toEqual([]);
});
