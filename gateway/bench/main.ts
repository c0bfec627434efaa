// `npm run bench -- NAME`: runs one benchmark and prints what it measured. README.md has the figures of the day.
import { parseArgs } from 'node:util';
import { benchCommands } from './commands/bench.ts';
import { benchFaults } from './faults/bench.ts';
import { benchIngest } from './ingest.ts';
import { benchLive } from './live/bench.ts';
import { benchStore } from './store/bench.ts';

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '5' },
    part: { type: 'string' },
    against: { type: 'string' },
    scale: { type: 'string', default: 'full' },
    keep: { type: 'string' },
  },
});
const rounds = Number(values.rounds);
const part = values.part ?? positionals[1];
const benchmarks: Record<string, () => Promise<void>> = {
  commands: () => benchCommands({ part, rounds, scale: values.scale }),
  faults: () =>
    benchFaults({ part, rounds, seconds: Number(values.seconds), scale: values.scale, against: values.against }),
  ingest: () => benchIngest({ rounds, seconds: Number(values.seconds) }),
  live: () => benchLive({ part, rounds, seconds: Number(values.seconds) }),
  store: () => benchStore({ part, scale: values.scale, rounds, keep: values.keep }),
};

const run = benchmarks[positionals[0] ?? ''];
if (run === undefined) {
  console.error(`which benchmark? npm run bench -- ${Object.keys(benchmarks).join(' | ')} [--rounds 5] [--seconds 5]`);
  process.exit(64);
}
await run();
