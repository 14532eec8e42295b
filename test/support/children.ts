import { readdir, readFile } from 'node:fs/promises';

/** The process ids of a process's children whose program has this name. */
export async function childrenOf(pid: number, program: string): Promise<number[]> {
  const found: number[] = [];
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const stat = await readFile(`/proc/${name}/stat`, 'utf8').catch(() => '');
    const match = stat.match(/^\d+ \((.*)\) \S (\d+)/s);
    if (match?.[1] === program && Number(match[2]) === pid) found.push(Number(name));
  }
  return found;
}
