// Part `start`: how long the gateway takes until it says that it is ready, on a large folder and on an empty one.
import { newFolder } from './folder.ts';
import { startProgram } from './program.ts';
import { type Aim, heading, line, median, megabytes, number } from './report.ts';
import type { Scale } from './scale.ts';

async function measure(name: string, dir: string, starts: number, aim?: Aim): Promise<void> {
  const times: number[] = [];
  const memory: number[] = [];
  for (let i = 0; i < starts; i++) {
    const program = await startProgram(dir);
    times.push(program.readyMs / 1_000);
    memory.push(program.rssBytes());
    await program.stop();
  }
  const beside = `memory then ${megabytes(median(memory))}  raw ${times.map(number).join(' ')}`;
  line(name, median(times), 's', beside, aim);
}

/** `dir` has the database that part `ingest` left there. */
export async function benchStart(scale: Scale, dir: string): Promise<void> {
  heading(`start: until ready, median of ${scale.starts}`);
  await measure(`${number(scale.ingestReadings / 1e6)} million readings`, dir, scale.starts, { most: 2 });
  await measure('an empty folder', newFolder('start'), scale.starts);
}
