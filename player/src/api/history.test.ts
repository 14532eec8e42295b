import { describe, expect, it } from 'vitest';
import type { EventLive, SourceHealth } from '#contracts';
import { EMPTY_HISTORY, HISTORY_MS, type History, remember, windowOf } from './history.ts';

const health = (change: Partial<SourceHealth> = {}): SourceHealth => ({
  sourceId: 'cam',
  connected: true,
  driftMs: 2,
  dropped: 0,
  jumps: 0,
  advice: [],
  video: { codec: 'H.264', width: 1280, height: 720, fps: 30, bitsPerSecond: 2e6, bFrames: false },
  ...change,
});

const now = (at: number, source: SourceHealth = health(), viewers = 1): EventLive => ({
  at,
  status: 'live',
  open: true,
  viewers,
  renditions: [],
  warnings: [],
  sources: [source],
});

const historyOf = (...messages: EventLive[]): History => messages.reduce(remember, EMPTY_HISTORY);

describe('remember', () => {
  it('adds a sample for each source and the viewers', () => {
    const history = historyOf(now(1_000), now(2_000, health({ driftMs: 5 }), 3));
    expect(history.sources.get('cam')?.map(({ at, driftMs }) => [at, driftMs])).toEqual([
      [1_000, 2],
      [2_000, 5],
    ]);
    expect(history.viewers.at(-1)).toEqual({ at: 2_000, viewers: 3 });
  });

  it('leaves out what comes within the same second', () => {
    expect(historyOf(now(1_000), now(1_400)).viewers).toHaveLength(1);
  });

  it('forgets what is older than five minutes', () => {
    const history = historyOf(now(0), now(HISTORY_MS), now(HISTORY_MS + 1_000));
    expect(history.viewers.map(({ at }) => at)).toEqual([HISTORY_MS, HISTORY_MS + 1_000]);
    expect(history.sources.get('cam')).toHaveLength(2);
  });

  it('tells what was dropped since the sample before, also over a new connection', () => {
    const counts = [3, 3, 10, 1, 2];
    const history = historyOf(...counts.map((dropped, i) => now(i * 1_000, health({ dropped }))));
    expect(history.sources.get('cam')?.map(({ dropped }) => dropped)).toEqual([0, 0, 7, 0, 1]);
  });

  it('has no measurements of a source that is not connected', () => {
    const sample = historyOf(now(0, health({ connected: false }))).sources.get('cam')?.[0];
    expect(sample).toMatchObject({ videoBps: undefined, fps: undefined, driftMs: undefined });
  });

  it('drops a source that is gone', () => {
    const history = historyOf(now(0), { ...now(1_000), sources: [] });
    expect(history.sources.size).toBe(0);
  });
});

describe('windowOf', () => {
  it('grows with the history from one minute to five', () => {
    expect(windowOf(EMPTY_HISTORY, 1e6)).toEqual({ from: 1e6 - 60_000, to: 1e6 });
    expect(windowOf(historyOf(now(1e6 - 90_000)), 1e6).from).toBe(1e6 - 90_000);
    expect(windowOf(historyOf(now(0)), 1e6).from).toBe(1e6 - HISTORY_MS);
  });
});
