import { describe, expect, it } from 'vitest';
import { agreedPicture } from './agreed-picture.ts';

describe('agreedPicture', () => {
  it.each([
    ['large', undefined, 'large'],
    ['large', 720, 'large'],
    ['large', 719, 'medium'],
    ['large', 359, 'small'],
    ['large', 10, 'small'],
    ['medium', 1080, 'medium'],
    ['small', 1080, 'small'],
  ] as const)('of %s where %s lines are borne is %s', (wanted, maxHeight, expected) => {
    const agreed = { audioCodecs: [], videoCodecs: [] };
    expect(agreedPicture(wanted, maxHeight === undefined ? agreed : { ...agreed, maxHeight })).toBe(
      expected,
    );
  });
});
