import { expect, it } from 'vitest';
import { Tally } from './tally.ts';

it('Tally.take gives up to its bounds, in all and to each, and counts whom it sent away', () => {
  const tally = new Tally(3, 2);
  const first = tally.take('a');
  expect(tally.take('a')).toBeDefined();
  expect(tally.take('a')).toBeUndefined();
  expect(tally.take('b')).toBeDefined();
  expect(tally.take('b')).toBeUndefined();
  expect([tally.held, tally.refused]).toEqual([3, 2]);
  first?.();
  first?.();
  expect(tally.held).toBe(2);
  expect(tally.take('b')).toBeDefined();
  expect(tally.take('a')).toBeUndefined();
});
