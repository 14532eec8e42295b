import { describe, expect, it } from 'vitest';
import { Unwrapper, wrapDistance } from './wrap.ts';

describe('wrapDistance', () => {
  it.each([
    // from, to, bits, distance
    [0, 1, 16, 1],
    [1, 0, 16, -1],
    [65_535, 0, 16, 1],
    [0, 65_535, 16, -1],
    [0, 32_767, 16, 32_767],
    [0, 32_768, 16, -32_768],
    [0xffff_fff0, 0x10, 32, 32],
    [0x10, 0xffff_fff0, 32, -32],
    [2 ** 33 - 1, 0, 33, 1],
  ])('from %d to %d in %d bits is %d', (from, to, bits, distance) => {
    expect(wrapDistance(from, to, bits)).toBe(distance);
  });
});

describe('Unwrapper', () => {
  it('counts on over the edge, several times', () => {
    const unwrapper = new Unwrapper(32);
    const step = 2 ** 30;
    for (let i = 0; i < 20; i++) expect(unwrapper.unwrap((i * step) % 2 ** 32)).toBe(i * step);
  });

  it('takes a small step back for what it is', () => {
    const unwrapper = new Unwrapper(32);
    unwrapper.unwrap(2);
    expect(unwrapper.unwrap(0xffff_fffe)).toBe(-2);
    expect(unwrapper.unwrap(5)).toBe(5);
  });

  it('starts anew after a reset', () => {
    const unwrapper = new Unwrapper(16);
    unwrapper.unwrap(65_535);
    unwrapper.reset();
    expect(unwrapper.unwrap(0)).toBe(0);
  });
});
