// What the disk was asked before a device was told: the order of system calls, and a disk that fails.

import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { type AckAudit, auditAcks } from './instruments/ack-audit.ts';
import { type Breakage, brokenBuild } from './instruments/broken-build.ts';
import { compareAll } from './instruments/crash-cycles.ts';
import { gatewayProgram, newFolder } from './instruments/gateway.ts';
import { publishPacket, types, Wire } from './instruments/mqtt-wire.ts';
import { RecordingPublisher } from './instruments/recording-publisher.ts';
import { SystemCalls } from './instruments/system-calls.ts';

const systemCalls = await SystemCalls.find();
const { missing } = systemCalls;
const why = missing === null ? '' : ` (skipped: ${missing})`;

const messages = 300;
const window = 25;

/** Publishes under strace, several at a time, and holds each PUBACK against the fsync that covers it. */
async function audit(set: string[] = [], main?: string): Promise<AckAudit> {
  const gateway = await gatewayProgram(newFolder(), set, { main, collect: true });
  const wire = await Wire.connect(gateway.mqttPort, { user: 'd1', secret: await gateway.rest.device('d1') });
  const { port } = wire.socket.address() as AddressInfo;
  // The first one makes the series; all others have the same length.
  await wire.publish('devices/d1/telemetry', '{"n":0}');
  const packetOf = (n: number) => publishPacket('devices/d1/telemetry', `{"n":${1_000_000 + n}}`, 1, n + 1);
  const watch = await systemCalls.watch(gateway.child.pid ?? 0);
  for (let n = 0; n < messages; n += window) {
    for (let i = 0; i < window; i++) wire.send(packetOf(n + i));
    for (let i = 0; i < window; i++) await wire.next(types.puback);
  }
  // The call that wrote the last PUBACK is told when it has ended, and so it has before this is answered.
  await gateway.rest.get('/devices');
  return auditAcks(await watch.stop(), `:${gateway.mqttPort}->127.0.0.1:${port}]`, packetOf(0).length);
}

describe(`the order of system calls${why}`, () => {
  test.skipIf(missing !== null)(
    '[ING-1] no PUBACK leaves before the fsync that covers its reading has ended',
    async () => {
      expect(await audit()).toEqual({ acknowledged: messages, tooEarly: 0 });
    },
    120_000,
  );

  test.skipIf(missing !== null)(
    'commits that need not be on disk (synchronous: NORMAL) are found out',
    async () => {
      const found = await audit(['store.synchronous=NORMAL']);
      expect(found.tooEarly).toBeGreaterThan(messages / 2);
    },
    120_000,
  );

  test.skipIf(missing !== null)(
    'a build that acknowledges before it commits is found out',
    async () => {
      const early = { file: 'ingest/ingest.ts', find: 'this.ports.whenCommitted(settled);', replace: 'settled(null);' };
      expect((await audit([], brokenBuild(early))).tooEarly).toBeGreaterThan(0);
    },
    120_000,
  );
});

type Findings = {
  ended: boolean;
  status: number | null;
  /** Messages acknowledged after the disk began to fail. */
  acknowledgedAfter: number;
  lost: number;
  doubled: number;
};

/** Lets every fsync fail while a device publishes, then starts again on what is there. */
async function failSync(main?: string): Promise<Findings> {
  const dir = newFolder();
  const gateway = await gatewayProgram(dir, [], { main, collect: true });
  const publisher = new RecordingPublisher({
    device: 'd1',
    qos: 1,
    secret: await gateway.rest.device('d1'),
    window: 20,
  });
  const run = publisher.run(gateway.mqttPort);
  await publisher.whenAcknowledged(200);
  await systemCalls.fail(gateway.child.pid ?? 0, 'fdatasync,fsync', 'EIO');
  // What was committed before the first failure is still on its way for a moment.
  await Promise.race([gateway.gone, delay(500)]);
  const before = publisher.acknowledged.size;
  const ended = await Promise.race([gateway.gone.then(() => true), delay(main === undefined ? 20_000 : 3_000, false)]);
  const acknowledgedAfter = publisher.acknowledged.size - before;
  const status = ended ? await gateway.gone : null;
  await gateway.kill();
  await run;
  const again = await gatewayProgram(dir, [], { collect: true });
  const { lost, doubled } = await compareAll({ http: again.http, token: again.rest.token }, [publisher]);
  return { ended, status, acknowledgedAfter, lost, doubled };
}

describe(`a disk that fails${why}`, () => {
  test.skipIf(missing !== null)(
    '[STO-4] EIO from fsync ends the process, and nothing is acknowledged after it',
    async () => {
      expect(await failSync()).toEqual({ ended: true, status: 1, acknowledgedAfter: 0, lost: 0, doubled: 0 });
    },
    120_000,
  );

  test.skipIf(missing !== null)(
    'a build that swallows the error is found out',
    async () => {
      const swallow: Breakage = {
        file: 'store/writer.ts',
        find: 'failed = (error as { code?: string }).code ?? (error as Error).message;',
        replace: `lastOffset += call.items.filter(({ type }) => type !== 'effects').length;`,
      };
      const found = await failSync(brokenBuild(swallow));
      expect(found.ended).toBe(false);
      expect(found.acknowledgedAfter).toBeGreaterThan(0);
      expect(found.lost).toBeGreaterThan(0);
    },
    120_000,
  );
});
