// Part `writes`: bytes written to the disk for a reading, which is what wears a memory card out.
import { runTask } from './child.ts';
import { newFolder, removeFolder } from './folder.ts';
import { type Aim, heading, line, number } from './report.ts';
import type { Scale } from './scale.ts';
import type { WritesArgs, WritesResult } from './writes-tasks.ts';

const series = 1_000;

type Setting = { name: string; aim?: Aim; commitsPerSecond: number; settings?: Record<string, unknown> };

const settings: Setting[] = [
  { name: 'one commit a second', aim: { most: 30 }, commitsPerSecond: 1, settings: { commitIntervalMs: 1_000 } },
  { name: 'default interval', aim: { most: 500 }, commitsPerSecond: 50 },
  // An hour of log is longer than this run: here its trimming is part of what is written, as it is in the long run.
  {
    name: 'one commit a second, a minute of log',
    commitsPerSecond: 1,
    settings: { commitIntervalMs: 1_000, resumeMs: 60_000 },
  },
];

async function measure(task: string, args: Omit<WritesArgs, 'dir'>): Promise<WritesResult> {
  const dir = newFolder('writes');
  try {
    return await runTask<WritesResult>(task, { ...args, dir });
  } finally {
    removeFolder(dir);
  }
}

export async function benchWrites({ writeSeconds: seconds }: Scale): Promise<void> {
  heading(`writes: ${number(series)} series at 1 Hz for ${seconds} simulated seconds, bytes written for a reading`);
  for (const { name, aim, ...setting } of settings) {
    const args = { series, seconds, startMs: Date.UTC(2026, 0, 5), ...setting };
    const own = await measure('writes-own', args);
    const perCommit = `${number(own.readings / own.commits)} readings a commit`;
    const state = own.settled ? perCommit : `${perCommit}; the store cannot say when it is settled: not final`;
    line(`${name}: telltale`, own.bytes / own.readings, 'B', state, aim);
    // The table has no log to trim: the third setting would be the first again.
    if (aim === undefined) continue;
    const clustered = await measure('writes-clustered', args);
    line(
      `${name}: clustered`,
      clustered.bytes / clustered.readings,
      'B',
      `${number(clustered.readings / clustered.commits)} readings a commit`,
    );
  }
}
