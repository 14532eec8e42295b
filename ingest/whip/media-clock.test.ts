import { describe, expect, it } from 'vitest';
import { MediaClock } from './media-clock.ts';

const START = 1_700_000_000_000_000;

describe('MediaClock', () => {
  it('knows nothing before the first sender report, and goes by it from then on', () => {
    const clock = new MediaClock();
    expect(clock.map(0, undefined, START)).toBeUndefined();
    expect(clock.map(33_333, START - 40_000, START + 33_333)).toBe(START - 40_000);
    // Between reports the stream's own clock counts.
    expect(clock.map(66_666, undefined, START + 90_000)).toBe(START - 40_000 + 33_333);
  });

  it('places by arrival what never says its time', () => {
    const clock = new MediaClock();
    for (let us = 0; us < 1_500_000; us += 20_000) {
      expect(clock.map(us, undefined, START + us)).toBeUndefined();
    }
    expect(clock.map(1_500_000, undefined, START + 1_500_000)).toBe(START + 1_500_000);
  });

  it('follows drift gently: frames keep their distance to half a hundredth', () => {
    const clock = new MediaClock();
    let last = clock.map(0, START, START) ?? 0;
    for (let i = 1; i <= 3_000; i++) {
      const mediaUs = i * 20_000;
      // 200 millionths fast, and a report that jitters by a millisecond.
      const capturedUs = START + mediaUs * 1.0002 + (i % 2) * 1_000;
      const now = clock.map(mediaUs, capturedUs, capturedUs) ?? 0;
      expect(Math.abs(now - last - 20_000)).toBeLessThanOrEqual(101);
      expect(Math.abs(now - capturedUs)).toBeLessThan(2_000);
      last = now;
    }
  });

  it('takes a step of more than 200 ms at once', () => {
    const clock = new MediaClock();
    clock.map(0, START, START);
    expect(clock.map(20_000, START + 220_001, START)).toBe(START + 220_001);
  });
});
