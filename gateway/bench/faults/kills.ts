// A hundred SIGKILLs at random instants under load: what was acknowledged and is not there, what is there twice, and how
// long until the gateway is ready again. Devices resume their sessions and send again what was not acknowledged.
import { crashCycles, type Killable } from '../../test/instruments/crash-cycles.ts';
import { seededRandom } from '../../test/instruments/random.ts';
import { RecordingPublisher } from '../../test/instruments/recording-publisher.ts';
import { startProgram } from '../store/program.ts';
import { heading, line, note, percentile } from '../store/report.ts';
import type { FaultBench } from './bench.ts';
import { plantWith } from './plant.ts';

const scales: Record<string, { kills: number; readings: number }> = {
  full: { kills: 100, readings: 1_000_000 },
  tiny: { kills: 3, readings: 30_000 },
};
const devices = 4;
const readingsPerMessage = 10;
const readyMsMax = 2_000;
const seed = 2026;

/** Prints the outcome of all kills together. */
export async function benchKills({ scale }: FaultBench): Promise<void> {
  const { kills, readings } = scales[scale] ?? (scales.full as (typeof scales)[string]);
  heading(
    `${kills} SIGKILLs, ${devices} devices with ${readingsPerMessage} readings a message, QoS 1 and 2, seed ${seed}`,
  );
  const { dir, token, credentials, program } = await plantWith(devices);
  await program.stop();
  const publishers = credentials.map(
    ([device, secret], i) => new RecordingPublisher({ device, secret, qos: i % 2 === 0 ? 1 : 2, readingsPerMessage }),
  );
  const start = async (): Promise<Killable> => {
    const { http, mqttPort, stop } = await startProgram(dir);
    return { http, token, mqttPort, kill: () => stop('SIGKILL') };
  };
  const messagesBetween = Math.ceil(readings / readingsPerMessage / kills);
  const random = seededRandom(seed);
  const found = await crashCycles({ start, publishers, kills, messagesBetween, random });
  line('acknowledged readings', found.acknowledged, '', '', { least: readings });
  line('of them lost', found.lost, '', '', { most: 0 });
  line('doubled', found.doubled, '', '', { most: 0 });
  line('with another value', found.wrong, '', '', { most: 0 });
  const raw = `median ${percentile(found.readyMs, 0.5).toFixed(0)}, longest ${Math.max(...found.readyMs).toFixed(0)}`;
  line('ready again, p95', percentile(found.readyMs, 0.95), 'ms', raw, { most: readyMsMax });
  note(`raw: ${found.readyMs.map(ms => ms.toFixed(0)).join(' ')}`);
}
