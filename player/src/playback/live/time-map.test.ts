import { describe, expect, it } from 'vitest';
import { aheadOf, behindHole, epochAt, mediaAt } from './time-map.ts';

const map = { mediaSeconds: 100, epochMs: 1_800_000_000_000 };

describe('TimeMap', () => {
  it('goes both ways', () => {
    expect(epochAt(map, 101.5)).toBe(1_800_000_001_500);
    expect(mediaAt(map, 1_800_000_001_500)).toBe(101.5);
    expect(mediaAt(map, epochAt(map, 42.125))).toBeCloseTo(42.125, 6);
  });
});

describe('aheadOf', () => {
  const ranges = [
    { start: 0, end: 10 },
    { start: 10.05, end: 12 },
    { start: 15, end: 20 },
  ];
  it.each([
    [5, 7],
    [11.5, 0.5],
    [12, 0],
    [13, 0],
    [14.95, 5.05],
    [20, 0],
    [30, 0],
  ])('from %d there are %d seconds', (at, seconds) => {
    expect(aheadOf(ranges, at)).toBeCloseTo(seconds, 6);
  });
});

describe('behindHole', () => {
  const ranges = [
    { start: 0, end: 10 },
    { start: 14, end: 20 },
  ];
  it('jumps to what follows a hole at the playhead', () => {
    expect(behindHole(ranges, 10)).toBe(14);
    expect(behindHole(ranges, 12)).toBe(14);
  });

  it('stays where there is something to play, and where nothing follows', () => {
    expect(behindHole(ranges, 5)).toBeUndefined();
    expect(behindHole(ranges, 20)).toBeUndefined();
    expect(behindHole([], 3)).toBeUndefined();
  });
});
