import { afterEach, expect, it, vi } from 'vitest';
import { mayFocusField } from './focus.ts';

afterEach(() => vi.unstubAllGlobals());

it.each([
  ['a phone', { hover: 'none', pointer: 'coarse' }, false],
  ['a desk', { hover: 'hover', pointer: 'fine' }, true],
  ['a pen on glass', { hover: 'none', pointer: 'fine' }, true],
  ['a television', { hover: 'hover', pointer: 'coarse' }, true],
  ['a browser without a screen', { hover: 'none', pointer: 'none' }, true],
] as const)('on %s, a field may take the focus by itself: %j, %s', (_what, device, may) => {
  const features = Object.entries(device).map(([name, value]) => `(${name}: ${value})`);
  vi.stubGlobal('matchMedia', (query: string) => ({
    matches: query.split(' and ').every((feature) => features.includes(feature)),
  }));
  expect(mayFocusField()).toBe(may);
});
