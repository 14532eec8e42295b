import { expect, it } from 'vitest';
import { Rate } from './rate.ts';

it('Rate.perSecond is the mean of the whole seconds that have passed', () => {
  const rate = new Rate(4);
  expect(rate.perSecond(100)).toBe(0);
  rate.add(10, 200);
  expect(rate.perSecond(900)).toBe(0);
  rate.add(20, 1_500);
  expect(rate.perSecond(2_000)).toBe(15);
});

it('Rate.perSecond forgets what is older than its window', () => {
  const rate = new Rate(4);
  for (let second = 0; second < 100; second++) rate.add(second < 50 ? 1_000 : 8, second * 1_000);
  expect(rate.perSecond(100_000)).toBe(8);
  expect(rate.perSecond(102_000)).toBe(4);
  expect(rate.perSecond(200_000)).toBe(0);
});

it('Rate begins at any time, also long after the process', () => {
  const rate = new Rate(2);
  rate.add(6, 987_654_321);
  expect(rate.perSecond(987_655_000)).toBe(6);
});
