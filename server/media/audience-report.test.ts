import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { silentLogger } from '#base';
import { AudienceReport } from './audience-report.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

it('tells the origin how many watch, once more when the last has gone, and then nothing', async () => {
  const call = vi.fn(async () => ({}));
  let counts = new Map([['main', 3]]);
  const report = new AudienceReport({
    nodes: { call },
    nodeTag: '01234567',
    count: () => counts,
    log: silentLogger,
  });
  const path = (viewers: number) => `/hls/main/status.json?relay=01234567&viewers=${viewers}`;
  vi.advanceTimersByTime(5_000);
  expect(call).toHaveBeenLastCalledWith('origin', path(3), { timeoutMs: 3_000 });
  counts = new Map();
  vi.advanceTimersByTime(5_000);
  expect(call).toHaveBeenLastCalledWith('origin', path(0), { timeoutMs: 3_000 });
  vi.advanceTimersByTime(20_000);
  expect(call).toHaveBeenCalledTimes(2);
  await report.close();
});
