import { describe, expect, it } from 'vitest';
import { FrameRateGuess } from './frame-rate.ts';

const guess = (steps: readonly number[]) => {
  const rate = new FrameRateGuess();
  let us = 1_000_000;
  const said = [rate.push(us)];
  for (const step of steps) {
    us += step;
    said.push(rate.push(us));
  }
  return said.filter((fps) => fps !== undefined);
};
const even = (fps: number, count = 20) => Array.from({ length: count }, () => 1e6 / fps);

describe('FrameRateGuess', () => {
  it.each([
    [24, 24],
    [25, 25],
    [29.97, 30],
    [30, 30],
    [50, 50],
    [60, 60],
    // A camera in the dark sends fewer frames than it will by day.
    [15, 30],
    [20, 30],
    [120, 60],
  ])('of %d frames a second says %d, once', (fps, said) => {
    expect(guess(even(fps))).toEqual([said]);
  });

  it('says nothing of eight frames', () => {
    expect(guess(even(30, 7))).toEqual([]);
    expect(guess(even(30, 8))).toEqual([30]);
  });

  it('minds no single gaps', () => {
    expect(guess([33_333, 100_000, 33_333, 33_333, 200_000, 33_333, 33_333, 33_333])).toEqual([30]);
  });
});
