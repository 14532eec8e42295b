import { expect, it } from 'vitest';
import { pathOf, placeOf } from './place.ts';

it.each([
  ['/studio', { page: 'list' }],
  ['/studio/', { page: 'list' }],
  ['/studio/main', { page: 'event', eventId: 'main' }],
  ['/studio/opening-night/more', { page: 'event', eventId: 'opening-night' }],
] as const)('placeOf(%j) knows the page', (path, place) => expect(placeOf(path)).toEqual(place));

it('pathOf leads back to the place', () => {
  expect(placeOf(pathOf({ page: 'event', eventId: 'main' }))).toEqual({
    page: 'event',
    eventId: 'main',
  });
});
