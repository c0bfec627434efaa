// What the parts have in common: a folder with so many devices in it, and the gateway as a program on it.

import { newFolder } from '../store/folder.ts';
import { adminHeaders, makeDevice, type Program, startProgram } from '../store/program.ts';
import { mapInTurns } from './turns.ts';

export type Credential = [device: string, secret: string];
export type Plant = { dir: string; token: string; credentials: Credential[]; program: Program };

/** Devices that are made at the same time: each waits for its commit. */
const madeAtOnce = 50;

/** A new folder with devices `load-0` and so on, and the gateway running on it. `build` is another build's main.ts. */
export async function plantWith(devices: number, set: string[] = [], build?: string): Promise<Plant> {
  const dir = newFolder('faults');
  const program = await startProgram(dir, set, build);
  const headers = adminHeaders(dir);
  const credentials = await mapInTurns(devices, madeAtOnce, async (i): Promise<Credential> => {
    const id = `load-${i}`;
    return [id, await makeDevice(program.http, headers, id)];
  });
  const token = (headers.Authorization ?? '').replace('Bearer ', '');
  return { dir, token, credentials, program };
}
