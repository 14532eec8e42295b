import { describe, expect, it } from 'vitest';
import { MediaTime } from './media-time.ts';

const SECOND = 1_000_000;

describe('MediaTime', () => {
  it('leaves a hole as long as the clock says, for all streams, whoever comes first', () => {
    const time = new MediaTime();
    time.advance(10 * SECOND, 17 * SECOND, SECOND);
    // Of seven seconds one has gone by.
    expect(time.leadUs(17 * SECOND)).toBe(6 * SECOND);
    // Sound comes to the same hole from before it, and goes on a little earlier.
    expect(time.leadUs(10.02 * SECOND)).toBe(0);
    time.advance(10.02 * SECOND, 16.5 * SECOND, SECOND);
    expect(time.leadUs(16.5 * SECOND)).toBe(6 * SECOND);
    time.advance(17 * SECOND, 17.033 * SECOND, 33_000);
    expect(time.leadUs(17.033 * SECOND)).toBe(6 * SECOND);
  });

  it('adds up over several holes', () => {
    const time = new MediaTime();
    time.advance(0, 5 * SECOND, SECOND);
    time.advance(9 * SECOND, 12 * SECOND, SECOND);
    expect(time.leadUs(12 * SECOND)).toBe(6 * SECOND);
    expect(time.leadUs(9 * SECOND)).toBe(4 * SECOND);
  });

  it('does nothing where the clock went on as well, or where the hole is short', () => {
    const time = new MediaTime();
    time.advance(0, 3 * SECOND, 3 * SECOND);
    expect(time.leadUs(3 * SECOND)).toBe(0);
    time.advance(3 * SECOND, 4 * SECOND, 0);
    expect(time.leadUs(4 * SECOND)).toBe(0);
  });
});
