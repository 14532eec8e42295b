import { describe, expect, it } from 'vitest';
import {
  areaPath,
  type Frame,
  linePath,
  nearest,
  niceRange,
  niceStep,
  stretches,
} from './scale.ts';

describe('niceStep', () => {
  it.each([
    [0.7, 1],
    [1, 1],
    [1.1, 2],
    [2.2, 2.5],
    [3, 5],
    [7, 10],
    [666_667, 1_000_000],
    [0.03, 0.05],
    [0, 1],
    [Number.NaN, 1],
  ])('niceStep(%d) is %d', (atLeast, step) => expect(niceStep(atLeast)).toBeCloseTo(step, 10));
});

describe('niceRange', () => {
  it('begins at zero and covers every value', () => {
    const { low, high, ticks } = niceRange([2_400_000, 2_600_000], 300_000);
    expect(low).toBe(0);
    expect(high).toBeGreaterThanOrEqual(2_600_000);
    expect(ticks).toEqual([0, 1_000_000, 2_000_000, 3_000_000]);
  });

  it('is never narrower than asked, so that noise stays small', () => {
    const { low, high } = niceRange([100, 101], 200, false);
    expect(high - low).toBeGreaterThanOrEqual(200);
  });

  it('does not go below zero where no value does', () => {
    expect(niceRange([3, 4], 200, false).low).toBeGreaterThanOrEqual(0);
    expect(niceRange([-50, 40], 100, false).low).toBeLessThan(0);
  });

  it('has an axis when there is nothing to show', () => {
    for (const fromZero of [true, false]) {
      const { low, high, ticks } = niceRange([], 3, fromZero);
      expect(high).toBeGreaterThan(low);
      expect(ticks.length).toBeGreaterThan(1);
    }
  });

  it('covers a fall below zero also where it begins at zero', () => {
    const { low, high } = niceRange([-5, 5], 1);
    expect(low).toBeLessThanOrEqual(-5);
    expect(high).toBeGreaterThanOrEqual(5);
  });
});

const frame: Frame = {
  from: 0,
  to: 100,
  range: { low: 0, high: 10, ticks: [] },
  width: 200,
  height: 50,
};

describe('paths', () => {
  it('linePath maps time to the right and value upwards', () => {
    const points = [
      { at: 0, value: 0 },
      { at: 50, value: 5 },
      { at: 100, value: 10 },
    ];
    expect(linePath(points, frame, 100)).toBe('M0 50L100 25L200 0');
  });

  it('breaks the line at a missing value and at a pause', () => {
    const points = [
      { at: 0, value: 1 },
      { at: 1, value: undefined },
      { at: 2, value: 2 },
      { at: 3, value: 3 },
      { at: 50, value: 4 },
    ];
    expect(stretches(points, 5).map((stretch) => stretch.length)).toEqual([1, 2, 1]);
    expect(linePath(points, frame, 5).match(/M/g)).toHaveLength(3);
  });

  it('draws a lone point as a dot', () => {
    expect(linePath([{ at: 0, value: 0 }], frame, 5)).toBe('M0 50h0');
  });

  it('areaPath closes on the ground', () => {
    const points = [
      { at: 0, value: 5 },
      { at: 100, value: 5 },
    ];
    expect(areaPath(points, frame, 200)).toBe('M0 50L0 25L200 25L200 50Z');
  });
});

it('nearest finds the point next in time', () => {
  const points = [{ at: 0 }, { at: 10 }, { at: 20 }];
  expect(nearest(points, 14)).toEqual({ at: 10 });
  expect(nearest(points, 16)).toEqual({ at: 20 });
  expect(nearest([], 16)).toBeUndefined();
});
