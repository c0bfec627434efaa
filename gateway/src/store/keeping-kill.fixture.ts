// A program to be killed: opens a store, commits step after step of a plan, and says the number of each on its standard
// output once it is committed. Keeping is under way all the time.
import { writeSync } from 'node:fs';
import { systemClock } from '../lib/clock.ts';
import { silentLogger } from '../lib/logger.ts';
import { type ChildTask, planStep, timeAfter } from './keeping-plan.fixture.ts';
import { openStore } from './store.ts';
import { quietStore } from './temp-store.fixture.ts';

const { dir, store: settings, plan, first, last } = JSON.parse(process.argv[2] ?? '') as ChildTask;
// Written at once: what is said must not wait in this process when it is killed.
const say = (line: string | number) => void writeSync(1, `${line}\n`);

let now = timeAfter(first - 1);
const broken = (error: Error): never => {
  throw error;
};
const store = await openStore(
  { dir, ...quietStore, ...settings },
  {
    clock: { ...systemClock, now: () => now },
    log: { ...silentLogger, error: (_, sentence) => void broken(new Error(sentence)) },
    committed: () => {},
    broken,
  },
);
say('ready');

let done = false;
const keeping = (async () => {
  while (!done) await store.settle();
})();
for (let number = first; number <= last; number++) {
  const step = planStep(plan, number);
  now = step.now;
  for (const [device, ts, value] of step.readings) store.push(store.series.idOf(device, 't'), ts, now, value, 0);
  const refused = await new Promise(resolve => store.whenCommitted(resolve));
  if (refused !== null) throw new Error(`step ${number} was refused: ${refused}`);
  say(number);
}
done = true;
await keeping;
await store.settle();
await store.close();
