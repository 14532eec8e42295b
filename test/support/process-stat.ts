import { readdirSync, readFileSync } from 'node:fs';

/** Memory that a process really holds. Linux. */
export function residentBytesOf(pid: number): number {
  const kilobytes = readFileSync(`/proc/${pid}/status`, 'utf8').match(/^VmRSS:\s+(\d+)/m)?.[1];
  return Number(kilobytes) * 1024;
}

/** Open file descriptors of a process. Linux. */
export function descriptorsOf(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}
