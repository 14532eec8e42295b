import type { Sample } from '../../api/history.ts';

/**
 * At most so many samples, newest first, evenly spread. What was left out
 * between them is added up, so that no packet is missing from the sum.
 */
export function thin(samples: readonly Sample[], rows: number): Sample[] {
  const step = Math.max(1, Math.ceil(samples.length / rows));
  const picked: Sample[] = [];
  for (let end = samples.length; end > 0; end -= step) {
    const group = samples.slice(Math.max(0, end - step), end);
    const newest = group.at(-1);
    if (newest === undefined) continue;
    picked.push({ ...newest, dropped: group.reduce((sum, { dropped }) => sum + dropped, 0) });
  }
  return picked;
}
