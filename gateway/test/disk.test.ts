// A disk that is full and has room again, and one that cannot be written: what was acknowledged stays, what was not is
// sent again.
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { type Breakage, brokenBuild } from './instruments/broken-build.ts';
import { compareAll, type HistoryFindings, keepPublishing } from './instruments/crash-cycles.ts';
import { type Ended, type GatewayProgram, gatewayProgram, newFolder, runProgram } from './instruments/gateway.ts';
import { RecordingPublisher } from './instruments/recording-publisher.ts';
import { SmallDisk, whyNoDisk } from './instruments/small-disk.ts';
import { SystemCalls } from './instruments/system-calls.ts';
import { TestViewer } from './instruments/viewer.ts';

const noDisk = whyNoDisk();
const systemCalls = await SystemCalls.find();
const why = (missing: string | null) => (missing === null ? '' : ` (skipped: ${missing})`);

const statusOf = async ({ http }: GatewayProgram, path: string): Promise<number> =>
  (await fetch(`${http}${path}`)).status;

/** Resolves once /readyz has this status. */
async function ready(gateway: GatewayProgram, status: number): Promise<void> {
  while ((await statusOf(gateway, '/readyz')) !== status) await delay(20);
}

type Findings = HistoryFindings & {
  /** Messages acknowledged while no commit went through. */
  acknowledgedWhileFull: number;
  /** Answers of REST then: the latest values, and history. */
  answers: number[];
  afterKill: HistoryFindings;
};

async function fillDisk(leftBytes: number, main?: string): Promise<Findings> {
  const disk = new SmallDisk(32);
  const gateway = await gatewayProgram(disk.dir, ['store.commitIntervalMs=0'], { main, collect: true });
  const { rest } = gateway;
  const publishers = await Promise.all(
    (['q1', 'q2'] as const).map(async (device, i) => {
      const secret = await rest.device(device);
      return new RecordingPublisher({ device, qos: i === 0 ? 1 : 2, secret, window: 50, paddingLength: 1_000 });
    }),
  );
  // Whoever is refused is thrown out, and comes again.
  let gone = false;
  void gateway.gone.then(() => {
    gone = true;
  });
  const runs = publishers.map(publisher => keepPublishing(publisher, gateway.mqttPort, () => gone));
  await Promise.all(publishers.map(publisher => publisher.whenAcknowledged(200)));
  const viewer = await TestViewer.connect(gateway.http, rest.token);
  const isFull = viewer.frame('hb', ({ storing }) => storing === false);
  disk.fill(leftBytes);
  await ready(gateway, 503);
  // What still fits, and what is on its way.
  const count = () => publishers.reduce((sum, { acknowledged }) => sum + acknowledged.size, 0);
  const headers = { Authorization: `Bearer ${rest.token}` };
  const refusedCommits = async () => {
    const metrics = await (await fetch(`${gateway.http}/metrics`, { headers })).text();
    return Number(/^telltale_store_refused_commits_total (\d+)$/m.exec(metrics)?.[1]);
  };
  const fiveAreRefused = async () => {
    const refused = await refusedCommits();
    while ((await refusedCommits()) < refused + 5) await delay(50);
  };
  disk.fill();
  await delay(500);
  await fiveAreRefused();
  const acknowledged = count();
  await fiveAreRefused();
  const acknowledgedWhileFull = count() - acknowledged;
  const answers = await Promise.all(
    ['/devices/q1/latest', '/history?device=q1&metric=n&from=0&points=10'].map(
      async path => (await rest.fetch(path)).status,
    ),
  );

  await isFull;
  viewer.frames.length = 0;
  disk.free();
  await Promise.all(publishers.map(publisher => publisher.whenAcknowledged(publisher.acknowledged.size + 50)));
  await ready(gateway, 200);
  await viewer.frame('hb', ({ storing }) => storing !== false);
  for (const publisher of publishers) publisher.stop();
  await Promise.all(runs);
  const found = await compareAll({ http: gateway.http, token: rest.token }, publishers);
  await gateway.kill('SIGKILL');
  const again = await gatewayProgram(disk.dir, [], { collect: true, token: rest.token });
  const afterKill = await compareAll({ http: again.http, token: rest.token }, publishers);
  return { ...found, acknowledgedWhileFull, answers, afterKill };
}

/** Starts the program on a folder where it is expected to end by itself. */
function startOn(dir: string): Promise<Ended> {
  return runProgram('--set', `store.dir=${dir}`, '--set', 'http.port=0', '--set', 'mqtt.port=0');
}

describe(`a full disk${why(noDisk)}`, () => {
  const whole = { lost: 0, doubled: 0, wrong: 0 };

  for (const [name, leftBytes] of [
    ['to the last page', 0],
    ['so that the write-ahead log has room, and what a checkpoint writes has not', 8_600_000],
  ] as const) {
    test.skipIf(noDisk !== null)(
      `[STO-4] filled ${name}: nothing is acknowledged, all is answered, and it goes on when there is room`,
      async () => {
        expect(await fillDisk(leftBytes)).toMatchObject({
          ...whole,
          acknowledgedWhileFull: 0,
          answers: [200, 200],
          afterKill: whole,
        });
      },
      240_000,
    );
  }

  test.skipIf(noDisk !== null)(
    'a build that acknowledges what the disk refused is found out',
    async () => {
      const acknowledges: Breakage = {
        file: 'store/group-commit.ts',
        find: `settled('store_full')`,
        replace: 'settled(null)',
      };
      const found = await fillDisk(0, brokenBuild(acknowledges));
      expect(found.acknowledgedWhileFull).toBeGreaterThan(0);
      expect(found.lost).toBeGreaterThan(0);
    },
    240_000,
  );

  test.skipIf(noDisk !== null)(
    '[STO-4] a start without room says why, and works once there is some',
    async () => {
      const disk = new SmallDisk(8);
      const gateway = await gatewayProgram(disk.dir, [], { collect: true });
      await gateway.kill('SIGKILL');
      disk.fill();
      const { status, err } = await startOn(disk.dir);
      expect({ status, err }).toEqual({ status: 1, err: expect.stringMatching(/cannot be opened: .*(full|ENOSPC)/) });
      disk.free();
      await gatewayProgram(disk.dir, [], { collect: true, token: gateway.rest.token });
    },
    60_000,
  );
});

describe(`a file system that is read-only${why(noDisk)}`, () => {
  test.skipIf(noDisk !== null)(
    '[STO-4] a start on it says so, and changes nothing',
    async () => {
      const disk = new SmallDisk(8);
      const gateway = await gatewayProgram(disk.dir, [], { collect: true });
      await gateway.kill('SIGKILL');
      disk.readOnly();
      const { status, err } = await startOn(disk.dir);
      expect({ status, err }).toEqual({ status: 1, err: expect.stringContaining('file system that is read-only') });
      disk.writable();
      await gatewayProgram(disk.dir, [], { collect: true, token: gateway.rest.token });
    },
    60_000,
  );

  test.skipIf(systemCalls.missing !== null)(
    `[STO-4] one that becomes so while the gateway runs ends the process, and nothing acknowledged is lost${why(systemCalls.missing)}`,
    async () => {
      const dir = newFolder();
      const gateway = await gatewayProgram(dir, [], { collect: true });
      const publisher = new RecordingPublisher({ device: 'd1', qos: 1, secret: await gateway.rest.device('d1') });
      const run = publisher.run(gateway.mqttPort);
      await publisher.whenAcknowledged(200);
      await systemCalls.fail(gateway.child.pid ?? 0, 'pwrite64', 'EROFS');
      expect(await gateway.gone).toBe(1);
      expect(gateway.said()).toContain('the store is broken');
      await run;
      const again = await gatewayProgram(dir, [], { collect: true });
      const found = await compareAll({ http: again.http, token: again.rest.token }, [publisher]);
      expect(found).toMatchObject({ lost: 0, doubled: 0, wrong: 0 });
    },
    90_000,
  );
});
