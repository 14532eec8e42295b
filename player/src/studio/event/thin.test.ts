import { expect, it } from 'vitest';
import type { Sample } from '../../api/history.ts';
import { thin } from './thin.ts';

const samples = (count: number): Sample[] =>
  Array.from({ length: count }, (_, i) => ({
    at: i,
    videoBps: i,
    audioBps: undefined,
    fps: 30,
    driftMs: 0,
    gopSeconds: 2,
    dropped: 1,
  }));

it('thin keeps few samples as they are, newest first', () => {
  expect(thin(samples(3), 30).map(({ at }) => at)).toEqual([2, 1, 0]);
});

it('thin loses no dropped packet', () => {
  const rows = thin(samples(301), 30);
  expect(rows.length).toBeLessThanOrEqual(30);
  expect(rows[0]?.at).toBe(300);
  expect(rows.reduce((sum, { dropped }) => sum + dropped, 0)).toBe(301);
});
