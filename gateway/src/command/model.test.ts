// The ledger against its reference model: whatever people, devices, clocks, disks and restarts do, each command is in a
// state that the model allows.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ManualClock } from '../../test/instruments/manual-clock.ts';
import { type Command, type CommandRequest, type CommandState, commandStates } from '../contract/index.ts';
import { settle } from './ledger.fixture.ts';
import { LedgerModel } from './ledger-model.fixture.ts';
import { World } from './ledger-world.fixture.ts';

type Step = (world: World, model: LedgerModel) => Promise<void> | void;
/** A step with what it is called where a run fails. */
class NamedStep {
  readonly name: string;
  readonly step: Step;

  constructor(name: string, step: Step) {
    this.name = name;
    this.step = step;
  }

  toString(): string {
    return this.name;
  }
}

const devices = ['a', 'b'] as const;
const device = fc.constantFrom(...devices);
const metric = fc.constantFrom('m', 'n');
const value = fc.constantFrom(0, 1);
const expectation = fc.record({ metric, equals: value, withinMs: fc.constantFrom(2_000, 12_000) });

const request: fc.Arbitrary<CommandRequest> = fc
  .record({
    name: fc.constantFrom('set', 'set', 'set', 'risky'),
    ttlMs: fc.constantFrom(1_000, 5_000, 30_000, 60_000),
    retries: fc.constantFrom(0, 0, 1, 2),
    retryAfterMs: fc.constantFrom(500, 4_000),
    supersede: fc.option(fc.constantFrom('x', 'y'), { nil: undefined, freq: 2 }),
    expect: fc.array(expectation, { maxLength: 2 }),
    reply: fc.constantFrom(true, true, false),
  })
  .map(({ expect, reply, supersede, ...rest }) => ({
    ...rest,
    reply: reply || expect.length === 0,
    ...(expect.length > 0 && { expect }),
    ...(supersede !== undefined && { supersede }),
  }));

const ada = { by: 'ada', from: '::1' };
const bob = { by: 'bob', from: '::1' };

const named = <Args>(name: string, args: fc.Arbitrary<Args>, step: (args: Args) => Step): fc.Arbitrary<NamedStep> =>
  args.map(given => new NamedStep(`${name} ${JSON.stringify(given)}`, step(given)));

/** One of those that there are, by a number that does not know how many. */
const pick = <Item>(items: readonly Item[], at: number): Item | undefined => items[at % Math.max(1, items.length)];
const any = fc.nat({ max: 50 });

const steps: { weight: number; arbitrary: fc.Arbitrary<NamedStep> }[] = [
  {
    weight: 8,
    arbitrary: named('request', fc.record({ device, request }), ({ device, request }) => world => {
      world.commands.request(device, request, null, ada).catch(() => {});
    }),
  },
  {
    weight: 2,
    // The same key means the same request, so that only repeats meet.
    arbitrary: named('request with a key', fc.constantFrom('k1', 'k2'), key => world => {
      const ask = () => world.commands.request('a', { name: key, ttlMs: 30_000 }, key, ada).catch(() => {});
      void Promise.all([ask(), ask()]);
    }),
  },
  {
    weight: 6,
    arbitrary: named('connect', device, device => world => {
      world.reachable.add(device);
      world.commands.deviceConnected(device).catch(() => {});
    }),
  },
  {
    weight: 2,
    // A connection is there a moment before the ledger hears of it.
    arbitrary: named('request while connecting', fc.record({ device, request }), ({ device, request }) => world => {
      world.reachable.add(device);
      world.commands.request(device, request, null, ada).catch(() => {});
      world.commands.deviceConnected(device).catch(() => {});
    }),
  },
  { weight: 3, arbitrary: named('drop', device, device => world => void world.reachable.delete(device)) },
  { weight: 1, arbitrary: named('vanishing', fc.boolean(), is => world => world.vanish(is)) },
  {
    weight: 8,
    arbitrary: named(
      'answer',
      fc.record({ device, at: any, ok: fc.boolean(), ofOther: fc.constantFrom(false, false, true) }),
      ({ device, at, ok, ofOther }) =>
        (world, model) => {
          const id = pick(ofOther ? model.ids() : model.handedOver(device), at) ?? 'nothing';
          const answer = ok ? { ok, result: 1 } : { ok, error: 'no' };
          model.answered(device, id, answer);
          world.commands.answered(device, id, answer).catch(() => {});
        },
    ),
  },
  {
    weight: 4,
    arbitrary: named('puback', fc.record({ device, at: any }), ({ device, at }) => (world, model) => {
      const id = pick(model.handedOver(device), at) ?? 'nothing';
      model.taken(id);
      world.commands.taken(device, id);
    }),
  },
  {
    weight: 8,
    arbitrary: named(
      'reading',
      fc.record({ device, metric, value, age: fc.constantFrom(0, 0, 0, 3_000) }),
      ({ device, metric, value, age }) =>
        (world, model) => {
          const ts = world.clock.now() - age;
          model.reading(device, metric, value, ts);
          world.reading(device, metric, value, ts);
        },
    ),
  },
  {
    weight: 8,
    arbitrary: named(
      'wait',
      fc.constantFrom(100, 500, 1_000, 2_000, 4_000, 10_000, 31_000),
      ms => world => world.advance(ms),
    ),
  },
  {
    weight: 1,
    arbitrary: named('set the clock', fc.constantFrom(-3_600_000, -2_000, 2_000, 3_600_000), by => (world, model) => {
      model.clockSet();
      world.clock.set(world.clock.now() + by);
    }),
  },
  { weight: 3, arbitrary: named('hold commits', fc.constant(true), () => world => world.hold()) },
  { weight: 4, arbitrary: named('release commits', fc.constant(true), () => world => world.release()) },
  { weight: 4, arbitrary: named('release one commit', fc.constant(true), () => world => world.releaseOne()) },
  { weight: 1, arbitrary: named('full disk', fc.boolean(), is => world => world.fill(is)) },
  {
    weight: 2,
    arbitrary: named('cancel', any, at => async (world, model) => {
      const id = pick(model.ids(), at);
      if (id !== undefined)
        world.commands.cancel(id, ada).then(
          () => model.cancelled(id),
          () => {},
        );
    }),
  },
  {
    weight: 2,
    arbitrary: named('approve', any, at => (world, model) => {
      const id = pick(model.ids(), at);
      if (id === undefined) return;
      model.approved(id);
      world.commands.approve(id, bob).catch(() => {});
    }),
  },
  {
    weight: 2,
    arbitrary: named('restart', fc.constant(true), () => async (world, model) => {
      const restarted = world.restart();
      model.restarted();
      await restarted;
    }),
  },
];

/** Runs the steps on a new ledger; returns what the model complains about, and adds the states that there were. */
async function run(sequence: readonly NamedStep[], seen: Set<CommandState>): Promise<string[]> {
  let world!: World;
  const model = new LedgerModel(() => world);
  world = new World(new ManualClock(), model);
  for (const { step } of sequence) {
    await step(world, model);
    await settle();
    model.judge();
    if (model.complaints.length > 0) return model.complaints;
  }
  // In the end everything has an end, and nothing is left.
  world.fill(false);
  await world.release();
  if (model.wasRefused) {
    const restarted = world.restart();
    model.restarted();
    await restarted;
  }
  await world.advance(200_000);
  model.judge();
  for (const { transitions } of world.stored.values()) for (const { state } of transitions) seen.add(state);
  const left = world.commands.openCount();
  const states = [...world.stored.values()].map(({ state }: Command) => state);
  if (left > 0) model.complaints.push(`${left} are left open: ${states.join(' ')}`);
  if (world.clock.timers() > 0) model.complaints.push(`${world.clock.timers()} timers are left`);
  return model.complaints;
}

describe('the ledger and its model', () => {
  test('[CMD-1] [CMD-2] [CMD-3] [CMD-4] [CMD-6] [CMD-7] agree, whatever happens in whichever order', async () => {
    const seen = new Set<CommandState>();
    const sequences = fc.array(fc.oneof(...steps), { minLength: 5, maxLength: 60, size: 'max' });
    await fc.assert(
      fc.asyncProperty(sequences, async sequence => {
        const complaints = await run(sequence, seen).catch(error => [String(error.stack)]);
        if (complaints.length > 0)
          throw new Error(`${complaints.join('\n')}\n  after ${sequence.map(({ name }) => name).join('\n  ')}`);
      }),
      {
        // The same sequences each time; MODEL_SEED and MODEL_RUNS look at others, and at more of them.
        seed: Number(process.env.MODEL_SEED ?? 1),
        numRuns: Number(process.env.MODEL_RUNS ?? 300),
        interruptAfterTimeLimit: 60_000,
      },
    );
    // A device that is deleted is not among the steps.
    expect([...seen].sort()).toEqual(commandStates.filter(state => state !== 'failed').sort());
  }, 240_000);
});
