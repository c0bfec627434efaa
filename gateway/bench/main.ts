// `npm run bench -- NAME`: runs one benchmark and prints what it measured. README.md has the figures of the day.
import { parseArgs } from 'node:util';
import { benchIngest } from './ingest.ts';
import { benchLive } from './live/bench.ts';
import { benchStore } from './store/bench.ts';

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '5' },
    part: { type: 'string' },
    scale: { type: 'string', default: 'full' },
    keep: { type: 'string' },
  },
});
const rounds = Number(values.rounds);
const benchmarks: Record<string, () => Promise<void>> = {
  ingest: () => benchIngest({ rounds, seconds: Number(values.seconds) }),
  live: () => benchLive({ part: values.part, rounds, seconds: Number(values.seconds) }),
  store: () => benchStore({ part: values.part, scale: values.scale, rounds, keep: values.keep }),
};

const run = benchmarks[positionals[0] ?? ''];
if (run === undefined) {
  console.error(`which benchmark? npm run bench -- ${Object.keys(benchmarks).join(' | ')} [--rounds 5] [--seconds 5]`);
  process.exit(64);
}
await run();
