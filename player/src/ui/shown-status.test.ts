import { expect, it } from 'vitest';
import { shownStatus } from './shown-status.ts';

it.each([
  ['live', true, 'live'],
  ['interrupted', true, 'interrupted'],
  ['idle', true, 'ready'],
  ['ended', true, 'ready'],
  ['ended', false, 'ended'],
] as const)('an event that is %s and open: %s shows as %s', (status, open, shown) => {
  expect(shownStatus({ status, open })).toBe(shown);
});
