import { readdirSync, readFileSync } from 'node:fs';

/** CPU time of a process with all its threads, from the kernel's scheduler, in seconds. Linux. */
export function cpuSecondsOf(pid: number): number {
  let ns = 0;
  for (const task of readdirSync(`/proc/${pid}/task`)) {
    ns += Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ')[0]);
  }
  return ns / 1e9;
}

/** Memory that a process really holds. Linux. */
export function residentBytesOf(pid: number): number {
  const kilobytes = readFileSync(`/proc/${pid}/status`, 'utf8').match(/^VmRSS:\s+(\d+)/m)?.[1];
  return Number(kilobytes) * 1024;
}

/** Open file descriptors of a process. Linux. */
export function descriptorsOf(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}
