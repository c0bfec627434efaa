// Behind a proxy, beside another node: the real nginx and HAProxy, with the files of config/.
import { request } from 'node:http';
import mqtt from 'mqtt';
import { describe, expect, onTestFinished, test } from 'vitest';
import { WebSocket } from 'ws';
import type { Command, LogAnswer, ServerFrame, Session } from '../src/contract/index.ts';
import { subprotocol } from '../src/contract/index.ts';
import {
  adminPassword,
  gatewayHere,
  gatewayProgram,
  makeTokenFor,
  newFolder,
  Rest,
  type TestGateway,
} from './instruments/gateway.ts';
import { Wire } from './instruments/mqtt-wire.ts';
import { ReverseProxy, type RunningProxy } from './instruments/proxy.ts';
import { SseReader } from './instruments/sse.ts';
import { TestViewer } from './instruments/viewer.ts';

const [nginx, haproxy] = await Promise.all([ReverseProxy.find('nginx'), ReverseProxy.find('haproxy')]);

/** Proxies connect from 127.0.0.1; a client that does so from here can be told from them. */
const clientAddress = '127.0.0.2';
const trusting = ['http.trustedProxies=[127.0.0.1]'];

type Behind = { gateway: TestGateway; proxy: RunningProxy; rest: Rest };

/** One gateway behind the proxy; `rest` goes through it. */
async function behind(kind: ReverseProxy, set = trusting): Promise<Behind> {
  const gateway = await gatewayHere(set);
  const proxy = await kind.start(gateway);
  return { gateway, proxy, rest: new Rest(proxy.http, gateway.rest.token) };
}

type Headers = Record<string, string>;

/** Asks from the client's own address; resolves with the status and the body, or with 101 after an upgrade. */
function askAsClient(
  url: string,
  headers: Headers,
  method = 'GET',
  body = '',
): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { method, headers, localAddress: clientAddress });
    asked.on('upgrade', ({ statusCode = 0 }, socket) => {
      socket.destroy();
      resolve({ status: statusCode, text: '' });
    });
    asked.on('response', async response => {
      const text = (await response.setEncoding('utf8').toArray()).join('');
      resolve({ status: response.statusCode ?? 0, text });
    });
    asked.on('error', reject);
    asked.end(body);
  });
}

/** Asks for a command over REST from the client's address; resolves with the address that the ledger keeps. */
async function fromOverRest({ token }: Rest, http: string, headers: Headers = {}): Promise<string> {
  const sent = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json', ...headers };
  const { text } = await askAsClient(`${http}/api/v1/devices/d1/commands`, sent, 'POST', '{"name":"stop"}');
  return (JSON.parse(text) as Command).from;
}

/** The same in a WebSocket. */
async function fromOverSocket(rest: Rest, http: string, headers: Headers = {}): Promise<string> {
  const socket = new WebSocket(`${http.replace('http', 'ws')}/api/v1/ws`, subprotocol, {
    localAddress: clientAddress,
    headers: { Authorization: `Bearer ${rest.token}`, ...headers },
  });
  onTestFinished(() => socket.terminate());
  const id = await new Promise<string>((resolve, reject) => {
    socket.on('error', reject);
    socket.on('open', () => socket.send(JSON.stringify({ t: 'cmd', id: 1, device: 'd1', name: 'stop' })));
    socket.on('message', data => {
      for (const frame of [JSON.parse(String(data))].flat() as ServerFrame[]) {
        if (frame.t === 'ok' && frame.command !== undefined) resolve(frame.command);
        if (frame.t === 'err') reject(new Error(frame.code));
      }
    });
  });
  return (await rest.get<Command>(`/commands/${id}`)).from;
}

/** Asks the long poll again and again, until this value has come; resolves with all that came. */
async function polledUntil(rest: Rest, last: number, from: string | null): Promise<unknown[]> {
  const values: unknown[] = [];
  for (let after = from; values.at(-1) !== last; ) {
    const { frames, next } = await rest.get<LogAnswer>(`/log?mode=log&after=${after}`);
    for (const frame of frames) if (frame.t === 'data') values.push(...frame.rows.map(([, , value]) => value));
    after = next;
  }
  return values;
}

describe.each([nginx, haproxy])('behind $name', kind => {
  const { missing } = kind;

  test.skipIf(missing !== null)('a session begins, is known, and ends', async () => {
    const { proxy } = await behind(kind);
    const session = `${proxy.http}/api/v1/session`;
    // The scheme that a stranger claims does not come through.
    const headers = { 'Content-Type': 'application/json', 'X-Forwarded-Proto': 'https' };
    const body = JSON.stringify({ name: 'admin', password: adminPassword });
    const begun = await fetch(session, { method: 'POST', headers, body });
    const cookie = begun.headers.get('Set-Cookie') ?? '';
    expect([begun.status, cookie]).toEqual([200, expect.stringMatching(/^telltale_session=.*HttpOnly/)]);
    expect(cookie).not.toContain('Secure');
    const asked = { headers: { Cookie: cookie.split(';')[0] ?? '', Origin: proxy.http } };
    expect((await (await fetch(session, asked)).json()) as Session).toMatchObject({ user: 'admin' });
    expect((await fetch(session, { ...asked, method: 'DELETE' })).status).toBe(204);
    expect((await fetch(session, asked)).status).toBe(401);
  });

  test.skipIf(missing !== null)('[LIV-1] a viewer has its snapshot, and then what is published', async () => {
    const { gateway, proxy, rest } = await behind(kind);
    const wire = await Wire.connect(gateway.mqttPort, { user: 'd1', secret: await rest.device('d1') });
    await wire.publish('devices/d1/telemetry', '{"temp":20}');
    const viewer = await TestViewer.connect(proxy.http, rest.token);
    viewer.send({ t: 'sub', sub: 's' });
    await viewer.frame('snap', ({ done }) => done);
    await wire.publish('devices/d1/telemetry', '{"temp":21}');
    await viewer.frame('data');
    expect(viewer.readings().map(({ value }) => value)).toEqual([20, 21]);
  });

  test.skipIf(missing !== null)(
    '[LIV-6] an event stream and a long poll tell what is published as it comes',
    async () => {
      const { gateway, proxy, rest } = await behind(kind);
      const wire = await Wire.connect(gateway.mqttPort, { user: 'd1', secret: await rest.device('d1') });
      const stream = await SseReader.open(proxy.http, rest.token, 'mode=log');
      await stream.frame('snap');
      const { next } = await rest.get<LogAnswer>('/log?mode=log');
      const polled = polledUntil(rest, 2, next);
      // A proxy that waited for the end of the answer would wait for as long as the stream lives.
      for (const value of [1, 2]) {
        await wire.publish('devices/d1/telemetry', `{"temp":${value}}`);
        await stream.frame('data', ({ rows }) => rows[0]?.[2] === value);
      }
      expect(await polled).toEqual([1, 2]);
    },
  );

  test.skipIf(missing !== null)(
    '[ACC-3] a page of the outer host is let in, and one of another origin is not',
    async () => {
      const { proxy, rest } = await behind(kind);
      const Authorization = `Bearer ${rest.token}`;
      const upgrade = {
        Upgrade: 'websocket',
        Connection: 'Upgrade',
        'Sec-WebSocket-Key': 'MTIzNDU2Nzg5MDEyMzQ1Ng==',
        'Sec-WebSocket-Version': '13',
        'Sec-WebSocket-Protocol': subprotocol,
      };
      const status = async (path: string, headers: Headers) =>
        (await askAsClient(`${proxy.http}/api/v1${path}`, { Authorization, ...headers })).status;
      for (const [path, headers, good] of [
        ['/devices', {}, 200],
        ['/ws', upgrade, 101],
      ] as [string, Headers, number][]) {
        expect(await status(path, { ...headers, Origin: proxy.http })).toBe(good);
        expect(await status(path, { ...headers, Origin: 'https://plant.example', Host: 'plant.example' })).toBe(good);
        expect(await status(path, { ...headers, Origin: 'https://evil.example', Host: 'plant.example' })).toBe(403);
        expect(await status(path, { ...headers, Origin: 'http://127.0.0.1:1' })).toBe(403);
      }
    },
  );

  test.skipIf(missing !== null)(
    '[ACC-5] a command is from the client, whom only a trusted proxy can name',
    async () => {
      const { gateway, proxy, rest } = await behind(kind);
      await rest.device('d1');
      const madeUp = { 'X-Forwarded-For': '203.0.113.9' };
      for (const from of [fromOverRest, fromOverSocket]) {
        expect(await from(rest, proxy.http)).toBe(clientAddress);
        expect(await from(rest, proxy.http, madeUp)).toBe(clientAddress);
        expect(await from(rest, gateway.http, madeUp)).toBe(clientAddress);
      }
    },
  );

  test.skipIf(missing !== null)('[ACC-5] a proxy that is not trusted is the client itself', async () => {
    const { proxy, rest } = await behind(kind, []);
    await rest.device('d1');
    expect(await fromOverRest(rest, proxy.http)).toBe('127.0.0.1');
    expect(await fromOverSocket(rest, proxy.http)).toBe('127.0.0.1');
  });

  test.skipIf(missing !== null)('MQTT in a WebSocket at /mqtt is the broker', async () => {
    const { proxy, rest } = await behind(kind);
    const signIn = { username: 'd1', password: await rest.device('d1'), reconnectPeriod: 0 };
    const client = await mqtt.connectAsync(`${proxy.http.replace('http', 'ws')}/mqtt`, signIn);
    await client.publishAsync('devices/d1/telemetry', '{"overWs":1}', { qos: 1 });
    await client.endAsync();
    expect(await rest.get('/devices/d1/latest')).toMatchObject({ values: [{ metric: 'overWs', value: 1 }] });
  });

  test.skipIf(missing !== null)('a file of readings of any size goes in', async () => {
    const { rest } = await behind(kind);
    const lines = Array.from({ length: 100_000 }, (_, n) => `${1_790_000_000_000 + n},d1,temp,${n}`);
    const body = ['time,device,metric,value', ...lines, ''].join('\n');
    const answer = await rest.fetch('/import', { method: 'POST', body, headers: { 'Content-Type': 'text/csv' } });
    expect(await answer.json()).toMatchObject({ readings: 100_000, refused: 0 });
  });
});

test.skipIf(haproxy.missing !== null)('MQTT over TCP is passed through HAProxy', async () => {
  const { proxy, rest } = await behind(haproxy);
  const wire = await Wire.connect(proxy.mqttPort, { user: 'd1', secret: await rest.device('d1') });
  expect(await wire.publish('devices/d1/telemetry', '{"overTcp":1}')).toBe(1);
  expect(await rest.get('/devices/d1/latest')).toMatchObject({ values: [{ metric: 'overTcp', value: 1 }] });
});

test.skipIf(haproxy.missing !== null)(
  '[LIV-2] a viewer whose gateway is gone comes to the other one through HAProxy, told of the gap and with all that is there',
  async () => {
    const dirs = [newFolder(), newFolder()];
    const [one, two] = await Promise.all([gatewayProgram(dirs[0]!, trusting), gatewayProgram(dirs[1]!, trusting)]);
    const token = makeTokenFor(dirs, 'viewer');
    for (const [name, { rest, mqttPort }] of Object.entries({ one, two })) {
      const wire = await Wire.connect(mqttPort, { user: 'd1', secret: await rest.device('d1') });
      await wire.publish('devices/d1/telemetry', JSON.stringify({ node: name, temp: 20 }));
    }
    const proxy = await haproxy.start(one, two);

    /** Connects and subscribes; says on which gateway the viewer is. */
    const view = async (since?: { epoch: string; offset: number }) => {
      const viewer = await TestViewer.connect(proxy.http, token);
      const { epoch } = await viewer.frame('hello');
      viewer.send({ t: 'sub', sub: 's', since });
      const { offset } = await viewer.frame('snap', ({ done }) => done);
      const readings = Object.fromEntries(viewer.readings().map(({ metric, value }) => [metric, value]));
      return { viewer, position: { epoch, offset }, readings };
    };
    const first = await view();
    const beside = await view();
    expect([first.readings.node, beside.readings.node].sort()).toEqual(['one', 'two']);

    const [left, right] = first.readings.node === 'one' ? (['one', 'two'] as const) : (['two', 'one'] as const);
    await { one, two }[left].kill();
    await first.viewer.closed;
    const again = await view(first.position);
    expect(again.position.epoch).toBe(beside.position.epoch);
    expect(again.viewer.of('gap')).toEqual([expect.objectContaining({ sub: 's', reason: 'epoch' })]);
    expect(again.readings).toEqual({ node: right, temp: 20 });

    // HAProxy asks both alike whether they are ready, so that the other one's word was heard by now, too.
    await proxy.says(new RegExp(`gateways/${left} is DOWN`));
    expect(proxy.written()).not.toContain(`gateways/${right} is DOWN`);
  },
);
