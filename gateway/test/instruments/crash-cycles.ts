// Kills a gateway under load again and again, and compares what it acknowledged with what its history then holds. Free
// of the test runner, so that benchmarks use it too.
import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import type { HistoryBuckets, HistoryReadings } from '../../src/contract/index.ts';
import type { RecordingPublisher } from './recording-publisher.ts';

/** A gateway that runs as a program of its own. */
export type Killable = { http: string; token: string; mqttPort: number; kill(): Promise<unknown> };

/** What became of readings: acknowledged and not there, there twice, there with another value or never sent. */
export type HistoryFindings = { stored: number; lost: number; doubled: number; wrong: number };
export type CrashFindings = HistoryFindings & {
  /** Readings that were acknowledged. */
  acknowledged: number;
  /** From the start of the program to its word that it is ready, of each start after a kill. */
  readyMs: number[];
};

export type CrashCycles = {
  /** Starts the program; resolves once it is ready. */
  start(): Promise<Killable>;
  publishers: readonly RecordingPublisher[];
  kills: number;
  random(): number;
  /** Messages that are acknowledged at the least between two kills, by all publishers together. */
  messagesBetween: number;
};

/** Publishes as long as the gateway is there, over one connection after the other, until the publisher is done. */
export async function keepPublishing(
  publisher: RecordingPublisher,
  mqttPort: number,
  isGone: () => boolean,
): Promise<void> {
  while (!isGone() && !publisher.isDone()) {
    await publisher.run(mqttPort);
    await delay(reconnectMs);
  }
}

/** The kill comes at any instant of this span, which is longer than a commit with its interval. */
const killWithinMs = 60;
const reconnectMs = 20;

/** Runs the cycles, lets the publishers come to their end, and looks at what is stored. */
export async function crashCycles({
  start,
  publishers,
  kills,
  random,
  messagesBetween,
}: CrashCycles): Promise<CrashFindings> {
  const readyMs: number[] = [];
  for (let kill = 0; kill < kills; kill++) {
    const began = performance.now();
    const gateway = await start();
    if (kill > 0) readyMs.push(performance.now() - began);
    let gone = false;
    const runs = publishers.map(publisher => keepPublishing(publisher, gateway.mqttPort, () => gone));
    const each = Math.ceil(messagesBetween / publishers.length);
    await Promise.all(publishers.map(one => one.whenAcknowledged(one.acknowledged.size + each)));
    await delay(random() * killWithinMs);
    gone = true;
    await gateway.kill();
    await Promise.all(runs);
  }
  const began = performance.now();
  const gateway = await start();
  readyMs.push(performance.now() - began);
  const runs = publishers.map(publisher => keepPublishing(publisher, gateway.mqttPort, () => false));
  for (const publisher of publishers) publisher.stop();
  await Promise.all(runs);
  const found = await compareAll(gateway, publishers);
  await gateway.kill();
  return { ...found, acknowledged: publishers.reduce((sum, one) => sum + one.readings(), 0), readyMs };
}

/** Compares the history of all publishers with what they were told. */
export async function compareAll(
  gateway: Pick<Killable, 'http' | 'token'>,
  publishers: readonly RecordingPublisher[],
): Promise<HistoryFindings> {
  const sum: HistoryFindings = { stored: 0, lost: 0, doubled: 0, wrong: 0 };
  for (const publisher of publishers) {
    const one = await compare(gateway, publisher);
    for (const key of Object.keys(sum) as (keyof HistoryFindings)[]) sum[key] += one[key];
  }
  return sum;
}

async function compare(
  gateway: Pick<Killable, 'http' | 'token'>,
  publisher: RecordingPublisher,
): Promise<HistoryFindings> {
  const { acknowledged, readingsPerMessage, sent, startTs } = publisher;
  const found: HistoryFindings = { stored: 0, lost: 0, doubled: 0, wrong: 0 };
  const seen = new Uint8Array(sent * readingsPerMessage);
  for await (const [ts, value] of readingsOf(gateway, publisher.device)) {
    found.stored++;
    const n = value as number;
    if (ts !== startTs + n || seen[n] === undefined) found.wrong++;
    else if (seen[n] === 1) found.doubled++;
    seen[n] = 1;
  }
  for (const number of acknowledged) {
    for (let i = 0; i < readingsPerMessage; i++) if (seen[number * readingsPerMessage + i] === 0) found.lost++;
  }
  // Buckets come out of other tables than readings do: each reading has to be in one of them, once.
  const counted = await countInBuckets(gateway, publisher.device, sent * readingsPerMessage, startTs);
  if (counted > found.stored) found.doubled += counted - found.stored;
  else found.lost += found.stored - counted;
  return found;
}

async function ask<Body>({ http, token }: Pick<Killable, 'http' | 'token'>, path: string): Promise<Body> {
  const answer = await fetch(`${http}/api/v1${path}`, { headers: { Authorization: `Bearer ${token}` } });
  if (!answer.ok) throw new Error(`GET ${path}: ${answer.status} ${await answer.text()}`);
  return (await answer.json()) as Body;
}

async function* readingsOf(gateway: Pick<Killable, 'http' | 'token'>, device: string) {
  let cursor = '';
  do {
    const path = `/history?device=${device}&metric=n&from=0&limit=10000${cursor}`;
    const page = await ask<HistoryReadings>(gateway, path);
    yield* page.readings;
    cursor = page.next === null ? '' : `&cursor=${page.next}`;
  } while (cursor !== '');
}

async function countInBuckets(
  gateway: Pick<Killable, 'http' | 'token'>,
  device: string,
  spanMs: number,
  startTs: number,
): Promise<number> {
  const path = `/history?device=${device}&metric=n&from=${startTs}&to=${startTs + spanMs + 1}&points=100`;
  const { buckets } = await ask<HistoryBuckets>(gateway, path);
  return buckets.reduce((sum, [, count]) => sum + count, 0);
}
