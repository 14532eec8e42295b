import { expect, it } from 'vitest';
import { dvrOptions } from './words.ts';

it('dvrOptions offers the usual lengths', () => {
  expect(dvrOptions(7_200).map(({ label }) => label)).toContain('2 hours');
  expect(dvrOptions(7_200)).toHaveLength(9);
});

it('dvrOptions has an unusual length in its place', () => {
  const seconds = dvrOptions(100).map(({ value }) => Number(value));
  expect(seconds).toContain(100);
  expect(seconds).toEqual(seconds.toSorted((a, b) => a - b));
});
