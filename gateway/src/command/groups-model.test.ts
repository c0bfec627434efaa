// Groups under random outcomes, stops and kills between any two steps.
import { expect, test } from 'vitest';
import { seededRandom } from '../../test/instruments/random.ts';
import {
  type Command,
  type CommandState,
  commandStates,
  commandTransitions,
  failuresOf,
  isOpen,
} from '../contract/index.ts';
import { ada, GroupWorld, settle } from './groups.fixture.ts';

const devicesMax = 12;
const stepsMax = 200;

type Run = { it: GroupWorld; id: string; random: () => number; stopped: boolean };

const pick = <Item>(items: readonly Item[], random: () => number) => items[Math.floor(random() * items.length)] as Item;

/** Where a command goes next; never back to where it was, so that each comes to an end. */
function onward({ state }: Command, random: () => number): CommandState | null {
  const next = commandTransitions[state].filter(to => to !== state && to !== 'queued' && to !== 'superseded');
  return next.length === 0 ? null : pick(next, random);
}

/** Of what nobody waits for any more some is answered late, also when the group is over. */
const isLate = ({ state }: Command, random: () => number) =>
  (state === 'timed-out' || state === 'unknown') && random() < 0.3;

/** True where something is to come of a command: it is open, or unknown and its device has time to answer. */
function isAwaited(it: GroupWorld, command: Command): boolean {
  const { state, expiresAt, transitions } = command;
  const last = transitions.at(-1);
  const backBy = last?.cause === 'restart' ? last.at + 10_000 : 0;
  return isOpen(command) || (state === 'unknown' && Math.max(expiresAt, backBy) > it.clock.now());
}

const awaited = (it: GroupWorld) => [...it.commands.values()].filter(command => isAwaited(it, command));

function checkAlways({ it, stopped }: Run, concurrency: number, asked: number): void {
  const perDevice = it.devices.map(device => it.of(device).length);
  expect(Math.max(...perDevice), 'commands of one device').toBeLessThanOrEqual(1);
  expect(awaited(it).length, 'open at once').toBeLessThanOrEqual(concurrency);
  if (stopped) expect(it.requests, 'asked after the stop').toBe(asked);
}

async function checkCounts({ it, id }: Run): Promise<void> {
  const { counts, total, state, failuresMax } = await it.shown(id);
  const sum = Object.values(counts).reduce((all, count) => all + count, 0);
  expect(sum, JSON.stringify(counts)).toBe(total);
  // What the ledger has is what is counted.
  for (const outcome of commandStates) {
    const commands = [...it.commands.values()].filter(command => command.state === outcome);
    expect(counts[outcome] ?? 0, outcome).toBe(commands.length);
  }
  const unknown = awaited(it).filter(command => command.state === 'unknown').length;
  if (state === 'running') expect(failuresOf(counts) - unknown).toBeLessThanOrEqual(failuresMax);
}

async function play(seed: number): Promise<void> {
  const random = seededRandom(seed);
  const it = await new GroupWorld(1 + Math.floor(random() * devicesMax)).open();
  for (const device of it.devices) {
    const chance = random();
    if (chance < 0.1) it.refusing.add(device);
    else if (chance < 0.2) it.roomless.add(device);
  }
  const concurrency = 1 + Math.floor(random() * 4);
  const failuresMax = Math.floor(random() * it.devices.length);
  const { id } = await it.make({ concurrency, failuresMax });
  const run: Run = { it, id, random, stopped: false };
  it.stepwise = true;
  let asked = 0;
  for (let step = 0; step < stepsMax; step++) {
    const chance = random();
    const movable = [...it.commands.values()].filter(command => isOpen(command) || isLate(command, random));
    if (chance < 0.5 && it.waiting() > 0) await it.letGo(Math.floor(random() * it.waiting()));
    else if (chance < 0.92 && movable.length > 0) {
      const command = pick(movable, random);
      const state = onward(command, random);
      if (state !== null) it.move(command, state);
      await settle();
    } else if (chance < 0.96) {
      // A stop that is not in the store yet was told to nobody: a kill undoes it.
      if (it.rows.get(id)?.row.group.state === 'running') run.stopped = false;
      await it.restart();
    } else if (chance < 0.97) it.full = !it.full;
    else if (chance < 0.985) it.clock.advance(random() < 0.8 ? 5_000 : 30_000);
    else if (chance < 0.99) it.groups.stop(id, null, ada).catch(() => {});
    if (!run.stopped && (await it.shown(id)).state === 'stopped') [run.stopped, asked] = [true, it.requests];
    checkAlways(run, concurrency, asked);
    await checkCounts(run);
  }
  await end(run);
}

/** With nothing in the way any more, it comes to an end in which every device has its outcome. */
async function end(run: Run): Promise<void> {
  const { it, id, random } = run;
  it.full = false;
  for (let round = 0; round < 1_000 && it.groups.openCount() > 0; round++) {
    it.clock.advance(5_000);
    await settle();
    while (it.waiting() > 0) await it.letGo(0);
    const command = [...it.commands.values()].find(isOpen);
    if (command !== undefined) it.move(command, onward(command, random) ?? 'failed');
    await settle();
  }
  const { counts, state, failuresMax } = await it.shown(id);
  expect(['finished', 'stopped']).toContain(state);
  expect(it.rows.get(id)?.column, 'what is in the store').toBe(state);
  if (state === 'finished') {
    expect(counts.pending).toBe(undefined);
    expect(failuresOf(counts)).toBeLessThanOrEqual(failuresMax);
  }
  expect(it.groups.openCount()).toBe(0);
  await checkCounts(run);
}

test('[CMD-10] whatever becomes of the commands, at whatever instant it is killed: the counts are those of the ledger, each device is asked once, no more are open than may be, and it ends', async () => {
  for (let seed = 1; seed <= 50; seed++) {
    await play(seed).catch(error => {
      throw new Error(`seed ${seed}: ${(error as Error).message}`, { cause: error });
    });
  }
}, 120_000);
