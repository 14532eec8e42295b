import { expect, it } from 'vitest';
import { toggled } from './theme.ts';

it.each([
  ['dark', 'dark', { show: 'light', keep: 'light' }],
  ['light', 'dark', { show: 'dark', keep: undefined }],
  ['light', 'light', { show: 'dark', keep: 'dark' }],
  ['dark', 'light', { show: 'light', keep: undefined }],
] as const)('toggled from %s on a %s system keeps only what differs', (shown, system, result) => {
  expect(toggled(shown, system)).toEqual(result);
});
