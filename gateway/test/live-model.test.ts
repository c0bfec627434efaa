// The promise of the live view, tried on the whole gateway: whatever happens to the network and to the gateway, what a
// viewer holds in the end is what a fresh read shows, and no reading came twice.
import type { Connection, SubscriptionUpdate } from '@telltale/dashboard/connection';
import { expect, onTestFinished, test } from 'vitest';
import type { HistoryReadings, Latest, Value } from '../src/contract/index.ts';
import { BadNetwork } from './instruments/bad-network.ts';
import { freePort } from './instruments/free-port.ts';
import { type GatewayProgram, gatewayProgram, newFolder, type Rest, runProgram } from './instruments/gateway.ts';
import { liveClient } from './instruments/live-client.ts';
import { Publisher } from './instruments/publisher.ts';
import { seededRandom } from './instruments/random.ts';

const metrics = ['a', 'b', 'c'];

/** What a page would hold: the newest value of each metric, and all readings of one. */
class Holder {
  readonly latest = new Map<string, { ts: number | null; value: Value | null; freshness: string | null }>();
  /** By time. Numbers grow with it. */
  readings = new Map<number, Value>();
  readonly doubled: number[] = [];
  readonly gaps: string[] = [];
  readonly transports = new Set<string>();
  /** Times that came live since the log began anew: none may come again. */
  private cameLive = new Map<number, Value>();
  private loads = 0;
  private loading = false;
  private readonly history: () => Promise<Map<number, Value>>;
  private latestSettled = false;
  private logSettled = false;
  private whole: Set<string> | null = null;

  constructor(connection: Connection, mode: { intervalMs: number }, history: () => Promise<Map<number, Value>>) {
    this.history = history;
    connection.listen({ state: state => state.name === 'open' && this.transports.add(state.transport) });
    connection.subscribe({ mode: 'latest', ...mode }, update => this.takeLatest(update));
    connection.subscribe({ metric: ['a'], mode: 'log', ...mode }, update => this.takeLog(update));
  }

  isSettled(): boolean {
    return this.latestSettled && this.logSettled && !this.loading;
  }

  private takeLatest(update: SubscriptionUpdate): void {
    switch (update.kind) {
      case 'asked':
        if (update.since === null) this.whole = new Set();
        return;
      case 'gap':
        this.latestSettled = false;
        this.whole = new Set();
        return;
      case 'snapshot':
      case 'readings':
        for (const { series, ts, value, freshness } of update.readings) {
          const known = this.latest.get(series.metric);
          this.whole?.add(series.metric);
          if (update.kind === 'readings' && ts !== null && (known?.ts ?? 0) > ts) continue;
          this.latest.set(series.metric, { ts, value, freshness: freshness ?? 'live' });
        }
        if (update.kind !== 'snapshot' || !update.done || this.whole === null) return;
        for (const metric of [...this.latest.keys()]) if (!this.whole.has(metric)) this.latest.delete(metric);
        this.whole = null;
        return;
      case 'fresh':
        for (const { series, freshness } of update.rows) {
          const known = this.latest.get(series.metric);
          if (known !== undefined) known.freshness = freshness;
        }
        return;
      case 'settled':
      case 'lost':
        this.latestSettled = update.kind === 'settled';
    }
  }

  private takeLog(update: SubscriptionUpdate): void {
    switch (update.kind) {
      case 'asked':
        // Without a position there is no telling what came before.
        if (update.since === null) this.reload();
        return;
      case 'gap':
        this.logSettled = false;
        this.gaps.push(update.reason);
        this.reload();
        return;
      case 'readings':
        for (const { ts, value } of update.readings) {
          if (ts === null || value === null) continue;
          if (this.cameLive.has(ts)) this.doubled.push(ts);
          this.cameLive.set(ts, value);
          this.readings.set(ts, value);
        }
        return;
      case 'settled':
      case 'lost':
        this.logSettled = update.kind === 'settled';
    }
  }

  /** What a page does where it was told that something is missing: reads the history, and adds what comes live. */
  private reload(): void {
    this.cameLive = new Map();
    this.loading = true;
    const mine = ++this.loads;
    const load = async (): Promise<void> => {
      try {
        const history = await this.history();
        if (mine !== this.loads) return;
        this.readings = new Map([...history, ...this.cameLive]);
        this.loading = false;
      } catch {
        // The gateway is not there just now.
        await new Promise(resolve => setTimeout(resolve, 100));
        if (mine === this.loads) await load();
      }
    };
    void load();
  }
}

async function historyOf(rest: Rest): Promise<Map<number, Value>> {
  const all = new Map<number, Value>();
  let cursor = '';
  for (;;) {
    const page = await rest.get<HistoryReadings>(`/history?device=d1&metric=a&from=0&limit=10000${cursor}`);
    for (const [ts, value] of page.readings) all.set(ts, value);
    if (page.next === null) return all;
    cursor = `&cursor=${page.next}`;
  }
}

/** A gateway that can be killed, and set back to an earlier moment, always at the same ports. */
class Plant {
  readonly dir = newFolder();
  ports: string[] = [];
  program!: GatewayProgram;
  secret = '';

  async start(): Promise<void> {
    this.ports =
      this.ports.length > 0 ? this.ports : [`http.port=${await freePort()}`, `mqtt.port=${await freePort()}`];
    this.program = await gatewayProgram(this.dir, [...this.ports, 'live.heartbeatMs=1000']);
    this.secret ||= await this.program.rest.device('d1');
  }

  async restart(): Promise<void> {
    await this.program.kill('SIGKILL');
    await this.start();
  }

  /** Everything since the backup is gone: a new epoch. */
  async restore(backup: string): Promise<void> {
    await this.program.kill('SIGTERM');
    const { status, err } = await runProgram('restore', backup, '--set', `store.dir=${this.dir}`);
    if (status !== 0) throw new Error(err);
    await this.start();
  }
}

/** The same in another order. */
function shuffled<Item>(items: readonly Item[], random: () => number): Item[] {
  return items
    .map(item => ({ item, rank: random() }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ item }) => item);
}

test.each([1])(
  '[LIV-2] [LIV-6] cuts, pauses, blocked upgrades, kills and a restored backup: a viewer holds what a fresh read shows (seed %i)',
  async seed => {
    const random = seededRandom(seed);
    const plant = new Plant();
    await plant.start();
    const network = await BadNetwork.open(() => plant.program.httpPort);
    const publisher = new Publisher(() => plant.program.mqttPort, 'd1', plant.secret, metrics);
    onTestFinished(() => publisher.close());
    publisher.start(20);
    const base = `http://127.0.0.1:${network.port}`;
    const clients = [0, 50].map(intervalMs => {
      const connection = liveClient(base, plant.program.rest.token, random);
      const holder = new Holder(connection, { intervalMs }, () => historyOf(plant.program.rest));
      connection.start();
      return { connection, holder };
    });
    const wait = (ms: number) => new Promise(resolve => setTimeout(resolve, ms));
    const backup = `${plant.dir}-backup.db`;

    /** A proxy that lets no WebSocket through, or no stream either; waits until the clients have found a way. */
    const hinder = async (streamsToo: boolean) => {
      network.blocksUpgrades = true;
      network.buffersStreams = streamsToo;
      network.cut();
      const ways = streamsToo ? ['poll'] : ['sse', 'poll'];
      const notThere = () =>
        clients.flatMap(({ connection }) => {
          const state = connection.state();
          // Somebody who looks at the page does not let it wait.
          if (state.name === 'waiting') connection.wake();
          return state.name === 'open' && ways.includes(state.transport) ? [] : [{ ...state, hello: undefined }];
        });
      await expect.poll(notThere, { timeout: 60_000, interval: 250 }).toEqual([]);
    };
    const actions: Record<string, () => Promise<void> | void> = {
      cut: () => network.cut(),
      pause: async () => {
        network.stop();
        await wait(random() * 3_000);
        network.resume();
      },
      block: () => hinder(false),
      buffer: () => hinder(true),
      open: () => {
        network.blocksUpgrades = network.buffersStreams = false;
        for (const { connection } of clients) connection.wake();
      },
      kill: () => plant.restart(),
      backup: async () => {
        const { status } = await runProgram('backup', backup, '--set', `store.dir=${plant.dir}`);
        expect(status).toBe(0);
      },
      restore: () => plant.restore(backup),
    };
    const before = shuffled(['cut', 'pause', 'kill', 'block', 'cut'], random);
    const after = shuffled(['cut', 'pause', 'kill', 'open', 'cut'], random);
    for (const name of [...before, 'backup', 'cut', 'buffer', 'pause', 'restore', ...after]) {
      await wait(random() * 500);
      await actions[name]?.();
    }
    network.blocksUpgrades = network.buffersStreams = false;
    await publisher.stop();

    const { rest } = plant.program;
    const { values } = await rest.get<Latest>('/devices/d1/latest');
    for (const { connection, holder } of clients) {
      connection.wake();
      const held = () => Object.fromEntries([...holder.latest].map(([metric, { ts, value }]) => [metric, [ts, value]]));
      const fresh = Object.fromEntries(values.map(({ metric, ts, value }) => [metric, [ts, value]]));
      await expect.poll(() => holder.isSettled() && held(), { timeout: 30_000 }).toEqual(fresh);
      const history = await historyOf(rest);
      await expect.poll(() => holder.readings.size, { timeout: 10_000 }).toBe(history.size);
      expect(new Map([...holder.readings].sort(([a], [b]) => a - b))).toEqual(history);
      // What the device itself sent twice is twice in the log.
      expect(holder.doubled.filter(ts => !publisher.repeated.has(ts))).toEqual([]);
      expect(holder.gaps).toContain('epoch');
      expect([...holder.transports]).toEqual(expect.arrayContaining(['ws', 'poll']));
      // Freshness goes on to change; at any moment it is the same here and there.
      await expect
        .poll(async () => {
          const now = await rest.get<Latest>('/devices/d1/latest');
          return now.values.every(({ metric, freshness }) => holder.latest.get(metric)?.freshness === freshness);
        })
        .toBe(true);
    }
  },
  180_000,
);
