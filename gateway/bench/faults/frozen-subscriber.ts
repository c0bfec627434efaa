// One subscriber stops reading while megabytes a second are published for it: how long another device's messages are
// held up by that, on the way to their own subscriber. Beside it bare Aedes, which waits for whoever does not read.
import { type FrozenResult, frozenSubscriber } from '../../test/instruments/frozen-subscriber.ts';
import { startBareAedes } from '../programs.ts';
import { heading, line, median, megabytes, note } from '../store/report.ts';
import type { FaultBench } from './bench.ts';
import { plantWith } from './plant.ts';

const stallMsMax = 500;

/** Prints the longest stall of each round. */
export async function benchFrozenSubscriber({ rounds, seconds }: FaultBench): Promise<void> {
  heading(`a frozen subscriber, ${seconds} s`);
  const own: FrozenResult[] = [];
  for (let round = 0; round < rounds; round++) {
    const { credentials, program } = await plantWith(2);
    const [loud, polite] = credentials as [[string, string], [string, string]];
    own.push(await frozenSubscriber({ port: program.mqttPort, loud, polite, seconds }).finally(() => program.stop()));
  }
  const raw = (of: 'stallMs' | 'pubackMs') => `raw ${own.map(result => result[of].toFixed(0)).join(' ')}`;
  const stalls = own.map(({ stallMs }) => stallMs);
  line('longest stall of a delivery', Math.max(...stalls), 'ms', raw('stallMs'), { most: stallMsMax });
  line('longest wait for a PUBACK', Math.max(...own.map(({ pubackMs }) => pubackMs)), 'ms', raw('pubackMs'), {
    most: stallMsMax,
  });
  note(`published for the frozen one: ${megabytes(median(own.map(({ pouredBytes }) => pouredBytes)))}`);
  note(`frozen one cut off: ${own.filter(({ isCut }) => isCut).length} of ${own.length}`);
  const bare = await startBareAedes();
  const control = await frozenSubscriber({ port: bare.port, loud: ['a', 'a'], polite: ['b', 'b'], seconds }).finally(
    () => bare.stop(),
  );
  line('bare aedes: longest stall', control.stallMs, 'ms', `${control.delivered} of ${control.messages} delivered`);
}
