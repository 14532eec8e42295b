import { readdirSync, readFileSync } from 'node:fs';
import { cpus } from 'node:os';

/** CPU time of a process with all its threads, from the kernel's scheduler, in seconds. Linux; throws elsewhere. */
export function cpuSecondsOf(pid: number): number {
  let ns = 0;
  for (const task of readdirSync(`/proc/${pid}/task`)) {
    ns += Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ')[0]);
  }
  return ns / 1e9;
}

/** Seconds that the processors of this machine had nothing to do, all together, since it was started. */
export const idleSeconds = (): number =>
  cpus().reduce((sum, { times }) => sum + times.idle, 0) / 1_000;
