import { expect, it } from 'vitest';
import { type Line, NoticeLog } from './notice-log.ts';

const ready = (generation: number) => ({ notice: 'ready', generation }) as const;
const heard = (log: NoticeLog, after: number): (number | 'gap')[] => {
  const lines: Line[] = [];
  log.follow(after, (line) => lines.push(line))();
  return lines.map(({ number, notice }) => (notice.notice === 'gap' ? 'gap' : number));
};

it('gives again what came after a number, and goes on', () => {
  const log = new NoticeLog(10);
  for (let i = 1; i <= 5; i++) log.add(ready(i));
  expect(heard(log, 0)).toEqual([1, 2, 3, 4, 5]);
  expect(heard(log, 3)).toEqual([4, 5]);
  expect(heard(log, 5)).toEqual([]);
  const lines: number[] = [];
  const end = log.follow(5, ({ number }) => lines.push(number));
  log.add(ready(6));
  log.tell({ notice: 'stats', sessions: [] });
  end();
  log.add(ready(7));
  expect(lines).toEqual([6, 6]);
  expect(heard(log, 5)).toEqual([6, 7]);
});

it('keeps as many as it says, and says that there is a gap to whoever is further behind', () => {
  const KEPT = 8;
  const log = new NoticeLog(KEPT);
  for (let i = 1; i <= 100; i++) {
    log.add(ready(i));
    if (i > KEPT) expect(heard(log, i - KEPT)).toHaveLength(KEPT);
  }
  expect(heard(log, 100 - 2 * KEPT)).toEqual(['gap']);
  expect(heard(log, 101)).toEqual(['gap']);
});
