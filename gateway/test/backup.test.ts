// Backup, verify and restore, as the person uses them who runs the gateway.
import { chmodSync, copyFileSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Command, CommandGroup, HistoryReadings } from '../src/contract/index.ts';
import { verifyFile } from '../src/store/index.ts';
import {
  type Ended,
  type GatewayProgram,
  gatewayProgram,
  makeToken,
  newFolder,
  Rest,
  runProgram,
} from './instruments/gateway.ts';
import { Wire } from './instruments/mqtt-wire.ts';
import { TestViewer } from './instruments/viewer.ts';

const start = 1763820000000;

const backupTo = (dir: string, file: string) => runProgram('backup', file, '--set', `store.dir=${dir}`);
const restoreTo = (dir: string, file: string) => runProgram('restore', file, '--set', `store.dir=${dir}`);

/** What `verify` counted, by the name of the line. */
function counted({ out }: Ended, name: string): string {
  return new RegExp(`^${name} {2,}(.*)$`, 'm').exec(out)?.[1] ?? '';
}

/** Publishes numbered readings one after the other until it is told to stop; counts those that were acknowledged. */
class Publisher {
  acknowledged = 0;
  private stopped = false;
  private readonly done: Promise<void>;

  constructor(wire: Wire, device: string) {
    this.done = this.publish(wire, device);
  }

  /** Resolves with how many were published, all of them acknowledged. */
  async stop(): Promise<number> {
    this.stopped = true;
    await this.done;
    return this.acknowledged;
  }

  /** Resolves once `count` are acknowledged. */
  async reached(count: number): Promise<void> {
    while (this.acknowledged < count) await new Promise(resolve => setTimeout(resolve, 5));
  }

  private async publish(wire: Wire, device: string): Promise<void> {
    while (!this.stopped) {
      const n = this.acknowledged;
      const payload = `{"ts":${start + n},"values":{"n":${n},"text":"reading ${n}"}}`;
      await wire.publish(`devices/${device}/telemetry`, payload, (n % 60_000) + 1);
      this.acknowledged = n + 1;
    }
  }
}

async function publisher(gateway: GatewayProgram, device: string): Promise<Publisher> {
  const wire = await Wire.connect(gateway.mqttPort, { user: device, secret: await gateway.rest.device(device) });
  return new Publisher(wire, device);
}

async function numbers(rest: Rest, device: string): Promise<unknown[]> {
  const values: unknown[] = [];
  let cursor = '';
  do {
    const page = await rest.get<HistoryReadings>(`/history?device=${device}&metric=n&from=0&limit=10000${cursor}`);
    values.push(...page.readings.map(([, value]) => value));
    cursor = page.next === null ? '' : `&cursor=${page.next}`;
  } while (cursor !== '');
  return values;
}

const upTo = (count: number) => Array.from({ length: count }, (_, n) => n);
const unfinished = (folder: string) => readdirSync(folder).filter(name => name.includes('.part'));

async function download(rest: Rest, file: string): Promise<Response> {
  const response = await rest.fetch('/backup');
  writeFileSync(file, Buffer.from(await response.arrayBuffer()), { flag: 'wx' });
  return response;
}

/** A gateway with `count` readings of each of two metrics, and a backup of it. */
async function backedUp(count: number): Promise<{ gateway: GatewayProgram; file: string; readings: number }> {
  const gateway = await gatewayProgram(newFolder(), ['store.commitIntervalMs=0']);
  const publishing = await publisher(gateway, 'd1');
  await publishing.reached(count);
  const readings = (await publishing.stop()) * 2;
  const file = join(newFolder(), 'backup.db');
  expect(await backupTo(gateway.dir, file)).toMatchObject({ status: 0, err: '' });
  return { gateway, file, readings };
}

test('[STO-9] a backup under running publishes has every reading acknowledged before it, and holds none of them up', async () => {
  const gateway = await gatewayProgram(newFolder(), ['store.commitIntervalMs=0']);
  const publishing = await publisher(gateway, 'd1');
  await publishing.reached(300);
  const folder = newFolder();
  const ways = {
    rest: (file: string) => download(gateway.rest, file),
    cli: (file: string) => backupTo(gateway.dir, file),
  };
  const before = new Map<string, { acknowledged: number; epoch: string }>();
  const { epoch } = await (await TestViewer.connect(gateway.http, gateway.rest.token)).frame('hello');
  for (const [way, take] of Object.entries(ways)) {
    const { acknowledged } = publishing;
    before.set(way, { acknowledged, epoch });
    await take(join(folder, way));
    await publishing.reached(acknowledged + 50);
  }
  const all = await publishing.stop();
  expect(await numbers(gateway.rest, 'd1')).toEqual(upTo(all));

  for (const way of Object.keys(ways)) {
    const report = await runProgram('verify', join(folder, way));
    expect(report).toMatchObject({ status: 0, err: '' });
    expect(report.out.trim().split('\n').at(-1)).toBe('sound');
    expect(counted(report, 'checksum')).toBe('fits');
    expect(counted(report, 'epoch')).toBe(epoch);
    expect(counted(report, 'series')).toBe('2');
    expect(counted(report, 'devices')).toBe('1');
    expect(counted(report, 'users')).toBe('1');

    const dir = newFolder();
    expect(await restoreTo(dir, join(folder, way))).toMatchObject({ status: 0, err: '' });
    const restored = await gatewayProgram(dir);
    const kept = await numbers(restored.rest, 'd1');
    expect(kept).toEqual(upTo(kept.length));
    expect(kept.length).toBeGreaterThanOrEqual(before.get(way)?.acknowledged ?? Number.POSITIVE_INFINITY);
    expect(kept.length).toBeLessThanOrEqual(all);
    expect(counted(report, 'readings')).toBe(String(kept.length * 2));
    expect(counted(report, 'from')).toBe(
      `${new Date(start).toISOString()} to ${new Date(start + kept.length - 1).toISOString()}`,
    );
    await restored.kill();
  }
  expect([...unfinished(gateway.dir), ...unfinished(folder)]).toEqual([]);
}, 60_000);

test('[STO-9] verify notices one flipped byte, wherever it lies, and a file that was cut off', async () => {
  const { file } = await backedUp(200);
  const bytes = readFileSync(file);
  const damaged = join(newFolder(), 'damaged.db');
  const places = [0, 17, 30, 95, 110, bytes.length - 90, bytes.length - 60, bytes.length - 1];
  // More of them find nothing more: each is one that the checksum has to see.
  for (let i = 1; i < 150; i++) places.push(Math.floor((bytes.length / 150) * i));
  for (const place of places) {
    const copy = Buffer.from(bytes);
    copy[place] = (copy[place] as number) ^ 0x10;
    writeFileSync(damaged, copy);
    expect(verifyFile(damaged).problems, `byte ${place}`).not.toEqual([]);
  }
  const report = await runProgram('verify', damaged);
  expect(report).toMatchObject({ status: 1, err: '' });
  expect(report.out).toMatch(/^not sound: .+\n$/m);
  for (const length of [bytes.length - 1, bytes.length - 4096, 1000, 0]) {
    writeFileSync(damaged, bytes.subarray(0, length));
    expect(await runProgram('verify', damaged), `${length} bytes`).toMatchObject({ status: 1 });
  }
  // The last one is refused by restore, too, in words and with nothing changed.
  const dir = newFolder();
  writeFileSync(damaged, bytes.subarray(0, bytes.length - 1));
  const refused = await restoreTo(dir, damaged);
  expect(refused.status).toBe(1);
  expect(refused.err).toMatch(/^telltale: .* is not sound, and nothing was restored: the checksum does not fit.*\n$/);
  expect(readdirSync(dir)).toEqual(['lock']);
}, 60_000);

test('[STO-9] a restore beside a running gateway is refused, and the gateway goes on', async () => {
  const { gateway, file } = await backedUp(5);
  expect(await restoreTo(gateway.dir, file)).toEqual({
    status: 1,
    out: '',
    err: `telltale: a gateway runs on the data folder ${gateway.dir}: stop it first (store.dir)\n`,
  });
  expect(await gateway.rest.get('/devices')).toMatchObject({ items: [{ id: 'd1' }] });
});

test('[STO-9] a restore begins a new epoch: old readings are there, later ones lie set aside, and a viewer is told', async () => {
  const { gateway, file } = await backedUp(50);
  const { dir, rest } = gateway;
  const viewer = await TestViewer.connect(gateway.http, rest.token);
  viewer.send({ t: 'sub', sub: 's', mode: 'log' });
  const { epoch } = await viewer.frame('hello');
  const kept = await numbers(rest, 'd1');
  const wire = await Wire.connect(gateway.mqttPort, { user: 'd2', secret: await rest.device('d2') });
  await wire.publish('devices/d2/telemetry', '{"late":1}');
  const { offset } = await viewer.frame('data');
  await gateway.kill('SIGKILL');

  const done = await restoreTo(dir, file);
  expect(done).toMatchObject({ status: 0, err: '' });
  expect(done.out).toContain('credentials');
  const [aside = ''] = readdirSync(dir).filter(name => name.startsWith('before-restore-'));
  expect(done.out).toContain(join(dir, aside));

  const second = await gatewayProgram(dir);
  const now = new Rest(second.http, makeToken(dir));
  expect(await numbers(now, 'd1')).toEqual(kept);
  expect((await now.fetch('/devices/d2')).status).toBe(404);
  const again = await TestViewer.connect(second.http, now.token);
  expect((await again.frame('hello')).epoch).not.toBe(epoch);
  again.send({ t: 'sub', sub: 's', mode: 'log', since: { epoch, offset } });
  expect(await again.frame('gap')).toMatchObject({ sub: 's', reason: 'epoch' });
  await again.frame('snap', ({ done: last }) => last);
  await second.kill('SIGTERM');

  // Nothing is lost by a restore: it is undone by restoring what was set aside.
  expect(await runProgram('verify', join(dir, aside, 'telltale.db'))).toMatchObject({ status: 0 });
  expect(await restoreTo(dir, join(dir, aside, 'telltale.db'))).toMatchObject({ status: 0, err: '' });
  const third = await gatewayProgram(dir);
  expect(await third.rest.get('/devices/d2/latest')).toMatchObject({ values: [{ metric: 'late', value: 1 }] });
}, 30_000);

test('[STO-9] [CMD-4] [CMD-10] a command that waited when the backup was taken does not go out after a restore, and a group stops', async () => {
  const dir = newFolder();
  const first = await gatewayProgram(dir);
  const secret = await first.rest.device('d1');
  const { id } = await first.rest.post<Command>('/devices/d1/commands', { name: 'open', ttlMs: 3_600_000 });
  const ask = { devices: ['*'], name: 'open', ttlMs: 3_600_000 };
  const group = await first.rest.post<CommandGroup>('/command-groups', ask);
  await expect.poll(() => first.rest.get(`/command-groups/${group.id}`)).toMatchObject({ counts: { queued: 1 } });
  const file = join(newFolder(), 'backup.db');
  expect(await backupTo(dir, file)).toMatchObject({ status: 0 });
  await first.kill('SIGKILL');
  expect(await restoreTo(dir, file)).toMatchObject({ status: 0, err: '' });

  const second = await gatewayProgram(dir);
  const command = await second.rest.get<Command>(`/commands/${id}`);
  expect(command.transitions.at(-1)).toMatchObject({ state: 'cancelled', cause: 'restored' });
  const stopped = { state: 'stopped', stopped: 'restored', counts: { cancelled: 1 } };
  expect(await second.rest.get(`/command-groups/${group.id}`)).toMatchObject(stopped);
  const wire = await Wire.connect(second.mqttPort, { user: 'd1', secret });
  await wire.subscribe('devices/d1/commands/+');
  const next = await second.rest.post<Command>('/devices/d1/commands', { name: 'next' });
  expect((await wire.message()).topic).toBe(`devices/d1/commands/${next.id}`);
}, 60_000);

test('[STO-9] a backup overwrites nothing, is for this user alone, and clears up after a killed one', async () => {
  const { gateway, file } = await backedUp(5);
  const bytes = readFileSync(file);
  const refused = await backupTo(gateway.dir, file);
  expect(refused).toMatchObject({ status: 1, out: '' });
  expect(refused.err).toMatch(/^telltale: .* is there already: .*\n$/);
  expect(readFileSync(file).equals(bytes)).toBe(true);
  expect(statSync(file).mode & 0o777).toBe(0o600);

  // No process has a number as large as this one.
  const left = join(gateway.dir, '.telltale-99999999-0123456789ab.part');
  writeFileSync(left, 'half of it');
  await download(gateway.rest, join(newFolder(), 'b.db'));
  expect(existsSync(left)).toBe(false);
});

test('[STO-9] over REST a backup is for administrators, named and measured, and one at a time', async () => {
  const gateway = await gatewayProgram(newFolder());
  for (const role of ['viewer', 'operator'] as const) {
    const response = await new Rest(gateway.http, makeToken(gateway.dir, role)).fetch('/backup');
    expect(response.status).toBe(403);
    expect(await response.json()).toMatchObject({ code: 'forbidden' });
  }
  const responses = await Promise.all([gateway.rest.fetch('/backup'), gateway.rest.fetch('/backup')]);
  expect(responses.map(({ status }) => status).sort()).toEqual([200, 429]);
  const taken = responses.find(({ status }) => status === 200) as Response;
  expect(taken.headers.get('content-type')).toBe('application/vnd.sqlite3');
  expect(taken.headers.get('content-disposition')).toMatch(/^attachment; filename="telltale-[\dT-]+Z\.db"$/);
  const { byteLength } = await taken.arrayBuffer();
  expect(taken.headers.get('content-length')).toBe(String(byteLength));
  expect(await responses.find(({ status }) => status === 429)?.json()).toMatchObject({ code: 'too_many' });

  expect((await gateway.rest.fetch('/backup', { method: 'HEAD' })).status).toBe(200);
  // A client that goes away, before the first byte or after it, leaves room for the next.
  for (const patience of [1, 150]) {
    await gateway.rest.fetch('/backup', { signal: AbortSignal.timeout(patience) }).catch(() => {});
    await expect.poll(async () => (await gateway.rest.fetch('/backup')).status, { timeout: 5_000 }).toBe(200);
  }
  expect(unfinished(gateway.dir)).toEqual([]);
  expect(await gateway.rest.get('/openapi.json')).toMatchObject({ paths: { '/backup': { get: {} } } });
});

test('[STO-9] restoring reads from a place that cannot be written to, and refuses what is no backup', async () => {
  const { file, readings } = await backedUp(5);
  const folder = newFolder();
  const readOnly = join(folder, 'backup.db');
  copyFileSync(file, readOnly);
  chmodSync(readOnly, 0o400);
  chmodSync(folder, 0o500);
  const report = await runProgram('verify', readOnly);
  expect(report).toMatchObject({ status: 0, err: '' });
  expect(counted(report, 'readings')).toBe(String(readings));
  expect(await restoreTo(newFolder(), readOnly)).toMatchObject({ status: 0, err: '' });
  chmodSync(folder, 0o700);

  for (const [name, content] of [
    ['text', 'not a database'.repeat(100)],
    ['nothing', ''],
  ] as const) {
    const other = join(folder, name);
    writeFileSync(other, content);
    expect(await runProgram('verify', other)).toMatchObject({ status: 1, err: '' });
    expect((await restoreTo(newFolder(), other)).err).toMatch(/^telltale: .* is not sound, .*\n$/);
  }
  expect(await runProgram('verify', join(folder, 'missing'))).toEqual({
    status: 1,
    out: '',
    err: `telltale: ${join(folder, 'missing')}: there is no such file\n`,
  });
});
