import { readdirSync, readFileSync } from 'node:fs';

/** CPU time of processes, from the kernel's books. */

/** Ticks a second of the times in /proc; fixed on Linux. */
const CLOCK_TICKS = 100;

/** User and system seconds that this process has used in all its threads. */
export function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The name in parentheses may hold spaces; what is counted comes behind it.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / CLOCK_TICKS;
}

/** This process and all its descendants that live now. */
export function processTree(root: number): number[] {
  const children = new Map<number, number[]>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
      const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
      children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
    } catch {
      // It has ended meanwhile.
    }
  }
  const tree: number[] = [];
  const visit = (pid: number) => {
    tree.push(pid);
    for (const child of children.get(pid) ?? []) visit(child);
  };
  visit(root);
  return tree;
}

/** CPU seconds of a process and its descendants so far. */
export const treeCpuSeconds = (root: number): number =>
  processTree(root).reduce((sum, pid) => {
    try {
      return sum + cpuSeconds(pid);
    } catch {
      return sum;
    }
  }, 0);

/** CPU seconds so far by what runs: a role's name, or a program's. */
export function cpuByProgram(root: number): Map<string, number> {
  const seconds = new Map<string, number>();
  for (const pid of processTree(root)) {
    try {
      const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
      const role = words.findIndex((word) => word.endsWith('role-main.js'));
      const name = (role < 0 ? words[0]?.split('/').at(-1) : words[role + 1]) ?? '?';
      seconds.set(name, (seconds.get(name) ?? 0) + cpuSeconds(pid));
    } catch {
      // It has ended meanwhile.
    }
  }
  return seconds;
}

export const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2;
};
