import { describe, expect, it } from 'vitest';
import {
  type Demand,
  Hunger,
  isServed,
  Patience,
  soleStream,
  stillFits,
  targetOf,
} from './policy.ts';

const source = (width: number, height: number, bitsPerSecond = 2_000_000) => ({
  width,
  height,
  bitsPerSecond,
});

describe('targetOf', () => {
  it.each([
    [1920, 1080, 480, 270],
    [1280, 720, 640, 360],
    // One line more than half of which is 360.
    [1284, 722, 322, 180],
    [640, 480, 320, 240],
    [534, 300, 268, 150],
    // Upright.
    [720, 1280, 360, 640],
    [3840, 2160, 480, 270],
  ])('of %i × %i is %i × %i', (width, height, smallWidth, smallHeight) => {
    expect(targetOf(source(width, height))).toMatchObject({
      width: smallWidth,
      height: smallHeight,
    });
  });

  it.each([
    [532, 299],
    [299, 532],
    [320, 180],
  ])('of %i × %i is nothing: it is small enough', (width, height) => {
    expect(targetOf(source(width, height))).toBeUndefined();
  });

  it('takes half of what the source takes at most, and enough to see something', () => {
    expect(targetOf(source(1280, 720))?.kbps).toBe(415);
    expect(targetOf(source(1280, 720, 400_000))?.kbps).toBe(200);
    expect(targetOf(source(1280, 720, 50_000))?.kbps).toBe(80);
    expect(targetOf(source(1280, 720, 0))?.kbps).toBe(415);
  });
});

describe('stillFits', () => {
  const target = { width: 640, height: 360 };
  it.each([
    [1280, 720, true],
    [960, 540, true],
    [800, 450, true],
    // Never an upscale, nor as large as the source.
    [798, 448, false],
    [640, 360, false],
    [320, 180, false],
    // Another shape.
    [720, 1280, false],
    [960, 720, false],
  ])('%i × %i: %s', (width, height, fits) => {
    expect(stillFits(target, { width, height })).toBe(fits);
  });
});

describe('isServed', () => {
  const target = { width: 640, height: 360 };
  const want = (width: number, height: number): Demand => ({
    size: { width, height },
    paused: false,
    starved: false,
  });
  it.each<[string, Demand, boolean]>([
    ['a tile that it fills', want(640, 360), true],
    ['one that it fills one way', want(900, 360), true],
    ['one that is larger by a pixel', want(641, 361), false],
    ['hidden', want(0, 0), false],
    ['as large as it comes', { paused: false, starved: false }, false],
    ['starved, however large', { ...want(1280, 720), starved: true }, true],
    ['starved and paused', { ...want(100, 100), starved: true, paused: true }, false],
  ])('%s: %#', (_what, demand, served) => {
    expect(isServed(demand, target)).toBe(served);
  });
});

describe('soleStream', () => {
  const stream = (width: number, live: boolean) => ({ ...source(width, width), live });
  it('is the one that is live', () => {
    expect(soleStream([stream(320, false), stream(640, true)])).toMatchObject({ width: 640 });
    expect(soleStream([stream(320, true), stream(640, true)])).toBe('several');
    expect(soleStream([stream(640, false)])).toBeUndefined();
    // No key frame yet: nobody knows how large it is.
    expect(soleStream([stream(0, true)])).toBeUndefined();
  });
});

describe('Patience', () => {
  it('begins after 2 s of being wanted, and ends after 5 s of not', () => {
    const patience = new Patience();
    expect(patience.judge(true, false, 1_000)).toBe('stay');
    expect(patience.judge(true, false, 2_999)).toBe('stay');
    expect(patience.judge(true, false, 3_000)).toBe('begin');
    expect(patience.judge(true, true, 4_000)).toBe('stay');
    expect(patience.judge(false, true, 10_000)).toBe('stay');
    expect(patience.judge(false, true, 14_999)).toBe('stay');
    expect(patience.judge(false, true, 15_000)).toBe('end');
  });

  it('counts anew when minds change', () => {
    const patience = new Patience();
    patience.judge(true, false, 0);
    patience.judge(false, false, 1_900);
    expect(patience.judge(true, false, 2_000)).toBe('stay');
    expect(patience.judge(true, false, 4_000)).toBe('begin');
  });
});

describe('Hunger', () => {
  it('tries the original again after 30 s, and ever more seldom while that fails', () => {
    const hunger = new Hunger();
    let nowMs = 1_000;
    const lasts = [];
    for (let i = 0; i < 5; i++) {
      hunger.starve(nowMs);
      const fromMs = nowMs;
      while (hunger.isStarved(nowMs)) nowMs += 500;
      lasts.push(nowMs - fromMs);
      // The path fails soon again.
      nowMs += 1_000;
    }
    expect(lasts).toEqual([30_000, 60_000, 120_000, 240_000, 240_000]);
    hunger.starve(nowMs + 60_000);
    expect(hunger.isStarved(nowMs + 89_999)).toBe(true);
    expect(hunger.isStarved(nowMs + 90_000)).toBe(false);
  });

  it('ends when the path bears the original', () => {
    const hunger = new Hunger();
    expect(hunger.isStarved(5)).toBe(false);
    hunger.starve(10);
    hunger.fed();
    expect(hunger.isStarved(11)).toBe(false);
  });
});
