// What it costs the gateway that a device connects, subscribes to its commands and goes again, presence and all.

import { openDevice } from '../../test/instruments/device-socket.ts';
import { field, packet } from '../../test/instruments/mqtt-bytes.ts';
import { cpuSecondsOf } from '../live/machine.ts';
import { heading, line, median, note } from '../store/report.ts';
import type { FaultBench } from './bench.ts';
import { plantWith } from './plant.ts';
import { mapInTurns } from './turns.ts';

const devices = 500;
const timesEach = 20;
const atOnce = 50;
const cpuMsMax = 1;
const settleMs = 500;

/** Prints the CPU time of all threads for one connection. */
export async function benchReconnectCpu({ rounds, scale }: FaultBench): Promise<void> {
  const times = scale === 'tiny' ? 2 : timesEach;
  heading(`${devices} devices that connect, subscribe and leave ${times} times each, ${atOnce} at a time`);
  const each: number[] = [];
  const rates: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const { credentials, program } = await plantWith(devices);
    const reconnect = async (i: number) => {
      const pair = credentials[i % devices] as [string, string];
      const socket = await openDevice(program.mqttPort, pair);
      socket.write(packet(0x82, Buffer.from([0, 1]), field(`devices/${pair[0]}/commands/+`), Buffer.from([1])));
      await new Promise(resolve => socket.once('data', resolve));
      const gone = new Promise(resolve => socket.once('close', resolve));
      socket.end(packet(0xe0));
      await gone;
    };
    // The first of each makes what stays.
    await mapInTurns(devices, atOnce, reconnect);
    await new Promise(resolve => setTimeout(resolve, settleMs));
    const before = cpuSecondsOf(program.pid);
    const begin = performance.now();
    await mapInTurns(devices * times, atOnce, reconnect);
    rates.push((devices * times * 1_000) / (performance.now() - begin));
    // What was begun and is not on disk yet belongs to it.
    await new Promise(resolve => setTimeout(resolve, settleMs));
    each.push(((cpuSecondsOf(program.pid) - before) * 1_000) / (devices * times));
    await program.stop();
  }
  line('CPU for one reconnect', median(each), 'ms', `raw ${each.map(ms => ms.toFixed(2)).join(' ')}`, {
    most: cpuMsMax,
  });
  note(`${Math.round(median(rates))} reconnects a second`);
}
