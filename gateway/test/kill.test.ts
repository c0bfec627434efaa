// The first promise, proved by breaking at random instants: nothing acknowledged is lost, and nothing is there twice
// though devices send again what was not acknowledged.
import { expect, test } from 'vitest';
import { type Breakage, brokenBuild } from './instruments/broken-build.ts';
import { type CrashFindings, crashCycles, type Killable } from './instruments/crash-cycles.ts';
import { gatewayProgram, makeToken, newFolder } from './instruments/gateway.ts';
import { Wire } from './instruments/mqtt-wire.ts';
import { seededRandom } from './instruments/random.ts';
import { RecordingPublisher } from './instruments/recording-publisher.ts';

const killsMax = 4;
const messagesBetween = 2_000;

/** Kills the program so many times under the load of QoS 1 and QoS 2, and tells what became of the readings. */
async function crash(kills: number, main?: string, set: string[] = []): Promise<CrashFindings> {
  const dir = newFolder();
  const token = makeToken(dir);
  const start = async (): Promise<Killable> => {
    const { http, mqttPort, kill } = await gatewayProgram(dir, set, { main, token });
    return { http, token, mqttPort, kill };
  };
  const first = await gatewayProgram(dir, [], { main, token });
  const publishers: RecordingPublisher[] = [];
  for (const [device, qos] of [
    ['k1', 1],
    ['k2', 2],
    ['k3', 1],
  ] as const) {
    publishers.push(new RecordingPublisher({ device, qos, secret: await first.rest.device(device) }));
  }
  await first.kill();
  return crashCycles({ start, publishers, kills, messagesBetween, random: seededRandom(2026) });
}

test('[ING-1] [STO-1] SIGKILL at random instants, sessions resumed: nothing acknowledged is lost, nothing is doubled', async () => {
  const found = await crash(killsMax);
  expect(found).toMatchObject({ lost: 0, doubled: 0, wrong: 0 });
  expect(found.acknowledged).toBeGreaterThanOrEqual(killsMax * messagesBetween);
  expect(found.stored).toBeGreaterThanOrEqual(found.acknowledged);
}, 240_000);

test('the same kills find what a build loses that acknowledges before it commits', async () => {
  const early: Breakage = {
    file: 'ingest/ingest.ts',
    find: 'this.ports.whenCommitted(settled);',
    replace: 'settled(null);',
  };
  // Commits are further apart, so that there is something to lose whenever the kill comes.
  expect((await crash(1, brokenBuild(early), ['store.commitIntervalMs=500'])).lost).toBeGreaterThan(0);
}, 240_000);

test('[STO-1] a start after SIGKILL has the same epoch, the latest values, and offsets without holes', async () => {
  const dir = newFolder();
  const first = await gatewayProgram(dir);
  const secret = await first.rest.device('d1');
  const wire = await Wire.connect(first.mqttPort, { user: 'd1', secret });
  await wire.publish('devices/d1/telemetry', '{"temperature":5}');
  await first.kill('SIGKILL');
  const second = await gatewayProgram(dir);
  expect(await second.rest.get('/devices/d1/latest')).toMatchObject({
    presence: { state: 'offline', cause: 'restart' },
    values: [{ metric: 'temperature', value: 5 }],
  });
});

test('SIGTERM commits and acknowledges what was taken in, and ends with status 0', async () => {
  const dir = newFolder();
  const gateway = await gatewayProgram(dir, ['store.commitIntervalMs=500']);
  const wire = await Wire.connect(gateway.mqttPort, { user: 'd1', secret: await gateway.rest.device('d1') });
  await wire.publish('devices/d1/telemetry', '{"n":0}', 1);
  // The first commit was a moment ago, so that this one waits for half a second.
  const last = wire.publish('devices/d1/telemetry', '{"n":1}', 2);
  await gateway.rest.get('/devices');
  expect(await gateway.kill('SIGTERM')).toBe(0);
  expect(await last).toBe(2);
});
