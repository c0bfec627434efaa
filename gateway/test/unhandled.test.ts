// A fault that nobody foresaw, put into one thread after the other: the process ends, says why, and is never half dead.
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { type Breakage, brokenBuild } from './instruments/broken-build.ts';
import { type GatewayProgram, gatewayProgram, newFolder } from './instruments/gateway.ts';
import { Wire } from './instruments/mqtt-wire.ts';

/** Long enough for an end that has to come, on a slow machine; one that must not come is waited for in the controls. */
const endMsMax = 20_000;
const lastWords = 'provoked by the test';
const thrown = `throw new Error('${lastWords}')`;
const later = `setImmediate(() => { ${thrown}; })`;

type Findings = { ended: boolean; status: number | null; reasonLogged: boolean; stackLogged: boolean };

/** Runs the build, publishes once, asks for history, and tells how it ended. */
async function provoke(breakages: Breakage[], waitMs = endMsMax, set: string[] = []): Promise<Findings> {
  const gateway = await gatewayProgram(newFolder(), set, { main: brokenBuild(...breakages), collect: true });
  await publishOnce(gateway).catch(() => {});
  await gateway.rest.get('/history?device=d1&metric=n&from=0').catch(() => {});
  const ended = await Promise.race([gateway.gone.then(() => true), delay(waitMs).then(() => false)]);
  const status = ended ? await gateway.gone : null;
  const said = gateway.said();
  return { ended, status, reasonLogged: said.includes(lastWords), stackLogged: /at .*\.ts:\d+/.test(said) };
}

async function publishOnce({ mqttPort, rest }: GatewayProgram): Promise<void> {
  const wire = await Wire.connect(mqttPort, { user: 'd1', secret: await rest.device('d1') });
  await wire.publish('devices/d1/telemetry', '{"n":1}');
}

const inIngest = (replace: string): Breakage => ({
  file: 'ingest/ingest.ts',
  find: 'this.counters.messages++;',
  replace: `this.counters.messages++; ${replace};`,
});
const inThread = {
  writer: { file: 'store/writer.ts', find: 'lastCommitAt = call.at;' },
  reader: { file: 'store/reader.ts', find: 'history.readings(call),' },
  keeper: { file: 'store/keeper.ts', find: 'if (call.afresh) {' },
};
const broken = (where: keyof typeof inThread, before: string): Breakage => {
  const { file, find } = inThread[where];
  return where === 'reader'
    ? { file, find, replace: `{ ${before}; return history.readings(call); },` }
    : { file, find, replace: `${before}; ${find}` };
};

const whole: Findings = { ended: true, status: 1, reasonLogged: true, stackLogged: true };

describe('[RUN-2] the process ends with status 1 and says why', { timeout: 90_000 }, () => {
  for (const [name, breakage] of [
    ['an exception on the event loop', inIngest(later)],
    ['a rejection that nobody handles', inIngest(`void Promise.reject(new Error('${lastWords}'))`)],
    ['an exception in the writer thread', broken('writer', `if (call.newSeries.length > 0) ${later}`)],
    ['an exception in the reader thread', broken('reader', later)],
    ['an exception in the keeper thread', broken('keeper', `if (call.waiting > 0) ${later}`)],
    [
      'an exception while a commit is handed on',
      { file: 'gateway.ts', find: 'this.live.committed(entries);', replace: `${thrown};` },
    ],
  ] as [string, Breakage][]) {
    test(`[RUN-2] after ${name}`, async () => {
      expect(await provoke([breakage])).toEqual(whole);
    });
  }

  test('[RUN-2] after something was thrown that is no error, in plain lines', async () => {
    const breakage = inIngest(`setImmediate(() => { throw '${lastWords}'; })`);
    expect(await provoke([breakage], endMsMax, ['log.format=text'])).toMatchObject({
      ended: true,
      status: 1,
      reasonLogged: true,
    });
  });

  test('[RUN-2] after a thread left without a word', async () => {
    const { ended, status } = await provoke([broken('reader', 'process.exit(0)')]);
    expect({ ended, status }).toEqual({ ended: true, status: 1 });
  });
});

test('[RUN-2] a fault in taking one publish costs its connection, unacknowledged, and is logged with its stack', async () => {
  const main = brokenBuild(inIngest(`if (message.topic.includes('/boom')) ${thrown}`));
  const gateway = await gatewayProgram(newFolder(), [], { main, collect: true });
  const secret = await gateway.rest.device('d1');
  const wire = await Wire.connect(gateway.mqttPort, { user: 'd1', secret });
  await expect(wire.publish('devices/d1/telemetry/boom', '1')).rejects.toThrow('closed');
  const again = await Wire.connect(gateway.mqttPort, { user: 'd1', secret });
  expect(await again.publish('devices/d1/telemetry', '{"n":1}', 7)).toBe(7);
  expect(gateway.said()).toContain('a fault in taking a publish');
  expect(gateway.said()).toContain(lastWords);
  expect(gateway.said()).toContain('ingest.ts');
}, 90_000);

describe('what would be half dead is found out', { timeout: 90_000 }, () => {
  const alive = { ended: false };
  const lookMs = 3_000;

  test('a build that goes on after an exception', async () => {
    const deaf: Breakage = {
      file: 'lifetime.ts',
      find: `process.on('uncaughtException', thrown =>`,
      replace: `process.on('uncaughtException', () => {}); void ((thrown: unknown) =>`,
    };
    expect(await provoke([inIngest(later), deaf], lookMs)).toMatchObject(alive);
  });

  test('a build that goes on without its reader thread', async () => {
    const deaf = {
      file: 'lib/thread.ts',
      find: 'if (first && !closing) died(error);',
      replace: 'void first; void died;',
    };
    expect(await provoke([broken('reader', later), deaf], lookMs)).toMatchObject(alive);
  });
});
