// The transports beside each other on the same readings: twenty metrics at ten changes a second, fifty viewers that want
// every reading. Plain polling asks for the latest values each second, as a page without a live stream would.
import { Agent, request } from 'node:http';
import type { Socket } from 'node:net';
import { startGateway } from '../programs.ts';
import { heading, median, note, percentile } from '../store/report.ts';
import { cpuSecondsOf, pinToOtherCore } from './machine.ts';
import { delaysOf, openPublisher } from './publisher.ts';
import { RawViewer } from './raw-viewer.ts';

const viewers = 50;
const metrics = Array.from({ length: 20 }, (_, i) => `m${i}`);
const rate = metrics.length * 10;
const warmupSeconds = 2;
const pollEveryMs = 1_000;
/** The client of the dashboard asks no more often than this. */
const longPollEveryMs = 100;
const device = 'load-0';

/** What one viewer received; counts from the moment `counting` is set. */
class Tally {
  counting = false;
  delays: number[] = [];
  private sockets = new Map<Socket, number>();
  private bytesBefore = 0;

  take(delays: number[]): void {
    if (this.counting) this.delays.push(...delays);
  }

  /** Bytes both ways on a socket count from here on. */
  watch(socket: Socket): void {
    if (!this.sockets.has(socket)) this.sockets.set(socket, this.counting ? 0 : sizeOf(socket));
  }

  start(): void {
    this.counting = true;
    this.bytesBefore = this.all();
  }

  bytes(): number {
    return this.all() - this.bytesBefore;
  }

  private all(): number {
    let sum = 0;
    for (const socket of this.sockets.keys()) sum += sizeOf(socket);
    return sum;
  }
}

const sizeOf = (socket: Socket) => socket.bytesRead + socket.bytesWritten;

type Target = { http: string; token: string };
type Open = (target: Target, tally: Tally) => Promise<() => void>;

const ask = { sub: 'stream', mode: 'log' as const, intervalMs: 0 };
const query = 'mode=log&intervalMs=0';

async function openWs({ http, token }: Target, tally: Tally): Promise<() => void> {
  const viewer = await RawViewer.open(http, token, ask, (frame, now) => tally.take(delaysOf(frame, now)));
  tally.watch(viewer.socket);
  return () => viewer.close();
}

async function openSse({ http, token }: Target, tally: Tally): Promise<() => void> {
  const headers = { Authorization: `Bearer ${token}` };
  const asked = request(`${http}/api/v1/stream?${query}`, { headers, agent: false }, answer => {
    let text = '';
    answer.setEncoding('utf8').on('data', chunk => {
      const now = performance.now();
      const messages = `${text}${chunk}`.split('\n\n');
      text = messages.pop() ?? '';
      for (const message of messages) {
        const data = message.slice(message.indexOf('data:') + 5);
        if (data.startsWith('{"t":"data"')) tally.take(delaysOf(Buffer.from(data), now));
      }
    });
    answer.on('error', () => {});
  });
  asked.on('error', () => {});
  asked.on('socket', socket => tally.watch(socket));
  asked.end();
  return () => asked.destroy();
}

/** Asks again and again; `next` says what to ask after an answer, and takes it. */
function openAsking(
  { token }: Target,
  tally: Tally,
  first: string,
  next: (body: string, now: number) => string,
  everyMs = 0,
) {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  let isOver = false;
  const turn = (url: string) => {
    const begin = performance.now();
    const asked = request(url, { headers: { Authorization: `Bearer ${token}` }, agent }, answer => {
      let text = '';
      answer.setEncoding('utf8').on('data', chunk => {
        text += chunk;
      });
      answer.on('end', () => {
        const now = performance.now();
        if (isOver) return;
        const following = next(text, now);
        setTimeout(() => isOver || turn(following), Math.max(0, everyMs - (now - begin)));
      });
    });
    asked.on('socket', socket => tally.watch(socket));
    asked.on('error', () => {});
    asked.end();
  };
  turn(first);
  return () => {
    isOver = true;
    agent.destroy();
  };
}

async function openPoll(target: Target, tally: Tally): Promise<() => void> {
  const url = (after: string) => `${target.http}/api/v1/log?${query}${after}`;
  return openAsking(
    target,
    tally,
    url(''),
    (body, now) => {
      const { frames, next } = JSON.parse(body) as { frames: { t: string }[]; next: string };
      for (const frame of frames) {
        if (frame.t === 'data') tally.take(delaysOf(Buffer.from(JSON.stringify(frame)), now));
      }
      return url(`&after=${next}`);
    },
    longPollEveryMs,
  );
}

async function openPlain(target: Target, tally: Tally): Promise<() => void> {
  const url = `${target.http}/api/v1/devices/${device}/latest`;
  const take = (body: string, now: number) => {
    const { values } = JSON.parse(body) as { values: { value: number }[] };
    tally.take(values.map(({ value }) => now - value));
    return url;
  };
  return openAsking(target, tally, url, take, pollEveryMs);
}

const variants: { name: string; open: Open | null }[] = [
  { name: 'nobody', open: null },
  { name: 'WebSocket', open: openWs },
  { name: 'SSE', open: openSse },
  { name: 'long poll', open: openPoll },
  { name: 'polling each second', open: openPlain },
];

async function measure(open: Open | null, seconds: number) {
  const gateway = await startGateway(1, [], [], 0);
  try {
    const publisher = await openPublisher({ ...gateway, rate, seconds: seconds + warmupSeconds, metrics });
    const tally = new Tally();
    const closers = open === null ? [] : await Promise.all(Array.from({ length: viewers }, () => open(gateway, tally)));
    const running = publisher.run();
    await new Promise(done => setTimeout(done, warmupSeconds * 1_000));
    tally.start();
    const cpuBefore = cpuSecondsOf(gateway.pid);
    await running;
    const cpu = (cpuSecondsOf(gateway.pid) - cpuBefore) / seconds;
    await new Promise(done => setTimeout(done, 200));
    const bytes = tally.bytes();
    for (const close of closers) close();
    publisher.close();
    const { delays } = tally;
    return {
      p50: percentile(delays, 0.5),
      p99: percentile(delays, 0.99),
      share: delays.length / (rate * seconds * viewers),
      bytesPerReading: bytes / delays.length,
      cpu,
    };
  } finally {
    await gateway.stop();
  }
}

/** Runs all transports in turns and prints the table. */
export async function benchTransports({ rounds, seconds }: { rounds: number; seconds: number }): Promise<void> {
  pinToOtherCore();
  heading(`transports: ${viewers} viewers of ${metrics.length} metrics at 10 changes/s each, flush interval 0`);
  const results = variants.map(() => [] as Awaited<ReturnType<typeof measure>>[]);
  for (let round = 0; round < rounds; round++) {
    const order = variants.map((_, i) => (round % 2 === 0 ? i : variants.length - 1 - i));
    for (const i of order) results[i]?.push(await measure(variants[i]?.open ?? null, seconds));
  }
  const of = (i: number, what: keyof Awaited<ReturnType<typeof measure>>) =>
    median((results[i] ?? []).map(run => run[what]));
  const idle = of(0, 'cpu');
  note('transport             p50 ms   p99 ms   readings that came   bytes a reading   gateway CPU, cores');
  for (const [i, { name, open }] of variants.entries()) {
    if (open === null) {
      note(`${name.padEnd(20)} ${''.padStart(52)} ${idle.toFixed(3).padStart(14)}`);
      continue;
    }
    const cells = [of(i, 'p50').toFixed(1).padStart(7), of(i, 'p99').toFixed(1).padStart(8)];
    cells.push(`${(of(i, 'share') * 100).toFixed(0)} %`.padStart(20), of(i, 'bytesPerReading').toFixed(0).padStart(17));
    cells.push(`+${(of(i, 'cpu') - idle).toFixed(3)}`.padStart(14));
    note(
      `${name.padEnd(20)} ${cells.join(' ')}   raw p50 ${(results[i] ?? []).map(({ p50 }) => p50.toFixed(1)).join(' ')}`,
    );
  }
}
