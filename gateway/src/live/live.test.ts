// The stage on a real HTTP server, with a clock that a test moves.
import { createServer } from 'node:http';
import { describe, expect, onTestFinished, test } from 'vitest';
import { WebSocket } from 'ws';
import { type ServerFrame, subprotocol } from '../contract/index.ts';
import { Live } from './live.ts';
import { MemoryLog } from './log.fixture.ts';
import { createUpgrade } from './upgrade.ts';

const viewing = { name: 'ann', role: 'viewer', scope: null, hash: 'h' } as const;
const heartbeatMs = 20_000;

/** A stage whose `/stream` and `/ws` anybody may open. */
async function listen() {
  const log = new MemoryLog();
  // Somebody sets the wall clock; timers run on as before, as they do in a system.
  const wall = { setByMs: 0 };
  const storing = { now: true };
  const clock = { ...log.clock, now: () => log.clock.now() + wall.setByMs };
  const live = new Live(
    { heartbeatMs, flushIntervalMs: 0, viewersPerUserMax: 10, viewersPerAddressMax: 10 },
    {
      ...log.ports,
      clock,
      random: () => 0.5,
      offset: () => log.entries.length,
      seriesName: series => log.names[series],
      seriesCount: () => log.names.length,
      metricsOf: () => [],
      unitOf: () => null,
      readLog: async after => ({ entries: [], through: after }),
      readEvents: async after => ({ entries: [], through: after }),
      command: async () => 'C1',
      desired: async () => 1,
      isStoring: () => storing.now,
      stillHolds: async () => true,
      lease: () => null,
      sightOf: () => ({ epoch: 'limited', sees: () => false }),
    },
  );
  const server = createServer((_, response) => live.stream(response, { subs: [{ sub: 's' }] }, viewing, '127.0.0.1'));
  const upgrade = createUpgrade(live, {
    clock,
    mqttPacketBytesMax: 1_000,
    hostAnswered: () => true,
    originAllowed: () => true,
    authenticate: async () => viewing,
    acceptMqtt: stream => void stream.destroy(),
    addressOf: () => '127.0.0.1',
    isClosing: () => false,
  });
  server.on('upgrade', (...upgraded) => void upgrade(...upgraded));
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    await live.close();
    server.close();
  });
  return { live, wall, storing, clock: log.clock, address: `127.0.0.1:${(server.address() as { port: number }).port}` };
}

/** Opens a WebSocket; resolves once the gateway has greeted. */
async function connect(address: string): Promise<WebSocket> {
  const socket = new WebSocket(`ws://${address}/api/v1/ws`, subprotocol);
  await new Promise((resolve, reject) => socket.once('message', resolve).once('error', reject));
  return socket;
}

const framesIn = (text: string) =>
  [...text.matchAll(/^data:(.*)$/gm)].map(([, json]) => JSON.parse(json ?? '') as ServerFrame);

describe('the stage', () => {
  test('[LIV-5] tells an idle event stream that all is well, and ends it after ten minutes, to be opened again at once', async () => {
    const { address, clock, live } = await listen();
    const response = await fetch(`http://${address}/`);
    const text = response.text();
    clock.advance(9 * 60_000);
    expect(live.viewerCount()).toBe(1);
    clock.advance(2 * 60_000);
    const frames = framesIn(await text);
    expect(frames.filter(({ t }) => t === 'hb').length).toBeGreaterThan(25);
    expect(frames.at(-1)).toMatchObject({ t: 'bye', code: 'stream_over', retryMs: 0 });
  });

  test('[LIV-5] takes neither a clock that was set nor a process that stood still for a silence', async () => {
    const { address, clock, live, wall } = await listen();
    const socket = await connect(address);
    for (const jump of [3_600_000, -7_200_000]) {
      wall.setByMs += jump;
      clock.advance(1_000);
      clock.advance(1_000);
    }
    expect([live.viewerCount(), live.counters.heartbeatsLost]).toEqual([1, 0]);
    socket.pause();
    for (let second = 0; second < 2 * (heartbeatMs / 1_000); second++) clock.advance(1_000);
    expect(live.counters.heartbeatsLost).toBe(1);
    socket.terminate();
  });

  test('[STO-4] tells viewers when nothing can be stored, those who come meanwhile too, and when it can be again', async () => {
    const { address, clock, live, storing } = await listen();
    const told: (boolean | undefined)[] = [];
    const listenOn = (socket: WebSocket) =>
      socket.on('message', data => {
        const frame = JSON.parse(String(data)) as ServerFrame;
        if (frame.t === 'hb') told.push(frame.storing);
      });
    const next = async (count: number) => {
      while (told.length < count) await new Promise(resolve => setTimeout(resolve, 5));
    };
    const socket = await connect(address);
    listenOn(socket);
    storing.now = false;
    clock.advance(1_000);
    await next(1);
    clock.advance(1_000);
    const late = new WebSocket(`ws://${address}/api/v1/ws`, subprotocol);
    listenOn(late);
    await next(2);
    storing.now = true;
    clock.advance(1_000);
    await next(4);
    expect(told).toEqual([false, false, undefined, undefined]);
    expect(live.viewerCount()).toBe(2);
    socket.terminate();
    late.terminate();
  });

  test('refuses who comes while it closes', async () => {
    const { live } = await listen();
    await live.close();
    expect(() => live.stream({} as never, { subs: [] }, viewing, '')).toThrow(
      expect.objectContaining({ code: 'closing' }),
    );
  });
});
