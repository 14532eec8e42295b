import { expect, it } from 'vitest';
import { readRenditionUnit, renditionUnitHeader } from './rendition-feed.ts';

it.each([
  [0, false],
  [63, true],
])('a unit of track %d, key %s, is read as it was written', (track, key) => {
  const head = renditionUnitHeader({ track, key, capturedUs: 1_790_000_000_123_456.5 });
  const unit = readRenditionUnit(Uint8Array.of(...head, 1, 2));
  expect(unit).toEqual({
    track,
    key,
    capturedUs: 1_790_000_000_123_456.5,
    payload: Uint8Array.of(1, 2),
  });
});

it('what is cut short or has no time is none', () => {
  const head = renditionUnitHeader({ track: 0, key: true, capturedUs: Number.NaN });
  expect(() => readRenditionUnit(head)).toThrow(RangeError);
  expect(() => readRenditionUnit(head.subarray(0, 8))).toThrow(RangeError);
});
