// Nothing twice: the ledger, its requesters and the devices keep their books while the gateway is killed at random
// instants between two states, and the books agree.
import { expect, test } from 'vitest';
import { type Breakage, brokenBuild } from './instruments/broken-build.ts';
import { commandCycles } from './instruments/command-cycles.ts';
import { gatewayProgram, makeToken, newFolder } from './instruments/gateway.ts';
import { seededRandom } from './instruments/random.ts';
import { TakingDevice } from './instruments/taking-device.ts';

const kills = 4;

/** Kills the program so many times while commands are under way, and compares the books. */
async function crash(times: number, main?: string, set: string[] = []) {
  const dir = newFolder();
  const token = makeToken(dir);
  const start = () => gatewayProgram(dir, set, { main, token });
  const random = seededRandom(2026);
  const first = await start();
  const devices: TakingDevice[] = [];
  for (const [device, clean] of [
    ['k1', true],
    ['k2', false],
    ['k3', false],
  ] as const) {
    devices.push(new TakingDevice({ device, clean, random, secret: await first.rest.device(device) }));
  }
  await first.kill();
  return commandCycles({ start, devices, kills: times, random });
}

const nothing = {
  delivered: { tooOften: [], withoutSent: [], outOfOrder: [], unknown: [] },
  keys: { doubled: [], lost: [] },
  answersLost: [],
  states: { impossible: [], sentTooLate: [], stuck: [] },
};

test('[CMD-1] [CMD-4] SIGKILL at random instants: nothing twice, no key two commands, nothing accepted is lost', async () => {
  const { findings, counts } = await crash(kills);
  expect(findings).toEqual(nothing);
  // There has to be something that could have gone wrong.
  expect(counts.commands).toBeGreaterThan(kills * 6);
  expect(counts.deliveries).toBeGreaterThan(kills);
  expect(counts.answers).toBeGreaterThan(kills);
  expect(counts.unknown).toBeGreaterThan(0);
}, 240_000);

test('the same kills find what a build does twice that sends before it commits', async () => {
  const early: Breakage = {
    file: 'tables.ts',
    find: "save: (command, event) => store.append('command', event, [...commandEffects(command), commandAudit(command)]),",
    replace:
      "save: async (command, event) => void store.append('command', event, [...commandEffects(command), commandAudit(command)]).catch(() => {}),",
  };
  // Commits are further apart, so that the kill comes between the publish and its commit.
  const { findings } = await crash(2, brokenBuild(early), ['store.commitIntervalMs=100']);
  expect(findings).not.toEqual(nothing);
}, 240_000);
