// What it takes to open a WebSocket: a name, an origin, a sign-in or a ticket, and room.
import { once } from 'node:events';
import { request } from 'node:http';
import { connect } from 'node:net';
import { expect, test } from 'vitest';
import { type LogAnswer, subprotocol, type Ticket } from '../src/contract/index.ts';
import { adminPassword, gatewayHere, Rest, type TestGateway } from './instruments/gateway.ts';
import { ticketClient } from './instruments/live-client.ts';
import { SseReader } from './instruments/sse.ts';
import { TestViewer } from './instruments/viewer.ts';

const partner = 'https://partner.example';
type Headers = Record<string, string>;
type Answered = { status: number; headers: NodeJS.Dict<string | string[]>; text: string };

/** Asks for an upgrade; resolves with 101 and the chosen subprotocol, or with the refusal. An open one stays open. */
function upgrade({ http }: { http: string }, headers: Headers, path = '/api/v1/ws'): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const asked = request(`${http}${path}`, {
      agent: false,
      headers: {
        Upgrade: 'websocket',
        Connection: 'Upgrade',
        'Sec-WebSocket-Key': 'MTIzNDU2Nzg5MDEyMzQ1Ng==',
        'Sec-WebSocket-Version': '13',
        'Sec-WebSocket-Protocol': subprotocol,
        ...headers,
      },
    });
    asked.on('upgrade', response => resolve({ status: 101, headers: response.headers, text: '' }));
    asked.on('response', async response => {
      const text = (await response.setEncoding('utf8').toArray()).join('');
      resolve({ status: response.statusCode ?? 0, headers: response.headers, text });
    });
    asked.on('error', reject);
    asked.end();
  });
}

const offering = (ticket: string, more: Headers = {}) => ({
  'Sec-WebSocket-Protocol': `${subprotocol}, telltale.ticket.${ticket}`,
  Origin: partner,
  ...more,
});

const ticketOf = async ({ rest }: Pick<TestGateway, 'rest'>) => (await rest.post<Ticket>('/ticket')).ticket;

test('[ACC-11] a ticket lets a page of a configured origin in, once, and is not said again', async () => {
  const gateway = await gatewayHere([`http.origins=[${partner}]`]);
  const ticket = await ticketOf(gateway);
  const { status, headers } = await upgrade(gateway, offering(ticket));
  expect([status, headers['sec-websocket-protocol']]).toEqual([101, subprotocol]);
  expect((await upgrade(gateway, offering(ticket))).status).toBe(401);
});

test('[ACC-11] a ticket helps no page of another origin, nor is it spent by one', async () => {
  const gateway = await gatewayHere([`http.origins=[${partner}]`]);
  const ticket = await ticketOf(gateway);
  expect((await upgrade(gateway, offering(ticket, { Origin: 'https://evil.example' }))).status).toBe(403);
  expect((await upgrade(gateway, offering(ticket))).status).toBe(101);
});

test('[ACC-11] a ticket ends with the session that asked for it, and so does what it opened', async () => {
  const gateway = await gatewayHere();
  const begun = await fetch(`${gateway.http}/api/v1/session`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ name: 'admin', password: adminPassword }),
  });
  const cookie = begun.headers.get('Set-Cookie') ?? '';
  const secret = /telltale_session=([^;]+)/.exec(cookie)?.[1] ?? '';
  const session = new Rest(gateway.http, secret);
  const [used, unused] = [await ticketOf({ rest: session }), await ticketOf({ rest: session })];
  const viewer = await TestViewer.connectWith(gateway.http, [subprotocol, `telltale.ticket.${used}`], {});
  expect(await viewer.frame('hello')).toMatchObject({ user: 'admin' });
  expect((await session.fetch('/session', { method: 'DELETE' })).status).toBe(204);
  expect(await viewer.closed).toMatchObject({ code: 4401 });
  expect((await upgrade(gateway, offering(unused, { Origin: gateway.http }))).status).toBe(401);
});

test('[ACC-11] the client of a page of another origin comes in by tickets, again after each break, and stops where its token is over', async () => {
  const gateway = await gatewayHere();
  const { http, rest } = gateway;
  const states: string[] = [];
  const connection = ticketClient(http, rest.token);
  const reached = (wanted: string) =>
    new Promise<void>(resolve => {
      const end = connection.listen({
        state: ({ name }) => {
          if (name !== wanted) return;
          end();
          resolve();
        },
      });
    });
  connection.listen({ state: state => states.push(state.name === 'open' ? `open ${state.transport}` : state.name) });
  const first = reached('open');
  connection.start();
  await first;
  const second = reached('open');
  connection.stop();
  connection.start();
  await second;
  expect(states.filter(name => name.startsWith('open'))).toEqual(['open ws', 'open ws']);

  const nobody = ticketClient(http, 'tt_nobody');
  const out = new Promise<void>(resolve => {
    nobody.listen({ state: ({ name }) => name === 'signed-out' && resolve() });
  });
  nobody.start();
  await out;
});

test('[ACC-11] a page of a configured origin is nobody by the cookie alone', async () => {
  const gateway = await gatewayHere([`http.origins=[${partner}]`]);
  const cookie = { Cookie: `telltale_session=${gateway.rest.token}` };
  expect((await upgrade(gateway, { ...cookie, Origin: partner })).status).toBe(401);
  expect((await upgrade(gateway, { ...cookie, Origin: gateway.http })).status).toBe(101);
});

test('[ACC-11] whoever was refused and does not hang up is cut', async () => {
  const { httpPort } = await gatewayHere();
  const socket = connect({ port: httpPort, allowHalfOpen: true });
  const closed = new Promise<void>(resolve => socket.once('close', () => resolve()));
  socket.on('error', () => {});
  socket.write('GET /nowhere HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n');
  const [answer] = await once(socket, 'data');
  expect(String(answer)).toMatch(/^HTTP\/1.1 404/);
  // A socket that is gone at its other end is found by writing to it.
  const writing = setInterval(() => socket.write('x'), 100);
  await closed;
  clearInterval(writing);
});

test('[ACC-10] a name that leads here without being the gateway’s is refused, for viewers and devices alike', async () => {
  const gateway = await gatewayHere(['access.devices=open']);
  const rebound = { Host: 'evil.example', Origin: 'http://evil.example' };
  const mqtt = { 'Sec-WebSocket-Protocol': 'mqtt' };
  const refused = await upgrade(gateway, { ...rebound, ...mqtt }, '/mqtt');
  expect([refused.status, refused.headers['x-content-type-options']]).toEqual([421, 'nosniff']);
  expect((await upgrade(gateway, { ...rebound, Authorization: `Bearer ${gateway.rest.token}` })).status).toBe(421);
  expect((await upgrade(gateway, mqtt, '/mqtt')).status).toBe(101);
});

test('[ACC-11] a user has so many live connections of any kind, and no more; others have theirs', async () => {
  const gateway = await gatewayHere(['live.viewersPerUserMax=2']);
  const { http, rest } = gateway;
  const first = await TestViewer.connect(http, rest.token);
  const stream = await SseReader.open(http, rest.token, 'mode=log');
  await stream.frame('hello');
  const { status, text } = await upgrade(gateway, { Authorization: `Bearer ${rest.token}` });
  expect([status, JSON.parse(text)]).toEqual([
    429,
    expect.objectContaining({ code: 'too_many', detail: 'at most 2 connections of a user' }),
  ]);
  expect((await rest.fetch('/log?wait=0')).status).toBe(429);
  const { token } = new Rest(http, await signedIn(http));
  await TestViewer.connect(http, token);

  first.close();
  await first.closed;
  await until(async () => (await rest.fetch('/log?wait=0')).status === 200);
  expect((await rest.get<LogAnswer>('/log?wait=0')).frames).not.toEqual([]);
});

test('[ACC-11] an address has so many live connections, whoever they belong to', async () => {
  const gateway = await gatewayHere(['live.viewersPerAddressMax=1', 'http.trustedProxies=[127.0.0.1]']);
  const Authorization = `Bearer ${gateway.rest.token}`;
  const from = (address: string) => upgrade(gateway, { Authorization, 'X-Forwarded-For': address });
  expect((await from('203.0.113.1')).status).toBe(101);
  expect((await from('203.0.113.1')).status).toBe(429);
  expect((await from('203.0.113.2')).status).toBe(101);
});

test('[ACC-11] an address that goes on asking without a sign-in is refused unheard', async () => {
  const gateway = await gatewayHere(['http.trustedProxies=[127.0.0.1]']);
  const from = (address: string, secret: string) =>
    upgrade(gateway, { Authorization: `Bearer ${secret}`, 'X-Forwarded-For': address });
  const statuses = new Set<number>();
  // A minute may end in between, and the count begin anew: twice as many are enough all the same.
  for (let asked = 0; asked < 121 && !statuses.has(429); asked++) {
    statuses.add((await from('203.0.113.1', `guess-${asked}`)).status);
  }
  expect([...statuses]).toEqual([401, 429]);
  expect((await from('203.0.113.2', gateway.rest.token)).status).toBe(101);
});

test('[ACC-10] a stream has the headers of every other answer, and those for a configured origin', async () => {
  const { http, rest } = await gatewayHere([`http.origins=[${partner}]`]);
  const abort = new AbortController();
  for (const path of ['/stream', '/log?wait=0']) {
    const { headers } = await rest.fetch(path, { headers: { Origin: partner }, signal: abort.signal });
    expect(headers.get('Content-Security-Policy'), path).toContain("default-src 'none'");
    expect(headers.get('X-Content-Type-Options')).toBe('nosniff');
    expect(headers.get('Access-Control-Allow-Origin')).toBe(partner);
  }
  abort.abort();
  expect((await fetch(`${http}/api/v1/stream`, { headers: { Origin: 'https://evil.example' } })).status).toBe(403);
});

async function signedIn(http: string): Promise<string> {
  const begun = await fetch(`${http}/api/v1/session`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ name: 'admin', password: adminPassword }),
  });
  return /telltale_session=([^;]+)/.exec(begun.headers.get('Set-Cookie') ?? '')?.[1] ?? '';
}

/** Asks again and again until it is so: the gateway hears of the end of a connection a moment later. */
async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await new Promise(resolve => setTimeout(resolve, 10));
}
