import { describe, expect, it } from 'vitest';
import { PathBound } from './path-bound.ts';

const step = (rank: number, temporal = 7) => ({ rank, temporal, bitsPerSecond: 1 });

describe('PathBound', () => {
  it('says where on the ladder a consumer stands', () => {
    const bound = new PathBound();
    const ladder = [step(0, 0), step(0, 1), step(0), step(2)];
    expect([bound.holds, bound.stepOf(ladder)]).toEqual([false, -1]);
    bound.set(0, 1, 7, 0);
    expect([bound.holds, bound.stepOf(ladder)]).toEqual([true, 1]);
    bound.set(1, 7, 7, 0);
    expect(bound.stepOf(ladder)).toBe(2);
    bound.set(-1, 0, 7, 0);
    expect([bound.holds, bound.stepOf(ladder)]).toEqual([true, -1]);
    bound.release();
    expect([bound.holds, bound.stepOf(ladder)]).toEqual([false, -1]);
  });

  it('lets a consumer rise two seconds after a fall, later after each rise that did not last', () => {
    const bound = new PathBound();
    bound.set(2, 7, 7, 0);
    expect(bound.mayRise(0)).toBe(true);
    let nowMs = 20_000;
    for (const holdMs of [2_000, 4_000, 8_000, 8_000]) {
      bound.set(1, 7, 7, nowMs);
      expect([bound.mayRise(nowMs + holdMs - 1), bound.mayRise(nowMs + holdMs)]).toEqual([
        false,
        true,
      ]);
      nowMs += holdMs;
      bound.set(2, 7, 7, nowMs);
      nowMs += 1_000;
    }
    nowMs += 10_000;
    bound.set(1, 7, 7, nowMs);
    expect(bound.mayRise(nowMs + 2_000)).toBe(true);
  });

  it('does not hold what falls because less is wanted, and holds what lost its picture', () => {
    const bound = new PathBound();
    bound.set(2, 7, 7, 0);
    bound.set(1, 7, 1, 100);
    expect(bound.mayRise(100)).toBe(true);
    bound.set(-1, 0, 1, 200);
    expect(bound.mayRise(2_199)).toBe(false);
  });
});
