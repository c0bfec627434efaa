// A viewer that stops reading, on a bare socket: the gateway must not keep for it what it does not take.
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { subprotocol } from '../src/contract/index.ts';
import { gatewayHere, gatewayProgram, newFolder } from './instruments/gateway.ts';
import { Wire } from './instruments/mqtt-wire.ts';
import { TestViewer } from './instruments/viewer.ts';

/** Upgrades by hand and sends one masked text frame; after that the socket is the test's to read, or not. */
async function rawViewer(port: number, token: string, frame: string): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1' });
  onTestFinished(() => void socket.destroy());
  const key = randomBytes(16).toString('base64');
  socket.write(
    `GET /api/v1/ws HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
      `Sec-WebSocket-Key: ${key}\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: ${subprotocol}\r\n` +
      `Authorization: Bearer ${token}\r\n\r\n`,
  );
  const answer = await new Promise<string>(resolve => socket.once('data', chunk => resolve(chunk.toString('latin1'))));
  const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
  expect(answer).toContain(accept);
  const payload = Buffer.from(frame);
  // A mask of zeros leaves the bytes as they are.
  const length =
    payload.length < 126
      ? Buffer.from([0x80 | payload.length])
      : Buffer.from([0xfe, payload.length >> 8, payload.length & 0xff]);
  socket.write(Buffer.concat([Buffer.from([0x81]), length, Buffer.alloc(4), payload]));
  return socket;
}

/** Asks for an event stream by hand; after its first bytes the socket is the test's to read, or not. */
async function rawStream(port: number, token: string, query: string): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1' });
  onTestFinished(() => void socket.destroy());
  socket.write(`GET /api/v1/stream?${query} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ${token}\r\n\r\n`);
  const answer = await new Promise<string>(resolve => socket.once('data', chunk => resolve(chunk.toString('latin1'))));
  expect(answer).toContain('text/event-stream');
  return socket;
}

/** Resident memory of a process, MB. */
function memoryOf(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024;
}

test.skipIf(process.platform !== 'linux')(
  '[LIV-3] viewers that stop reading cost bounded memory, and delay neither another viewer nor the device',
  async () => {
    const gateway = await gatewayProgram(newFolder(), ['store.commitIntervalMs=0']);
    const { http, httpPort, mqttPort, rest } = gateway;
    const wire = await Wire.connect(mqttPort, { user: 'd1', secret: await rest.device('d1') });
    const frozen: Socket[] = [];
    for (const mode of ['log', 'latest', 'log', 'latest']) {
      const socket = await rawViewer(httpPort, rest.token, `{"t":"sub","sub":"s","mode":"${mode}"}`);
      frozen.push(socket);
    }
    for (const mode of ['log', 'latest']) frozen.push(await rawStream(httpPort, rest.token, `mode=${mode}`));
    for (const socket of frozen) socket.pause();
    const viewer = await TestViewer.connect(http, rest.token);
    viewer.send({ t: 'sub', sub: 'fast', mode: 'log' });
    await viewer.frame('snap');

    // About 30 MB of frames for each viewer, far more than the kernel's buffers take.
    const text = 'x'.repeat(1_000);
    const batch = (n: number) => JSON.stringify(Array.from({ length: 100 }, (_, i) => ({ [`m${i}`]: `${n} ${text}` })));
    for (let n = 0; n < 20; n++) await wire.publish('devices/d1/telemetry', batch(n));
    const before = memoryOf(gateway.child.pid as number);
    for (let n = 20; n < 300; n++) await wire.publish('devices/d1/telemetry', batch(n));
    await viewer.frame('data', ({ rows }) => rows.some(([, , value]) => String(value).startsWith('299 ')));
    const grown = memoryOf(gateway.child.pid as number) - before;
    // Kept whole, the frames of the six would be 180 MB; recent readings themselves take about 30.
    expect(grown).toBeLessThan(90);

    // None was thrown out for being slow: read on, each gets to the newest value.
    for (const socket of frozen) {
      let tail = '';
      const newest = new Promise<void>(resolve => {
        socket.on('data', chunk => {
          tail = (tail + chunk.toString('latin1')).slice(-200_000);
          if (tail.includes('299 x')) resolve();
        });
      });
      socket.resume();
      await newest;
    }
  },
  60_000,
);

test('[LIV-5] a viewer that answers no ping is gone after two intervals, and one that does stays', async () => {
  const gateway = await gatewayHere(['live.heartbeatMs=1000']);
  const alive = await TestViewer.connect(gateway.http, gateway.rest.token);
  const silent = await rawViewer(gateway.httpPort, gateway.rest.token, '{"t":"sub","sub":"s"}');
  const since = performance.now();
  silent.resume();
  await new Promise(resolve => silent.once('close', resolve));
  const silence = performance.now() - since;
  expect(silence).toBeGreaterThan(1_900);
  expect(silence).toBeLessThan(2_900);
  alive.send({ t: 'ping', id: 1 });
  expect(await alive.frame('pong')).toMatchObject({ id: 1 });
});
