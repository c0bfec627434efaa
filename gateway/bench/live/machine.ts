// What the benchmarks ask of the operating system. Linux only.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const ticksPerSecond = Number(spawnSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }).stdout) || 100;

/** CPU time of a process, all threads, user and system, in seconds. */
export function cpuSecondsOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The name in brackets may have blanks.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

/** Moves this process off core 0, where the measured one runs alone. */
export function pinToOtherCore(): void {
  spawnSync('taskset', ['-apc', '1', String(process.pid)]);
}

/** Ticks of all cores by /proc/stat: user, nice, system, idle, iowait, irq, softirq, steal. */
function ticks(): number[] {
  const [, ...numbers] = readFileSync('/proc/stat', 'utf8').split('\n')[0]?.split(/\s+/) ?? [];
  return numbers.slice(0, 8).map(Number);
}

/** Begins to watch; the function it returns tells which share of the cores' time went to other virtual machines. */
export function watchStolen(): () => number {
  const before = ticks();
  return () => {
    const spent = ticks().map((now, i) => now - (before[i] ?? 0));
    return (spent[7] ?? 0) / spent.reduce((sum, each) => sum + each, 0);
  };
}
