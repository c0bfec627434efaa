// `npm run bench -- ingest`: QoS 1 messages acknowledged a second, each on disk first, beside bare Aedes that stores
// nothing and Mosquitto where it is installed. All in one run, in turns, the order turned round each time.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import {
  findMosquitto,
  mosquittoVersion,
  type Running,
  startBareAedes,
  startGateway,
  startMosquitto,
} from './programs.ts';

export const connections = 50;
const load = fileURLToPath(new URL('./load.ts', import.meta.url));

type Variant = { name: string; start(): Promise<Running> };

/** Messages a second that the load generator gets acknowledged. */
export async function measure(
  program: Pick<Running, 'port' | 'credentials'>,
  readings: number,
  seconds: number,
): Promise<number> {
  const args = ['--port', program.port, '--connections', connections, '--readings', readings, '--seconds', seconds];
  const credentials = ['--credentials', JSON.stringify(program.credentials)];
  const child = spawn(process.execPath, [load, ...args.map(String), ...credentials], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  child.stdout.on('data', chunk => {
    text += chunk;
  });
  const status = await new Promise(resolve => child.once('exit', resolve));
  if (status !== 0) throw new Error(`the load generator ended with status ${status}`);
  const result = JSON.parse(text) as { messages: number; seconds: number };
  return result.messages / result.seconds;
}

const median = (numbers: number[]) => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN;
const thousands = (rate: number) => `${Math.round(rate / 1000)}k`;

/** Runs the benchmark and prints its table. */
export async function benchIngest({ rounds, seconds }: { rounds: number; seconds: number }): Promise<void> {
  const mosquitto = findMosquitto();
  const variants: Variant[] = [
    { name: 'telltale', start: () => startGateway(connections) },
    { name: 'bare aedes', start: startBareAedes },
  ];
  if (mosquitto === null) console.log('mosquitto: not installed, left out');
  else variants.push({ name: `mosquitto ${mosquittoVersion(mosquitto)}`, start: () => startMosquitto(mosquitto) });

  for (const readings of [1, 10]) {
    const rates = new Map<string, number[]>(variants.map(({ name }) => [name, []]));
    for (let round = 0; round < rounds; round++) {
      const order = round % 2 === 0 ? variants : [...variants].reverse();
      for (const { name, start } of order) {
        const program = await start();
        try {
          rates.get(name)?.push(await measure(program, readings, seconds));
        } finally {
          await program.stop();
        }
      }
    }
    print(readings, rates);
  }
}

function print(readings: number, rates: Map<string, number[]>): void {
  console.log(`\n${readings} reading${readings === 1 ? '' : 's'} a message, ${connections} connections, window 100`);
  const own = median(rates.get('telltale') ?? []);
  for (const [name, list] of rates) {
    const ratio = name === 'telltale' ? '' : `  telltale is ${(own / median(list)).toFixed(2)} of it`;
    console.log(
      `  ${name.padEnd(18)} ${thousands(median(list))} messages/s  raw ${list.map(thousands).join(' ')}${ratio}`,
    );
  }
  console.log(`  telltale: ${thousands(own * readings)} readings/s`);
}
